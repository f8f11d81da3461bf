"""Checks of a SLURM cluster before the first job."""

import getpass
import importlib.util
import json
import math
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from limbeck.operations.outcomes import outcome
from limbeck.operations.slurm_profile import (
    EMBED_ON_GPU,
    ON_DEVICE,
    PROFILE,
    asks_for_gpu,
    jobs_by_rule,
    last_attempts,
    read_profile,
    without_rules,
)
from limbeck.runtime.errors import InputError, suggest
from limbeck.study.stage_settings import embeddings_on_gpu

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


def check_cluster(config: Mapping) -> Iterator[tuple[bool, str]]:
    """Check the profile, the cluster that it names and a node of each kind.

    Parameters
    ----------
    config : mapping
        The study's config; its ``device`` says whether jobs need a GPU.

    Yields
    ------
    bool, str
        As `limbeck.operations.outcomes.outcome` returns them. Where a check makes later ones
        pointless, it is the last.
    """
    for name, check in (
        ("profile", _check_profile),
        ("executor", _check_executor),
        ("commands", _check_commands),
    ):
        ok, line = outcome(name, check)
        yield ok, line
        if not ok:
            return
    profile = read_profile()
    site, training = profile["default-resources"], profile["set-resources"]["train"]
    on_gpu = {**site, **training} if asks_for_gpu(training) else None
    planned = profile if embeddings_on_gpu(config) else without_rules(profile, EMBED_ON_GPU)
    yield outcome("partitions", lambda: _check_partitions(planned, jobs_by_rule(config)))
    yield outcome("account", lambda: _check_association("account", site.get("slurm_account")))
    for qos in dict.fromkeys([site.get("qos"), *([on_gpu.get("qos")] if on_gpu else [])]):
        yield outcome("QOS", lambda qos=qos: _check_association("qos", qos))
        yield outcome(
            "jobs",
            lambda qos=qos: _check_submissions(profile["jobs"], site.get("slurm_account"), qos),
        )
    yield outcome("status", lambda: _check_status(profile["slurm-status-command"]))
    yield outcome("device", lambda: _check_device(config, profile["set-resources"]))
    yield outcome("node", lambda: _probe(site))
    if on_gpu:
        yield outcome("GPU node", lambda: _probe_gpu(on_gpu))


def _check_profile() -> str:
    from snakemake.cli import get_profile_dir
    from snakemake.common import get_appdirs

    profile = read_profile()
    found = get_profile_dir(PROFILE.name)
    if found is None:
        folder = get_appdirs().user_config_dir
        command = f'mkdir -p {folder} && ln -s "$PWD/{PROFILE}" {folder}/'
        raise InputError(
            f"`snakemake --profile {PROFILE.name}` does not find it by name; {command}"
        )
    if "slurm_extra" in profile["default-resources"]:
        raise InputError(
            "slurm_extra in default-resources: that of train replaces it there, so that its flags "
            f"are lost; set partition, account and qos in the first lines of {PROFILE}, and give "
            "other flags to train too, beside its --signal"
        )
    said = f"{PROFILE}, {profile['jobs']} jobs at a time"
    _, file = found
    if file.samefile(PROFILE / "config.yaml"):
        return said
    return f"{said}; type --profile {PROFILE}, as --profile {PROFILE.name} reads {file}"


def _check_executor() -> str:
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        raise InputError("Snakemake's SLURM executor is missing; pip install 'limbeck[slurm]'")
    from importlib import metadata

    return f"snakemake-executor-plugin-slurm {metadata.version('snakemake-executor-plugin-slurm')}"


def _check_commands() -> str:
    missing = [command for command in COMMANDS if shutil.which(command) is None]
    if missing:
        raise InputError(f"no {', '.join(missing)} here; run this where you submit jobs")
    return _answer("sinfo", "--version").strip()


def _answer(*command: str, seconds: int = 60) -> str:
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except OSError as error:
        raise InputError(f"`{command[0]}`: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise InputError(f"`{command[0]}` gave no answer in {seconds} s; is SLURM up?") from None
    if result.returncode:
        said = " ".join((result.stderr or result.stdout).split())
        raise InputError(f"`{' '.join(command[:3])}` failed: {said}")
    return result.stdout


def _check_partitions(profile: Mapping, jobs: Mapping[str, int]) -> str:
    """Check that partitions exist and let the longest and largest attempts in."""
    limits, default = _partitions()
    used = set()
    for name, resources, minutes, memory in last_attempts(profile, jobs):
        site = profile["default-resources"]
        partition = resources.get("slurm_partition", site.get("slurm_partition", default))
        if partition is None:
            raise InputError(f"the cluster has no default partition; set partition in {PROFILE}")
        if partition not in limits:
            raise InputError(f"'{partition}' does not exist; {suggest(partition, limits)}")
        used.add(partition)
        for wanted, limit, key in zip(
            (minutes, memory), limits[partition], ("runtime", "mem_mb"), strict=True
        ):
            if wanted > limit:
                raise InputError(
                    f"'{partition}' allows {key} = {limit:g}, the last attempt of {name} asks for "
                    f"{wanted}; lower it, retries or the group in {PROFILE}, or choose another "
                    "partition"
                )
    return ", ".join(sorted(used))


def _partitions() -> tuple[dict[str, tuple[float, int]], str | None]:
    """Return minutes and MB of the largest node by partition, and the default partition."""
    limits: dict[str, tuple[float, int]] = {}
    default = None
    for row in _answer("sinfo", "--noheader", "--format=%R|%l|%m|%P").splitlines():
        name, time, memory, marked = row.split("|")
        minutes, largest = limits.get(name, (0.0, 0))
        limits[name] = (max(minutes, _minutes(time)), max(largest, int(memory.rstrip("+"))))
        default = name if marked.endswith("*") else default
    return limits, default


def _minutes(text: str) -> float:
    """Return the minutes of a limit that SLURM prints: ``[days-][[hours:]minutes:]seconds``."""
    if not text[0].isdigit():  # infinite, UNLIMITED, n/a
        return math.inf
    days, _, clock = text.rpartition("-")
    hours, minutes, seconds = ([0, 0, 0] + [int(part) for part in clock.split(":")])[-3:]
    return int(days or 0) * 1440 + hours * 60 + minutes + seconds / 60


def _check_association(kind: str, name: str | None) -> str:
    """Check that the user may use an account or a QOS, as accounting knows it."""
    if name is None:
        return "yours by default"
    command = ["sacctmgr", "--noheader", "--parsable2", "show", "associations"]
    said = _answer(*command, f"user={getpass.getuser()}", f"format={kind}")
    known = list(dict.fromkeys(re.split(r"[,\s]+", said.strip())))
    if name not in known:
        raise InputError(f"'{name}' is none of yours; {suggest(name, filter(None, known))}")
    return name


def _check_submissions(jobs: int | str, account: str | None, qos: str | None) -> str:
    """Check that the user may have as many jobs in the queue as the profile submits.

    SLURM refuses those beyond the limit, so that they fail before they run. A limit of the QOS
    takes the place of the association's.
    """
    show = ("sacctmgr", "--noheader", "--parsable2", "show")
    user, columns = f"user={getpass.getuser()}", "format=Account,DefaultQOS,MaxSubmitJobs"
    try:
        mine = _answer(*show, "associations", user, columns)
        default_account = _answer(*show, "user", user, "format=DefaultAccount").strip()
        every_qos = _answer(*show, "qos", "format=Name,MaxSubmitJobsPerUser")
    except InputError:
        return "limits are not known, sacctmgr gives no answer"
    of_qos = dict(row.split("|") for row in every_qos.splitlines())
    limits = {}
    for row in mine.splitlines():
        its_account, default, limit = row.split("|")
        name = qos or default or "normal"
        if its_account == (account or default_account):
            if of_qos.get(name):
                limits[f"QOS {name}"] = int(of_qos[name])
            elif limit:
                limits[f"account {its_account}"] = int(limit)
    if not limits:
        return f"{jobs} in the queue, no limit"
    source = min(limits, key=limits.get)
    if jobs == "unlimited" or int(jobs) > limits[source]:
        raise InputError(
            f"the profile has up to {jobs} in the queue, {source} allows {limits[source]} "
            f"(MaxSubmitJobs), and those beyond fail; set jobs: {limits[source]} in {PROFILE}"
        )
    return f"{jobs} in the queue, {source} allows {limits[source]}"


def _check_status(command: str) -> str:
    if command == "sacct":
        try:
            _answer("sacct", "--allocations", "--noheader", "--name=none")
        except InputError as problem:
            raise InputError(f"{problem}; set status_command: squeue in {PROFILE}") from None
        return "sacct answers"
    age = re.search(r"MinJobAge\s*=\s*(\d+)", _answer("scontrol", "show", "config"))
    if age is None or int(age[1]) < MIN_JOB_AGE:
        raise InputError(
            f"finished jobs are listed for MinJobAge = {age and age[1]} s, squeue needs at least "
            f"{MIN_JOB_AGE}; set status_command: sacct in {PROFILE}"
        )
    return f"squeue lists finished jobs for {age[1]} s"


def _check_device(config: Mapping, of_rules: Mapping) -> str:
    """Check that GPUs are asked for where the study needs them, and only there."""
    device, training = config["device"], asks_for_gpu(of_rules["train"])
    if device == "cuda" and not training:
        raise InputError(f"the study asks for device: cuda; set gpu_partition in {PROFILE}")
    if device == "cpu" and training:
        raise InputError(
            "the study's device is cpu, but jobs would take a GPU; set device: cuda in its config, "
            f"or gpu_partition: null in {PROFILE}"
        )
    if device == "cpu":
        return device
    placed = {rule: of_rules.get(rule, {}) for rule in ON_DEVICE}
    # A GPU that a rule itself asks for is one of the default partition.
    astray = [rule for rule, its in placed.items() if not asks_for_gpu(its) and its.get("gpu") != 0]
    if astray:
        raise InputError(
            f"{', '.join(astray)} would wait for a GPU in a partition of processors; give them the "
            f"lines on on_gpu that train has in {PROFILE}"
        )
    embedded = embeddings_on_gpu(config)
    return f"{device}, embeddings on GPUs: {', '.join(embedded) or 'none'}"


def _probe(resources: Mapping, *more: str) -> str:
    """Run Python on a node: it imports what jobs import and writes where jobs write."""
    flags = ["--ntasks=1", "--time=5", "--mem=2000", f"--immediate={PATIENCE}", *more]
    for key in ("slurm_partition", "slurm_account", "qos"):
        if resources.get(key):
            flags.append(f"--{key.removeprefix('slurm_')}={resources[key]}")
    folder = Path("results")
    folder.mkdir(exist_ok=True)
    path = folder / f".doctor-{uuid.uuid4().hex}"
    try:
        _answer("srun", *flags, sys.executable, "-c", PROBE, str(path), seconds=PATIENCE + 300)
        if not path.exists():
            raise InputError(
                f"what a node writes to {folder.resolve()} is not seen here; clone the repository "
                "to a file system that nodes share"
            )
        found = json.loads(path.read_text())
    finally:
        path.unlink(missing_ok=True)
    here = importlib.util.find_spec("limbeck").origin
    if found["limbeck"] != here:
        raise InputError(f"imports {found['limbeck']}, not {here}; install on a shared file system")
    if more and not found["devices"]:
        raise InputError(
            f"{found['node']}: CUDA_VISIBLE_DEVICES is not set; see gpu_request in {PROFILE}"
        )
    if more and not found["cuda"]:
        raise InputError(f"{found['node']}: torch sees no GPU; is its driver new enough for it?")
    return f"{found['node']} imports limbeck and writes to {folder.resolve()}"


def _probe_gpu(resources: Mapping) -> str:
    flags = [f"--{key}={resources[key]}" for key in ("gres", "constraint") if key in resources]
    if resources.get("gpu"):
        flags.append(f"--gpus={resources['gpu']}")
    return _probe(resources, *flags)
