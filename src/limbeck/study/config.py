"""A study's config: read, checked and filled in.

Imports nothing heavy, because every job parses the workflow again.
"""

import base64
import copy
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from limbeck.runtime.errors import InputError
from limbeck.study.checks import contradictions, missing_files
from limbeck.study.method_settings import DEFAULT_STEPS
from limbeck.study.metrics import METRICS
from limbeck.study.registry import OBJECTIVES
from limbeck.study.runs import algorithms_of
from limbeck.study.settings import block_of
from limbeck.study.structure import (
    COMMON_FIGURES,
    CONFIG,
    DEFAULT_EMBEDDINGS,
    DEFAULT_FIGURES,
)
from limbeck.study.validation import fill_in, mistakes
from limbeck.study.yaml_files import read_yaml

DEFAULT_STUDY = "config/config.yaml"
HANDED_ON = "LIMBECK_CONFIGS"


def read_config(overlays: Sequence[str | Path] = ()) -> dict:
    """Read a study's config as Snakemake does, run from the root of the repository.

    Parameters
    ----------
    overlays : sequence of str or Path
        What ``snakemake --configfile`` is given: files whose mappings are merged, the later ones on
        top. ``config/config.yaml`` lies below them if they name no methods.

    Returns
    -------
    dict
        The config, checked and filled in.

    Raises
    ------
    InputError
        For a file that is missing or not a YAML mapping; one line for each mistake in the config.
    """
    changes: dict = {}
    for overlay in overlays:
        lay_over(changes, read_yaml(overlay))
    sources = list(map(str, overlays))
    if needs_default_study(changes):
        if not Path(DEFAULT_STUDY).is_file():
            raise InputError(f"{DEFAULT_STUDY}: not found; run this in the root of the repository")
        changes = lay_over(read_yaml(DEFAULT_STUDY), changes)
        sources.insert(0, DEFAULT_STUDY)
    return check_config(changes, " + ".join(sources))


def needs_default_study(config: Mapping) -> bool:
    """Return whether a config is laid over the default study: it names no methods of its own."""
    return "methods" not in config


def lay_over(below: object, above: Mapping) -> object:
    """Lay a mapping over another as Snakemake does: mappings are merged, all else is replaced."""
    for key, value in above.items():
        if not isinstance(below, dict):
            below = {}
        below[key] = lay_over(below.get(key, {}), value) if isinstance(value, Mapping) else value
    return below


def check_files(paths: Sequence[str | Path]) -> None:
    """Check YAML files for what YAML makes of them silently; one line for each surprise.

    Raises
    ------
    InputError
        See `limbeck.study.yaml_files.read_yaml`.
    """
    for path in dict.fromkeys(paths):
        read_yaml(path)


def check_config(config: Mapping, sources: str = "config", files: bool = False) -> dict:
    """Check a study's config before any job starts.

    Parameters
    ----------
    config : mapping
        The merged config.
    sources : str
        Where it came from, for the message.
    files : bool
        Whether the files that it names must be there.

    Returns
    -------
    dict
        The same with every key: those that were missing have their defaults, and null where it
        stands for a value that follows from the rest is replaced by that.

    Raises
    ------
    InputError
        One line for each mistake: the key, its value and what is allowed.
    """
    filled = fill_in(CONFIG, _with_defaults(config))
    wrong = list(mistakes(CONFIG, filled))
    if not wrong:
        filled = _completed(filled)
        wrong = list(contradictions(filled))
    if not wrong and files:
        wrong = list(missing_files(filled))
    if wrong:
        raise InputError("\n".join(f"{sources}: {mistake}" for mistake in wrong))
    return filled


def _with_defaults(config: Mapping) -> dict:
    """Return the config with what it leaves out but no key has as a default."""
    config = dict(config)
    run = config.get("run", {})
    for part, defaults, common in (
        ("embeddings", DEFAULT_EMBEDDINGS, CONFIG.keys["run"].keys["embeddings"].default),
        ("figures", DEFAULT_FIGURES, COMMON_FIGURES),
    ):
        given = config.get(part, {})
        chosen = run.get(part) if isinstance(run, dict) else None
        if not isinstance(given, dict):
            continue
        if not chosen or not isinstance(chosen, list | tuple):
            # A kind that the config has a name of its own for is not drawn twice.
            own = {block.get("kind") for block in given.values() if isinstance(block, dict)}
            chosen = [name for name in common if name not in own]
        named = [name for name in defaults if name in given or name in chosen]
        start = copy.deepcopy({name: defaults[name] for name in named})
        config[part] = lay_over(start, given)
    if isinstance(config.get("methods"), dict):
        config["methods"] = {
            name: {"steps": DEFAULT_STEPS, **method}
            if isinstance(method, dict) and not {"epochs", "steps"} & method.keys()
            else method
            for name, method in config["methods"].items()
        }
    return config


def _completed(config: dict) -> dict:
    """Return a valid config in which no null stands for what follows from the rest."""
    methods = {}
    for name, method in config["methods"].items():
        objective = method["objective"]
        block = fill_in(block_of(objective), method.get(objective, {}))
        # A block that is not in force says nothing of the study.
        own = {key: value for key, value in method.items() if key not in OBJECTIVES}
        methods[name] = {**own, objective: block}
    run = dict(config["run"])
    if run["methods"] is None:
        run["methods"] = list(methods)
    if run["metrics"]["embeddings"]:
        # Tests and figures ask which embeddings say nothing.
        chosen = dict.fromkeys([*run["metrics"]["embeddings"], "collapsed"])
        run["metrics"] = {**run["metrics"], "embeddings": list(chosen)}
    statistics = dict(config["statistics"])
    if statistics["methods"] is None and len(run["methods"]) > 1:
        statistics["methods"] = run["methods"][-2:]
    if statistics["metrics"] is None:
        scored = {name for names in run["metrics"].values() for name in names}
        algorithms = algorithms_of(config)
        statistics["metrics"] = [
            name
            for name, metric in METRICS.items()
            if metric.tested and name in scored and metric.is_measured(algorithms)
        ]
    budgets = config["budgets"]
    if budgets is None and not any(OBJECTIVES[m["objective"]].trains for m in methods.values()):
        budgets = [0]
    if run["figures"] is None:
        without = ["accuracy"] * (budgets == [0]) + ["cka"] * (len(run["methods"]) == 1)
        run["figures"] = [name for name in config["figures"] if name not in without]
    layers = {name: place for name, place in config["layers"].items() if place is not None}
    changed = {"methods": methods, "run": run, "statistics": statistics}
    return {**config, **changed, "budgets": budgets, "layers": layers}


def hand_on(config: Mapping) -> None:
    """Leave a study's checked config to the jobs that this process starts.

    On a cluster jobs read the config's files again, which may have been edited since they were
    planned. The environment variable `HANDED_ON` holds the config of each study of the workflow.
    """
    studies = {**_handed_on(), config["study"]: config}
    os.environ[HANDED_ON] = base64.b64encode(zlib.compress(json.dumps(studies).encode())).decode()


def as_planned(config: Mapping, sources: str) -> dict:
    """Return the config that a job was planned with, in place of what its files say now.

    Raises
    ------
    InputError
        If the files are of another study by now, or are wrong where none was handed on.
    """
    studies = _handed_on()
    if not studies:
        return check_config(config, sources, files=False)
    if config.get("study") not in studies:
        raise InputError(
            f"{sources}: study = {config.get('study')}: this job is of {', '.join(studies)}; the "
            "name was edited after the job was planned"
        )
    return studies[config["study"]]


def _handed_on() -> dict[str, dict]:
    text = os.environ.get(HANDED_ON)
    return json.loads(zlib.decompress(base64.b64decode(text))) if text else {}
