"""Checks of a study where it is typed: its dataset, its networks, and what its jobs need."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from limbeck.data.facts import Facts
from limbeck.operations.jobs import jobs_of
from limbeck.operations.network_checks import layer_values
from limbeck.operations.outcomes import outcome
from limbeck.operations.preflight import facts_contradictions, study_facts
from limbeck.runtime.errors import InputError
from limbeck.runtime.memory import memory_bytes
from limbeck.study.checks import missing_files, missing_libraries
from limbeck.study.dataset_checks import images_looked_at
from limbeck.study.stage_settings import neighbours_needed

GB = 1e9
# Compression ratios of activations and neighbours, and memory of jobs; see docs/scaling.md.
KEPT = {"float32": 0.88, "float16": 0.93}
KEPT_NEIGHBOURS = 0.57
BASE = 0.6 * GB
EMBEDDING = 9.6  # bytes for each of the layer's values
SCORES = 16  # bytes for each pair of images

Values = Mapping[str, Mapping[str, int]]  # Of methods and layers: values of an image.


def check_here(config: Mapping, alone: bool) -> Iterator[tuple[bool, str]]:
    """Check a study's files, dataset, libraries and networks, and what they need of the machine.

    Parameters
    ----------
    config : mapping
        The study's config, checked and filled in.
    alone : bool
        Whether the study's jobs run on this machine, not on the nodes of a cluster.

    Yields
    ------
    bool, str
        As `limbeck.operations.outcomes.outcome` returns them. Where a check makes later ones
        pointless, it is the last.
    """
    if alone:
        yield outcome("device", lambda: _check_device(config["device"]))
        yield outcome("processors", lambda: f"{_processors()}, for as many jobs at a time")
    yield outcome("libraries", lambda: _check_libraries(config))
    seen: list[Facts] = []
    yield outcome("dataset", lambda: _check_dataset(config, seen))
    if not seen:
        return
    mistakes, values = layer_values(config, seen[0])
    yield outcome("networks", lambda: _check_networks(mistakes, values))
    if mistakes:
        return
    images = images_looked_at(config, seen[0].test_per_class)
    yield outcome("disk", lambda: _check_disk(config, images, values))
    if alone:
        yield outcome("memory", lambda: _check_memory(seen[0], images, values))


def _refuse(mistakes: Iterable[str]) -> None:
    if found := list(mistakes):
        raise InputError("; ".join(found))


def _check_device(device: str) -> str:
    import torch

    if device == "cpu":
        unused = torch.cuda.is_available()
        return "cpu" + (", though torch sees a GPU; device: cuda uses it" if unused else "")
    if not torch.cuda.is_available():
        raise InputError("the study asks for device: cuda, and torch sees none here")
    return torch.cuda.get_device_name()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _check_libraries(config: Mapping) -> str:
    _refuse(missing_libraries(config))
    return "all that the embeddings need"


def _check_dataset(config: Mapping, seen: list[Facts]) -> str:
    """Check the dataset; add its facts to `seen`, if it is there and is enough."""
    _refuse(missing_files(config))
    facts = study_facts(config)
    _refuse(facts_contradictions(config, facts))
    seen.append(facts)
    size = " x ".join(map(str, facts.image_shape))
    train, test = sum(facts.train_per_class), sum(facts.test_per_class)
    return (
        f"{config['dataset']['name']}, {len(facts.class_names)} classes, {train} training and "
        f"{test} test images of {size}"
    )


def _check_networks(mistakes: Iterable[str], values: Values) -> str:
    _refuse(mistakes)
    return f"those of {', '.join(values)} can be built and take the images"


def _check_disk(config: Mapping, images: int, values: Values) -> str:
    """Compare the stores that are to come with the free space; others are small."""
    width = 2 if config["activations"]["dtype"] == "float16" else 4
    kept = KEPT[config["activations"]["dtype"]]
    graph = 8 * images * neighbours_needed(config) * KEPT_NEIGHBOURS
    needed = least = 0.0
    at_once: dict[tuple, float] = {}
    for job in jobs_of(config):
        if job.rule == "find_neighbours" and not Path(job.outputs[0]).exists():
            needed, least = needed + graph, least + graph
        if job.rule == "extract_activations" and not Path(job.outputs[0]).exists():
            place = job.values["budget"], job.values["fold"]
            store = width * kept * images * values[job.values["method"]][job.values["layer"]]
            at_once[place] = at_once.get(place, 0) + store
            needed += store
    least += max(at_once.values(), default=0)
    folder = next(path for path in (Path("results"), Path(".")) if path.exists())
    free = shutil.disk_usage(folder).free
    there = f"{free / GB:.1f} GB are free in {folder.resolve()}"
    temporary = config["activations"]["temporary"]
    if free < (least if temporary else needed):
        remedy = f"; with activations.temporary: true {least / GB:.1f} GB are" * (not temporary)
        raise InputError(f"about {needed / GB:.1f} GB are to be written{remedy}, {there}")
    return f"about {(least if temporary else needed) / GB:.1f} GB to be written, {there}"


def _check_memory(facts: Facts, images: int, values: Values) -> str:
    height, width, channels = facts.image_shape
    training = sum(facts.train_per_class) * height * width * channels
    largest = max((size for its in values.values() for size in its.values()), default=0)
    needed = BASE + max(training, EMBEDDING * images * largest, SCORES * images**2)
    there = memory_bytes()
    said = f"about {needed / GB:.1f} GB for the largest job, {there / GB:.1f} GB in this machine"
    if needed > there:
        raise InputError(f"{said}; use a smaller activations.images_per_class")
    return said
