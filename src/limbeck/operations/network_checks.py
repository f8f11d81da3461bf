"""Networks that a dry run builds, and the faults found in them.

They are built in a process of their own, so that neither torch nor a user's code is loaded into
Snakemake's. That takes seconds, so what was found to be right is remembered in ``.snakemake`` until
anything that it depends on changes.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from limbeck.data.facts import Facts
from limbeck.networks.user_code import source_digest
from limbeck.operations.states import is_trained
from limbeck.runtime.fingerprint import fingerprint
from limbeck.runtime.paths import expand
from limbeck.study.networks import find_family, is_file
from limbeck.study.objectives import OBJECTIVES
from limbeck.study.runs import (
    layers_of,
    needed_methods,
    options_of,
    runs_of,
    teachers_of,
    weights_file_of,
)
from limbeck.study.stage_settings import method_json

# They take images of any size and batches of any, train on any device, and have the layers A to E.
PLAIN = ("wide_resnet", "cifar_resnet")
LIBRARIES = ("torch", "torchvision", "timm")


def network_mistakes(config: Mapping, facts: Facts) -> Iterator[str]:
    """Build the networks of which something could be wrong, and pass an image through them.

    Parameters
    ----------
    config : mapping
        Checked and filled in.
    facts : Facts
        Of the study's dataset.

    Yields
    ------
    str
        One line for each mistake: the method, the key, its value and what is allowed.
    """
    looks = list(looks_needed(config, facts))
    if not looks:
        return
    task = _task(looks, facts)
    digest = _digest(task)
    memory = Path(".snakemake") / "limbeck" / f"networks-{config['study']}"
    with contextlib.suppress(OSError):
        if memory.read_text() == digest:
            return
    mistakes = _run(task)["mistakes"]
    yield from mistakes
    if not mistakes:
        with contextlib.suppress(OSError):  # Then they are built again next time.
            memory.parent.mkdir(parents=True, exist_ok=True)
            memory.write_text(digest)


def layer_values(config: Mapping, facts: Facts) -> tuple[list[str], dict[str, dict[str, int]]]:
    """Build all networks of a study.

    Parameters
    ----------
    config, facts
        As for `network_mistakes`.

    Returns
    -------
    mistakes : list of str
        What `network_mistakes` yields.
    values : dict of str to dict of str to int
        For each method how many values its layers have for an image.
    """
    found = _run(_task(list(looks_needed(config, facts, every=True)), facts))
    return found["mistakes"], found["values"]


def _task(looks: Sequence[Mapping], facts: Facts) -> dict:
    height, width, channels = facts.image_shape
    shape = [channels, height, width]
    return {"looks": looks, "classes": len(facts.class_names), "image_shape": shape}


def looks_needed(config: Mapping, facts: Facts, every: bool = False) -> Iterator[dict]:
    """Yield the checks of each method whose network could be wrong, or of every method.

    Yields
    ------
    dict
        JSON-serialisable: the ``key`` of the method in the config, its ``settings``, the ``layers``
        that are looked at, ``batch`` (1 if it trains on single images, else 2, None if it does not
        train), whether it is still to be trained ``on_gpu``, the ``weights`` of its runs; and if it
        compares layers with a teacher's, the ``objective``, its ``pairs`` of layers, the
        ``teacher`` and the ``teacher_settings``.
    """
    channels = facts.image_shape[2]
    for method in needed_methods(config):
        settings, options = config["methods"][method], options_of(config, method)
        declared = OBJECTIVES[settings["objective"]]
        layers = layers_of(config, method) if method in config["run"]["methods"] else {}
        weights = options.get("weights", settings["weights"])
        pairs = options["layers"] if "layers" in declared.options else None
        batch = _smallest_batch(config, method, facts) if declared.trains else None
        foreign_statistics = settings["normalisation"] != "dataset" and channels == 1
        if (
            not every
            and find_family(settings["model"])[0].name in PLAIN
            and weights is None
            and pairs is None
            and batch != 1
            and not foreign_statistics
            and settings["normalisation"] != "own"
            and set(layers.values()) <= {"auto"}
        ):
            continue
        files = [weights_file_of(config, method, *run) for run in runs_of(config, method)]
        look = {
            "key": f"methods.{method}",
            "settings": method_json(config, method),
            "layers": layers,
            "batch": batch,
            "on_gpu": config["device"] == "cuda" and not is_trained(config, method),
            "weights": list(dict.fromkeys(file or weights for file in files)),
        }
        if pairs:
            (teacher,) = teachers_of(config, method)
            look |= {
                "objective": declared.name,
                "pairs": pairs,
                "teacher": teacher,
                "teacher_settings": method_json(config, teacher),
            }
        yield look


def _smallest_batch(config: Mapping, method: str, facts: Facts) -> int:
    """Return 1 if a training has steps of one image, 2 if it has none.

    A single image that is left over joins the batch before it. Where labelled and unlabelled images
    pass together, a step has one of each or more.
    """
    settings = config["methods"][method]
    images = options_of(config, method).get("images")
    together = images == "all" or OBJECTIVES[settings["objective"]].unlabelled
    budgets = {budget for budget, _ in runs_of(config, method)}
    parts = {budget for budget in budgets if not (together and facts.unlabelled(budget))}
    if images == "unlabelled":
        parts |= {facts.unlabelled(budget) for budget in budgets}
    return 1 if 1 in parts or (parts and settings["batch_size"] == 1) else 2


def _digest(task: Mapping) -> str:
    """Return a digest of all that a look depends on: settings, files and versions."""
    parts: list[object] = [task]
    for look in task["looks"]:
        for settings in filter(None, (look["settings"], look.get("teacher_settings"))):
            model = json.loads(settings)["model"]
            module = find_family(model)[0].module
            parts += [fingerprint("train", "networks.checks", module), source_digest(model)]
        for weights in filter(is_file, look["weights"]):
            status = os.stat(expand(weights, "weights"))
            parts += [status.st_size, status.st_mtime_ns]
    for library in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            parts.append(importlib.metadata.version(library))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _run(task: Mapping) -> dict:
    # Like a job, it imports nothing from the folder that it is called in.
    command = [sys.executable, "-P", "-m", "limbeck.operations.look_at_networks"]
    # The answer comes in a file, because a network's own code may print at any time.
    with tempfile.NamedTemporaryFile("r", prefix="limbeck-") as file:
        command.append(file.name)
        result = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True)
        answer = file.read()
    if result.returncode == 0 and answer:
        return json.loads(answer)
    keys = ", ".join(f"{look['key']}.model" for look in task["looks"])
    said = result.stderr.strip().splitlines()
    reason = said[-1] if said else f"status {result.returncode}"
    return {"mistakes": [f"{keys}: a network cannot be built here: {reason}"], "values": {}}
