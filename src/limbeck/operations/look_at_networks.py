"""Build networks and look at them, as `limbeck.operations.network_checks` asks."""

import json
import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from limbeck.networks.checks import check_network
from limbeck.networks.families import check_weights_name, load_family
from limbeck.networks.layers import channels_last
from limbeck.networks.network import IMAGES, NetworkSpec, build, meta_backbone, network_spec
from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import expand
from limbeck.study.networks import is_file
from limbeck.study.objectives import layer_mistakes
from limbeck.study.settings import MethodSettings, parse_settings


def look_at(
    look: Mapping, classes: int, image_shape: tuple[int, int, int]
) -> tuple[list[str], dict[str, int]]:
    """Look at one method's network.

    Parameters
    ----------
    look : mapping
        What `limbeck.operations.network_checks.looks_needed` yields.
    classes : int
        Of the dataset.
    image_shape : tuple of int
        Channels, height and width of its images.

    Returns
    -------
    mistakes : list of str
        One clause for each.
    values : dict of str to int
        How many values each layer has for an image.
    """
    settings = parse_settings(MethodSettings, look["settings"])
    try:
        spec = _spec(settings, classes, image_shape[0])
        shapes = check_network(spec, image_shape, look["layers"], look["batch"], look["on_gpu"])
        for weights in look["weights"]:
            _check_weights(spec, weights, settings)
        pairs = "pairs" in look
        mistakes = list(_mistakes_of_pairs(look, spec, classes, image_shape)) if pairs else []
    except InputError as error:
        return [str(error)], {}
    return mistakes, {layer: math.prod(shape) for layer, shape in shapes.items()}


def _spec(settings: MethodSettings, classes: int, channels: int) -> NetworkSpec:
    # The real mean and deviation are known once the images are read; any do here.
    statistics = {"mean": [0.5] * channels, "std": [0.5] * channels}
    return network_spec(settings, {"class_names": range(classes), **statistics}, channels)


def _check_weights(spec: NetworkSpec, weights: str | None, settings: MethodSettings) -> None:
    if weights is None:
        return
    keep_head = settings.objective == "pretrained"
    if is_file(weights):
        # The dataset's own mean and deviation are known once it is read.
        unknown = ("mean", "std") if settings.normalisation == "dataset" else ()
        same = set(IMAGES).difference(unknown) if keep_head else ()
        build(spec, str(expand(weights, "weights")), keep_head=keep_head, same=same)
        return
    check_weights_name(spec.model, weights)
    if keep_head:
        family, name = load_family(spec.model)
        classes = family.weights_classes(name, weights)
        if classes != spec.classes:
            raise InputError(
                f"weights = {weights}: has {classes} classes, the dataset has {spec.classes}"
            )


def _mistakes_of_pairs(
    look: Mapping, spec: NetworkSpec, classes: int, image_shape: tuple[int, int, int]
) -> Iterator[str]:
    pairs, objective = look["pairs"], look["objective"]
    teacher = _spec(
        parse_settings(MethodSettings, look["teacher_settings"]), classes, image_shape[0]
    )
    shapes, turned = [], []
    for side, network, paths in (
        ("student", spec, pairs),
        (f"teacher {look['teacher']}", teacher, pairs.values()),
    ):
        try:
            found = check_network(network, image_shape, {path: path for path in paths}, None)
        except InputError as error:
            yield f"{objective}.layers = {pairs}: {side}: {error}"
            return
        shapes.append({path: (1, *shape) for path, shape in found.items()})
        turned.append(channels_last(meta_backbone(network), paths))
    for mistake in layer_mistakes(objective, pairs, *shapes, tuple(turned)):
        yield f"{objective}.layers = {pairs}: {mistake}"


def main() -> None:
    """Read a task from standard input; write what was found as JSON into the file that is named."""
    task = json.load(sys.stdin)
    shape = tuple(task["image_shape"])
    found: dict = {"mistakes": [], "values": {}}
    for look in task["looks"]:
        mistakes, values = look_at(look, task["classes"], shape)
        found["mistakes"] += [f"{look['key']}: {mistake}" for mistake in mistakes]
        found["values"][look["key"].removeprefix("methods.")] = values
    Path(sys.argv[1]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
