"""Checks of a SLURM cluster before the first job: one line each, with the remedy."""

import getpass
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from limbeck.errors import InputError, suggest

PROFILE = Path("profiles/slurm")
COMMANDS = ("sbatch", "srun", "squeue", "sinfo", "scontrol")
# How long a probe job may wait for a node, in seconds.
PATIENCE = 120
# Finished jobs must be listed until the longest wait between two status queries is over.
MIN_JOB_AGE = 180

PROBE = """
import json, os, sys
import filelock, limbeck, numpy, torch, zarr
from pathlib import Path
Path(sys.argv[1]).write_text(json.dumps({
    "node": os.uname().nodename,
    "limbeck": limbeck.__file__,
    "devices": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
    "cuda": torch.cuda.is_available(),
}))
"""


class Problem(Exception):
    """What is wrong and what to do about it."""


def diagnose(config: Mapping) -> Iterator[tuple[bool, str]]:
    """Check the profile, the cluster that it names and a node of each kind.

    Parameters
    ----------
    config : mapping
        The study's config; its ``device`` says whether jobs need a GPU.

    Yields
    ------
    ok : bool
    line : str
        What was found, or the problem and its remedy. Where a check makes later ones pointless, it
        is the last.
    """
    essential: list[tuple[str, Callable[[], str]]] = [
        ("profile", lambda: _check_profile()),
        ("executor", lambda: _check_executor()),
        ("commands", lambda: _check_commands()),
    ]
    for name, check in essential:
        ok, line = _outcome(name, check)
        yield ok, line
        if not ok:
            return
    profile = read_profile()
    site = profile["default-resources"]
    of_rules = profile["set-resources"]
    on_gpu = {**site, **of_rules["train"]} if _gpu_request(of_rules["train"]) else None
    yield _outcome("partitions", lambda: _check_partitions(site, of_rules, profile["retries"]))
    yield _outcome("account", lambda: _check_account(site.get("slurm_account")))
    yield _outcome("status", lambda: _check_status(profile["slurm-status-command"]))
    yield _outcome("device", lambda: _check_device(config["device"], on_gpu))
    yield _outcome("node", lambda: _probe(site))
    if on_gpu:
        yield _outcome("GPU node", lambda: _probe_gpu(on_gpu))


def _outcome(name: str, check: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, f"ok    {name}: {check()}"
    except Problem as problem:
        return False, f"FAIL  {name}: {problem}"


def read_profile() -> dict:
    """Read the SLURM profile as Snakemake does.

    Raises
    ------
    InputError
        If it is missing or not YAML.
    """
    import yte

    path = PROFILE / "config.yaml"
    try:
        with path.open() as file:
            return yte.process_yaml(file, require_use_yte=True)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; run this in the repository's root") from None
    except Exception as error:  # yte passes on whatever an expression raises
        raise InputError(f"{path}: {' '.join(str(error).split())}") from None


def _check_profile() -> str:
    try:
        profile = read_profile()
    except InputError as error:
        raise Problem(str(error)) from None
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "snakemake"
    if not (folder / PROFILE.name / "config.yaml").exists():
        command = f'mkdir -p {folder} && ln -s "$PWD/{PROFILE}" {folder}/'
        raise Problem(f"`snakemake --profile {PROFILE.name}` does not find it by name; {command}")
    return f"{PROFILE}, {profile['jobs']} jobs at a time"


def _check_executor() -> str:
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        raise Problem("Snakemake's SLURM executor is missing; pip install 'limbeck[slurm]'")
    from importlib import metadata

    return f"snakemake-executor-plugin-slurm {metadata.version('snakemake-executor-plugin-slurm')}"


def _check_commands() -> str:
    missing = [command for command in COMMANDS if shutil.which(command) is None]
    if missing:
        raise Problem(f"no {', '.join(missing)} here; run this where you submit jobs")
    return _answer("sinfo", "--version").strip()


def _answer(*command: str, seconds: int = 60) -> str:
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Problem(f"`{command[0]}` gave no answer in {seconds} s; is SLURM up?") from None
    if result.returncode:
        said = " ".join((result.stderr or result.stdout).split())
        raise Problem(f"`{' '.join(command[:3])}` failed: {said}")
    return result.stdout


def _gpu_request(resources: Mapping) -> bool:
    return bool(resources.get("gpu") or "gpu" in str(resources.get("gres", "")))


def _check_partitions(site: Mapping, of_rules: Mapping, retries: int) -> str:
    """Check that partitions exist and let the longest and largest attempts in."""
    limits = {}
    rows = _answer("sinfo", "--noheader", "--format=%R|%l|%m|%P").splitlines()
    default = None
    for row in rows:
        name, time, memory, marked = row.split("|")
        minutes, largest = limits.get(name, (0.0, 0))
        largest = max(largest, int(memory.rstrip("+")))
        limits[name] = (max(minutes, _minutes(time)), largest)
        default = name if marked.endswith("*") else default
    used = set()
    for rule, resources in of_rules.items():
        partition = resources.get("slurm_partition", site.get("slurm_partition", default))
        if partition is None:
            raise Problem(f"the cluster has no default partition; set partition in {PROFILE}")
        if partition not in limits:
            raise Problem(f"'{partition}' does not exist; {suggest(partition, limits)}")
        used.add(partition)
        minutes, largest = limits[partition]
        for key, limit, unit in (("runtime", minutes, "minutes"), ("mem_mb", largest, "MB")):
            wanted = eval(str(resources[key]), {"attempt": retries + 1})
            if wanted > limit:
                raise Problem(
                    f"'{partition}' allows {limit:g} {unit}, the last attempt of {rule} asks for "
                    f"{wanted}; lower set-resources.{rule}.{key} or retries in {PROFILE}, or "
                    "choose another partition"
                )
    return ", ".join(sorted(used))


def _minutes(text: str) -> float:
    """Return the minutes of a limit that SLURM prints: ``[days-][[hours:]minutes:]seconds``."""
    if text == "infinite":
        return float("inf")
    days, _, clock = text.rpartition("-")
    hours, minutes, seconds = ([0, 0, 0] + [int(part) for part in clock.split(":")])[-3:]
    return int(days or 0) * 1440 + hours * 60 + minutes + seconds / 60


def _check_account(account: str | None) -> str:
    if account is None:
        return "yours by default"
    command = ["sacctmgr", "--noheader", "--parsable2", "show", "associations"]
    known = _answer(*command, f"user={getpass.getuser()}", "format=account").split()
    if account not in known:
        raise Problem(f"'{account}' is none of yours; {suggest(account, known)}")
    return account


def _check_status(command: str) -> str:
    if command == "sacct":
        try:
            _answer("sacct", "--allocations", "--noheader", "--name=none")
        except Problem as problem:
            raise Problem(f"{problem}; set status_command: squeue in {PROFILE}") from None
        return "sacct answers"
    age = re.search(r"MinJobAge\s*=\s*(\d+)", _answer("scontrol", "show", "config"))
    if age is None or int(age[1]) < MIN_JOB_AGE:
        raise Problem(
            f"finished jobs are listed for MinJobAge = {age and age[1]} s, squeue needs at least "
            f"{MIN_JOB_AGE}; set status_command: sacct in {PROFILE}"
        )
    return f"squeue lists finished jobs for {age[1]} s"


def _check_device(device: str, on_gpu: Mapping | None) -> str:
    if device == "cuda" and on_gpu is None:
        raise Problem(f"the study asks for device: cuda; set gpu_partition in {PROFILE}")
    if device == "cpu" and on_gpu is not None:
        raise Problem(
            "the study's device is cpu, but jobs would take a GPU; set device: cuda in its config, "
            f"or gpu_partition: null in {PROFILE}"
        )
    return device


def _probe(resources: Mapping, *more: str) -> str:
    """Run Python on a node: it imports what jobs import and writes where jobs write."""
    flags = ["--ntasks=1", "--time=5", "--mem=2000", f"--immediate={PATIENCE}", *more]
    for key, flag in (("slurm_partition", "partition"), ("slurm_account", "account")):
        if resources.get(key):
            flags.append(f"--{flag}={resources[key]}")
    folder = Path("results")
    folder.mkdir(exist_ok=True)
    path = folder / f".doctor-{uuid.uuid4().hex}"
    try:
        _answer("srun", *flags, sys.executable, "-c", PROBE, str(path), seconds=PATIENCE + 300)
        if not path.exists():
            raise Problem(
                f"what a node writes to {folder.resolve()} is not seen here; clone the repository "
                "to a file system that nodes share"
            )
        found = json.loads(path.read_text())
    finally:
        path.unlink(missing_ok=True)
    here = importlib.util.find_spec("limbeck").origin
    if found["limbeck"] != here:
        raise Problem(f"imports {found['limbeck']}, not {here}; install on a shared file system")
    if more and not found["devices"]:
        raise Problem(
            f"{found['node']}: CUDA_VISIBLE_DEVICES is not set; see gpu_request in {PROFILE}"
        )
    if more and not found["cuda"]:
        raise Problem(f"{found['node']}: torch sees no GPU; is its driver as new as torch's CUDA?")
    return f"{found['node']} imports limbeck and writes to {folder.resolve()}"


def _probe_gpu(resources: Mapping) -> str:
    flags = [f"--{key}={resources[key]}" for key in ("gres", "constraint") if key in resources]
    if resources.get("gpu"):
        flags.append(f"--gpus={resources['gpu']}")
    return _probe(resources, *flags)
