"""Checks of a config against the size of its dataset, before the first job."""

import math
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence

from limbeck.runtime.errors import suggest
from limbeck.runtime.paths import show
from limbeck.study.embeddings import EMBEDDINGS, Embedding
from limbeck.study.epochs import steps_per_epoch
from limbeck.study.figures import ENDS
from limbeck.study.metrics import metrics_of
from limbeck.study.objectives import OBJECTIVES, needs_unlabelled
from limbeck.study.runs import needed_methods, options_of, runs_of

LEAST = 3  # test images
LARGEST = 10**9  # value of an embedding's option that is tried


def dataset_contradictions(
    config: Mapping,
    class_names: Sequence[str],
    train_per_class: Sequence[int],
    test_per_class: Sequence[int],
    side: int,
    superclasses: Collection[str] = (),
) -> Iterator[str]:
    """Check a config against the size of its dataset.

    Parameters
    ----------
    config : mapping
        Checked and filled in.
    class_names : sequence of str
        In the order of the labels.
    train_per_class, test_per_class : sequence of int
        Numbers of images, one for each class.
    side : int
        The shorter side of the images, in pixels.
    superclasses : collection of str
        Their names, if there are any.

    Yields
    ------
    str
        One line for each contradiction: the key, its value and what is allowed.
    """
    if len(class_names) < 2:
        yield f"dataset: has only one class, '{show(class_names[0])}'; needed are two or more"
        return
    if len(class_names) == 2:
        for name in needed_methods(config):
            if options_of(config, name).get("standardise"):
                key = f"methods.{name}.{config['methods'][name]['objective']}.standardise"
                yield f"{key} = true: standardised logits of 2 classes are always the same two"
    for name in needed_methods(config):
        padding = config["methods"][name]["crop_padding"] or 0
        if padding >= side and OBJECTIVES[config["methods"][name]["objective"]].trains:
            yield (
                f"methods.{name}.crop_padding = {padding}: the images have a side of {side} "
                f"pixels; allowed: 1 to {side - 1}"
            )
    yield from _budget_mistakes(config, class_names, train_per_class)
    yield from _image_mistakes(config, class_names, test_per_class)
    for name in config["run"]["figures"]:
        shown = config["figures"][name].get("class", ENDS[0])
        if shown not in (*ENDS, *class_names):
            yield (
                f"figures.{name}.class = {shown!r}: the dataset has no such class; "
                f"{suggest(shown, map(show, class_names))}"
            )
        groups = config["figures"][name].get("groups") or []
        if not (set(groups) <= set(class_names) or set(groups) <= set(superclasses)):
            known = [*class_names, *superclasses]
            wrong = next((group for group in groups if group not in known), None)
            yield f"figures.{name}.groups = {groups}: " + (
                "classes and superclasses together; either"
                if wrong is None
                else f"the dataset has no '{show(wrong)}'; {suggest(wrong, map(show, known))}"
            )


def not_measured(
    config: Mapping, class_names: Sequence[str], test_per_class: Sequence[int]
) -> Iterator[str]:
    """Yield the metrics that so few images rule out; parameters as `dataset_contradictions`.

    Yields
    ------
    str
        One line for each reason, with the metrics that tables and figures will lack.
    """
    smallest, name = _smallest(test_per_class, class_names)
    images = images_looked_at(config, test_per_class)
    for needed, lacking in metrics_of_more(config, smallest).items():
        yield (
            f"{', '.join(lacking)}: not measured, because class '{show(name)}' has {smallest} "
            f"test images of the {needed} that are needed"
        )
    for needed, lacking in metrics_of_more(config, images, "points").items():
        yield (
            f"{', '.join(lacking)}: not measured, because {images} test images are looked at of "
            f"the {needed} that are needed"
        )


def metrics_of_more(config: Mapping, count: int, of: str = "images") -> dict[int, list[str]]:
    """Return the chosen metrics that need more images, by how many they need.

    Parameters
    ----------
    config : mapping
        Checked and filled in.
    count : int
        How many images there are.
    of : {"images", "points"}
        Of each class, or in all; a field of `limbeck.study.metrics.Metric`.
    """
    found: dict[int, list[str]] = {}
    for kind, names in config["run"]["metrics"].items():
        for name in names:
            needed = getattr(metrics_of(kind)[name], of)(config["metrics"])
            if needed > count:
                found.setdefault(needed, []).append(name)
    return found


def images_looked_at(config: Mapping, test_per_class: Sequence[int]) -> int:
    """Return the number of test images that ``activations.images_per_class`` chooses."""
    chosen = config["activations"]["images_per_class"]
    return sum(test_per_class) if chosen is None else chosen * len(test_per_class)


def budget_mistake(budget: int, per_class: Sequence[int], class_names: Sequence[str]) -> str | None:
    """Say why a budget is impossible, or return None if it is possible.

    Parameters
    ----------
    budget : int
        How many images are to be labelled in all.
    per_class : sequence of int
        Numbers of training images, one for each class.
    class_names : sequence of str
        Names of the classes.

    Returns
    -------
    str or None
        One line that names the limits, the smallest class where it limits, and the nearest budget.
    """
    classes = len(class_names)
    smallest, name = _smallest(per_class, class_names)
    if not smallest:
        return f"budget {budget}: class '{show(name)}' has no training images"
    if 0 < budget <= smallest * classes and budget % classes == 0:
        return None
    nearest = min(max(round(budget / classes), 1), smallest) * classes
    reason = ""
    if budget > smallest * classes:
        reason = f", as the smallest class, '{show(name)}', has {smallest} training images"
    return (
        f"budget {budget}: must be a multiple of the {classes} classes, {classes} to "
        f"{smallest * classes}{reason}; the nearest is {nearest}"
    )


def too_few_points(config: Mapping, points: int, source: str) -> Iterator[str]:
    """Yield the neighbourhoods and embeddings that need more points than there are.

    Parameters
    ----------
    config : mapping
        Checked and filled in.
    points : int
        How many there are.
    source : str
        What they are, for the message: ``noise.points = 40``.

    Yields
    ------
    str
        One line for each key: its value and the largest that is allowed.
    """
    neighbours = config["metrics"]["neighbours"]
    if neighbours >= points:
        yield f"metrics.neighbours = {neighbours}: allowed: 1 to {points - 1}, since {source}"
    for name in config["run"]["embeddings"]:
        settings = config["embeddings"][name]
        declared = EMBEDDINGS[settings["algorithm"]]
        needed = declared.points(settings)
        if needed <= points:
            continue
        largest = dict(_largest_options(declared, settings, points))
        for key, value in largest.items():
            yield (
                f"embeddings.{name}.{key} = {settings[key]}: needs {needed} points, {source}; "
                f"allowed: up to {value}"
            )
        if not largest:
            yield f"embeddings.{name}: needs {needed} points with its settings, {source}"


def _largest_options(
    declared: Embedding, settings: Mapping, points: int
) -> Iterator[tuple[str, int]]:
    """Yield options that need too many points, and the largest whole number that would do."""
    for key, option in declared.options.items():
        if option.kind not in ("integer", "number") or settings[key] is None:
            continue
        least = option.least if option.above is None else math.floor(option.above) + 1
        values = range(math.ceil(least), math.floor(min(settings[key], LARGEST)) + 1)
        allowed = bisect_right(
            values, points, key=lambda value, key=key: declared.points({**settings, key: value})
        )
        if allowed:
            yield key, values[allowed - 1]


def _budget_mistakes(
    config: Mapping, class_names: Sequence[str], train_per_class: Sequence[int]
) -> Iterator[str]:
    methods = {name: config["methods"][name] for name in needed_methods(config)}
    trained = {name: m for name, m in methods.items() if OBJECTIVES[m["objective"]].trains}
    if not trained:
        return
    wrong = [budget_mistake(each, train_per_class, class_names) for each in config["budgets"]]
    if any(wrong):
        yield from (f"budgets = {config['budgets']}: {mistake}" for mistake in filter(None, wrong))
        return
    yield from _length_mistakes(config, trained, sum(train_per_class))
    for name, method in trained.items():
        largest = max(budget for budget, _ in runs_of(config, name))
        left = sum(train_per_class) - largest
        objective, options = method["objective"], options_of(config, name)
        key, step = f"methods.{name}.{objective}", 1
        if "unlabelled_ratio" in options:
            step = options["unlabelled_ratio"] * method["batch_size"]
        if not needs_unlabelled(objective, options) or left >= step:
            continue
        found = f"budget {largest} of {sum(train_per_class)} training images leaves {left}"
        if step == 1:
            yield f"{key}.images = unlabelled: {found}; use labelled or all, or a smaller budget"
        else:
            yield (
                f"{key}.unlabelled_ratio = {options['unlabelled_ratio']}: with batch_size = "
                f"{method['batch_size']} a step takes {step} unlabelled images, and {found}; use a "
                "smaller ratio, batch or budget"
            )


def _length_mistakes(config: Mapping, methods: Mapping[str, Mapping], images: int) -> Iterator[str]:
    """Yield what a training ends before: epochs of steps, or steps of epochs."""
    for name, method in methods.items():
        options, ended = options_of(config, name), "the training has ended by then"
        ramp, decays = options.get("ramp_up_steps"), method["decay_epochs"]
        for budget in dict.fromkeys(budget for budget, _ in runs_of(config, name)):
            rest = images - budget
            per_epoch = steps_per_epoch(options, method["batch_size"], budget, rest)
            if decays and method["steps"] and decays[-1] * per_epoch >= method["steps"]:
                yield (
                    f"methods.{name}.decay_epochs = {decays}: {ended}; with {budget} labels steps "
                    f"= {method['steps']} are {method['steps'] / per_epoch:.3g} epochs"
                )
            elif ramp and method["epochs"] and ramp[0] >= method["epochs"] * per_epoch > 0:
                yield (
                    f"methods.{name}.{method['objective']}.ramp_up_steps = {ramp}: {ended}; with "
                    f"{budget} labels epochs = {method['epochs']} are "
                    f"{method['epochs'] * per_epoch} steps"
                )


def _image_mistakes(
    config: Mapping, class_names: Sequence[str], test_per_class: Sequence[int]
) -> Iterator[str]:
    chosen = config["activations"]["images_per_class"]
    smallest, name = _smallest(test_per_class, class_names)
    if not smallest:
        key, fraction = "dataset", config["dataset"]["test_fraction"]
        if fraction is not None:
            key = f"dataset.test_fraction = {fraction}"
        yield f"{key}: leaves class '{show(name)}' without test images"
        return
    if chosen is not None and chosen > smallest:
        allowed = f"2 to {smallest}, or null for all" if smallest > 1 else "null for all"
        yield (
            f"activations.images_per_class = {chosen}: class '{show(name)}' has only {smallest} "
            f"test images; allowed: {allowed}"
        )
        return
    images = images_looked_at(config, test_per_class)
    source = f"{images} test images are looked at"
    if chosen is not None:
        source += f", {chosen} of each class"
    if images < LEAST:
        yield f"dataset: {source}; needed are {LEAST}"
        return
    yield from too_few_points(config, images, source)


def _smallest(per_class: Sequence[int], class_names: Sequence[str]) -> tuple[int, str]:
    return min(zip(per_class, class_names, strict=True))
