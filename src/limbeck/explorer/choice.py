"""What of a study the explorer shows: chosen, planned, and of one network in each run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from limbeck.explorer.files import Run
from limbeck.explorer.study import Study
from limbeck.runtime.errors import InputError, suggest
from limbeck.runtime.storage import OF_LAYER, Store, check_origin

Place = tuple[str, str, str, int, int]  # method, layer, embedding, budget, fold
RUN_KEYS = ("methods", "budgets", "folds")


@dataclass(frozen=True)
class ExplorerSettings:
    """The part of a study that the explorer shows; None stands for all that its plan has.

    Attributes
    ----------
    methods, layers, embeddings : sequence of str or None
        In the order in which they are shown.
    budgets, folds : sequence of int or None
        Where both are None, those that fit into a file of a size that opens quickly.
    runs : collection of (str, int, int) or None
        The study's plan: method, budget and fold of each run, made or not. None: the config that
        the study recorded is the plan; without one, all that is there.
    teacher : str or None
        The method that others learn from.
    students : sequence of str or None
        The first two methods that the study compares. Where it and the teacher are None, both are
        as the study recorded them.
    images : int or None
        At most so many test images, the first of each class; None: up to 10,000, and fewer where
        there are more than 40 panels.
    """

    methods: Sequence[str] | None = None
    layers: Sequence[str] | None = None
    embeddings: Sequence[str] | None = None
    budgets: Sequence[int] | None = None
    folds: Sequence[int] | None = None
    runs: Collection[Run] | None = None
    teacher: str | None = None
    students: Sequence[str] | None = None
    images: int | None = None


def choose(study: Study, settings: ExplorerSettings) -> tuple[dict[str, list], list[str]]:
    """Return the names and numbers to show, by the key of the settings, and what is left out.

    Raises
    ------
    InputError
        If the study has no embedding yet, or not what the settings ask for.
    """
    if settings.images == 0:
        raise InputError("images = 0: nothing would be shown; allowed: a whole number >= 1")
    plan = _recorded_plan(study.config) if settings.runs is None else {}
    chosen, left_out = {}, []
    for key in ("methods", "layers", "embeddings", "budgets", "folds"):
        asked, found = getattr(settings, key), getattr(study, key)
        if not found:
            raise InputError("no embedding in the study yet; the explorer shows embeddings")
        for value in asked or []:
            check_there(key, value, found)
        if asked is None:
            asked = [value for value in found if value in plan.get(key, found)]
            left_out += [f"{key} {value}" for value in found if value not in asked]
        chosen[key] = list(asked)
    if left_out:
        left_out = [f"Not in the config that the study recorded: {', '.join(left_out)}."]
    return chosen, left_out


def check_there(key: str, value: object, found: Sequence) -> None:
    """Raise InputError unless what a setting names is found in the study."""
    if value not in found:
        raise InputError(
            f"{key} = {value!r}: not in the study; {suggest(str(value), map(str, found))}"
        )


def _recorded_plan(config: Mapping) -> dict[str, Collection]:
    """Return what a recorded config plans, as far as it says so."""
    run = config.get("run", {})
    plan = {
        **{key: run.get(key) for key in ("methods", "embeddings")},
        **{key: config.get(key) for key in ("layers", "budgets")},
        "folds": range(config["folds"]) if "folds" in config else None,
    }
    return {key: values for key, values in plan.items() if values is not None}


@dataclass(frozen=True)
class Stores:
    """Open stores of what is shown, those of a run all of one network.

    Attributes
    ----------
    embeddings : dict
        By method, layer, embedding, budget and fold.
    predictions : dict
        By method, budget and fold.
    neighbours : dict
        By method, layer, budget and fold.
    left_out : list of str
        What is of another network, a sentence or none.
    """

    embeddings: dict[Place, Store]
    predictions: dict[Run, Store]
    neighbours: dict[tuple[str, str, int, int], Store]
    left_out: list[str]


def open_stores(
    study: Study, chosen: Mapping[str, list], planned: Collection[Run] | None
) -> Stores:
    """Open the chosen stores of planned runs, but those of another network than the run's first.

    The first are its predictions or, without any, its first embedding.

    Raises
    ------
    InputError
        If no embedding is left, or a store is damaged.
    """
    files = study.files
    runs = [
        run
        for run in files.runs()
        if all(value in chosen[key] for value, key in zip(run, RUN_KEYS, strict=True))
        and (planned is None or run in planned)
    ]
    predictions = {run: files.predictions(*run) for run in runs if files.has("predictions", *run)}
    networks = dict(predictions)
    embeddings, neighbours, others = {}, {}, {}
    for method, layer, name, *at in files.embedding_stores():
        run = (method, *at)
        if run in runs and layer in chosen["layers"] and name in chosen["embeddings"]:
            store = files.layer_store("embeddings", *run, layer, name)
            if same_network(networks.setdefault(run, store), store):
                embeddings[method, layer, name, *at] = store
            else:
                others[layer, run] = None
    for run, layer in product(runs, chosen["layers"]):
        if files.has("neighbours", *run, layer):
            store = files.layer_store("neighbours", *run, layer)
            if same_network(networks.setdefault(run, store), store):
                neighbours[run[0], layer, *run[1:]] = store
            else:
                others[layer, run] = None
    if not embeddings:
        why = " of the network that its run has by now" if others else ""
        raise InputError(f"no embedding in the study yet of what was asked for{why}")
    names = ", ".join(
        f"layer {layer} of {method}, {budget:,} labels fold {fold}"
        for layer, (method, budget, fold) in others
    )
    left_out = [f"Of another network than the rest of its run, and left out: {names}."]
    return Stores(embeddings, predictions, neighbours, left_out if others else [])


def same_network(one: Store, other: Store) -> bool:
    """Return whether two stores of a run are of the same network and data."""
    try:
        check_origin(one, other, but=OF_LAYER)
    except InputError:
        return False
    return True


def choose_roles(
    study: Study, methods: Sequence[str], settings: ExplorerSettings
) -> tuple[str | None, tuple[str, str]]:
    """Return the teacher, None of a single method, and the two students that are compared.

    Where the study's own are not shown, it is the first method, and the first and last of the
    others.

    Raises
    ------
    InputError
        If the settings name a method that the study does not have.
    """
    teacher, pair = settings.teacher, settings.students
    for key, names in (("teacher", [teacher] if teacher else []), ("students", pair or [])):
        for name in names:
            check_there(key, name, study.methods)
    if teacher is None and pair is None:
        teacher, pair = _recorded_roles(study, methods)
    if teacher not in methods:
        teacher = methods[0]
    if not pair or len(pair) != 2 or not set(pair) <= set(methods):
        others = [method for method in methods if method != teacher] or methods
        pair = (others[0], others[-1])
    return (teacher if len(methods) > 1 else None), tuple(pair)


def _recorded_roles(
    study: Study, methods: Sequence[str]
) -> tuple[str | None, Sequence[str] | None]:
    """Return teacher and students as the recorded config or a store of logits says."""
    pair = study.config.get("statistics", {}).get("methods", ["undistilled", "distilled"])
    for block in study.config.get("methods", {}).values():
        for settings in (block, *block.values()):
            named = settings.get("teacher") if isinstance(settings, Mapping) else None
            for teacher in named if isinstance(named, list) else [named]:
                if teacher in methods:
                    return teacher, pair
    for method in methods:
        if any(study.folder.glob(f"runs/{method}/budget-*/fold-*/teacher_logits.zarr")):
            return method, pair
    return None, pair
