"""A first study of somebody's own images: a config that fits what their folder holds."""

import re
from collections import Counter
from collections.abc import Mapping

import yaml

from limbeck.data.facts import Facts
from limbeck.operations.own_images import Folder
from limbeck.runtime.errors import InputError
from limbeck.study.checks import RESERVED
from limbeck.study.embeddings import EMBEDDINGS
from limbeck.study.keys import NAME, keys_of
from limbeck.study.settings import MetricSettings

POINTS = 3000  # are embedded at most, where that leaves enough of each class
FEW = 5  # images of a class, which the linear probe needs
METRIC_DEFAULTS = {name: key.default for name, key in keys_of(MetricSettings).items()}
PERPLEXITY = EMBEDDINGS["tsne"].options["perplexity"].default
LAYERS = 5  # of a network that has no A to E
TEACHER, STUDENT = "wrn_16_2", "wrn_16_1"
COMMENTS = {
    "dataset": "The images; superclasses.csv beside them would name superclasses.",
    "budgets": "How many training images have a label; the others are used without.",
    "folds": "Random repetitions; tests between methods need five.",
    "methods": "Ways to come by a network; more steps make better ones.",
    "layers": "Places in the network, by the path of a module.",
    "activations": "How many test images of each class are looked at.",
    "metrics": "Less than by default, as there are few images.",
    "embeddings": "About how many neighbours count; less than by default, as there are few images.",
    "run": "What is made; docs/configuration.md lists all that there is.",
}
FINISHED_COMMENTS = {
    "methods": "The network as it is, and without training; its logits are in the order of the "
    "sorted class folders.\n# If it was trained on images that were normalised otherwise than by "
    "their own mean and deviation:\n# normalisation: imagenet, or own with mean and std.",
}


def propose_study(
    name: str, folder: Folder, network: Mapping, weights: str | None, layers: Mapping[str, str]
) -> dict:
    """Return a config that runs on a folder of images.

    Parameters
    ----------
    name : str
        Of the study.
    folder : Folder
        The images.
    network : mapping
        ``model`` and ``input_size`` of all methods; empty: small Wide-ResNets.
    weights : str or None
        The file with the network's weights; None: teacher and students are trained.
    layers : mapping of str to str
        Name to path; empty for A to E.
    """
    facts, config = folder.facts, {"study": name, "dataset": dict(folder.settings)}
    if weights is None:
        budget = choose_budget(facts)
        left = facts.unlabelled(budget)
        config |= {"budgets": [budget], "folds": 2, "methods": _trained(network, left > 0)}
    else:
        config["methods"] = {
            "network": {"objective": "pretrained", "pretrained": {"weights": weights}},
            "untrained": {"objective": "untrained"},
        }
        for method in config["methods"].values():
            method |= network
    if layers:
        config["layers"] = dict(layers)
    per_class = choose_images(facts)
    if per_class is not None:
        config["activations"] = {"images_per_class": per_class}
    smallest = per_class or min(facts.test_per_class)
    points = per_class * len(facts.class_names) if per_class else sum(facts.test_per_class)
    fitting = {
        # Trustworthiness compares with as many others.
        "neighbours": max(1, min(15, (points - 1) // 2)),
        "probe_folds": min(FEW, max(smallest, 2)),
    }
    fewer = {key: value for key, value in fitting.items() if value < METRIC_DEFAULTS[key]}
    if fewer:
        config["metrics"] = fewer
    embedding = "tsne" if points >= 5 else "pca"
    if embedding == "tsne" and points // 6 < PERPLEXITY:
        config["embeddings"] = {"tsne": {"perplexity": max(1.1, points // 6)}}
    figures = _figures(facts, smallest, trained=weights is None)
    return config | {"run": {"embeddings": [embedding], "figures": figures}}


def _trained(network: Mapping, unlabelled: bool) -> dict:
    training = {"steps": 100, "learning_rate": 0.05}
    student = {"model": STUDENT, **network, **training}
    images = {} if unlabelled else {"images": "labelled"}
    return {
        "teacher": {"objective": "cross_entropy", "model": TEACHER, **network, **training},
        "undistilled": {"objective": "cross_entropy", **student},
        "distilled": {
            "objective": "distillation",
            "distillation": {"teacher": "teacher", **images},
            **student,
        },
    }


def choose_budget(facts: Facts) -> int:
    """Return how many images are labelled: of each class a quarter of the smallest, 25 at most."""
    return min(max(min(facts.train_per_class) // 4, 1), 25) * len(facts.class_names)


def choose_images(facts: Facts) -> int | None:
    """Return how many test images of each class are looked at; None stands for all."""
    share = max(POINTS // len(facts.class_names), FEW)
    if sum(facts.test_per_class) <= POINTS or min(facts.test_per_class) < share:
        return None
    return share


def _figures(facts: Facts, smallest: int, trained: bool) -> list[str]:
    """Return the figures that have something to show."""
    related = max(Counter(facts.superclasses.values()).values(), default=0) > 1
    shown = {
        "accuracy": trained,
        "embeddings": True,
        "class_boundary": smallest >= 3,
        "class_area": smallest >= 3,
        "superclass_correlation": related,
        "class_correlation": True,
        "networks": True,
        "cka": True,
        "layers": True,
    }
    return [name for name, wanted in shown.items() if wanted]


def to_yaml(config: Mapping, command: str) -> str:
    """Return a config as YAML, with comments that say what its parts are.

    Parameters
    ----------
    config : mapping
        What `propose_study` returns.
    command : str
        What made it, for the first line.
    """
    parts = [f"# Made by {command}\n# Run it: snakemake --configfile {config['study']}.yaml\n"]
    comments = COMMENTS if "budgets" in config else COMMENTS | FINISHED_COMMENTS
    for key, value in config.items():
        text = yaml.safe_dump(
            {key: value},
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=None if isinstance(value, dict | list) else False,
            width=100,
        )
        parts.append(f"# {comments[key]}\n{text}" if key in comments else text)
    return "\n".join(parts)


def propose_network(model: str, folder: Folder) -> tuple[dict, dict[str, str]]:
    """Return how methods use a network, and its layers to look at.

    Returns
    -------
    keys : dict
        ``model``; ``input_size`` where it takes the images at another size only.
    layers : dict of str to str
        Empty if it has A to E; else `LAYERS` of its own parts at most, evenly chosen.

    Raises
    ------
    InputError
        If the network cannot be built, or consists of one part only.
    """
    from limbeck.networks.checks import look_at_parts
    from limbeck.networks.network import NetworkSpec

    height, width, channels = folder.facts.image_shape
    spec = NetworkSpec(model, len(folder.facts.class_names), channels, (0.5,), (0.5,))
    side, parts = look_at_parts(spec, (channels, height, width), LAYERS)
    keys = {"model": model} | ({} if side is None else {"input_size": side})
    if parts is None:
        return keys, {}
    if not parts:
        raise InputError(f"--network = {model}: has no parts to look at; write a config by hand")
    count = min(len(parts), LAYERS)
    step = (len(parts) - 1) / max(count - 1, 1)
    chosen = [parts[round(step * place)] for place in range(count)]
    return keys, {_layer_name(path): path for path in chosen}


def _layer_name(path: str) -> str:
    """Return a name of a layer for a module: its own, where that can be one."""
    name = re.sub(r"\W", "_", path, flags=re.ASCII)[-59:]
    can_be = re.fullmatch(NAME, name) and name not in RESERVED["layers"]
    return name if can_be else f"part_{name}"
