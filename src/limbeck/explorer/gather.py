"""From a study's stores to what the explorer shows of them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from limbeck.explorer.content import Content, Panel, Runs, View
from limbeck.explorer.study import Study
from limbeck.runtime.errors import InputError, suggest

if TYPE_CHECKING:
    import pandas as pd

IMAGES = 10_000  # shown by default, if panels are few
POINTS = 400_000  # of all panels together, drawn anew whenever something is selected
BYTES = 24_000_000  # of the arrays of all views; folds and budgets beyond it are left out
# Metrics of an embedding that stand under its panel, and what the class area is without structure.
SCORES = ("trustworthiness", "class_area_ratio", "class_area_ratio_null")


@dataclass(frozen=True)
class ExplorerSettings:
    """The part of a study that the explorer shows; None stands for all.

    Attributes
    ----------
    methods, layers, embeddings : sequence of str or None
        In the order in which they are shown.
    budgets, folds : sequence of int or None
        Where both are None, those that fit into a file of a size that opens quickly.
    images : int or None
        At most so many test images, the first of each class; None: up to 10,000, and fewer where
        there are more than 40 panels.
    neighbours : int
        How many nearest neighbours of an image are shown.
    """

    methods: Sequence[str] | None = None
    layers: Sequence[str] | None = None
    embeddings: Sequence[str] | None = None
    budgets: Sequence[int] | None = None
    folds: Sequence[int] | None = None
    images: int | None = None
    neighbours: int = 10


def gather_content(study: Study, settings: ExplorerSettings) -> Content:
    """Read what the explorer shows of a study.

    Parameters
    ----------
    study : Study
        Finished or not.
    settings : ExplorerSettings
        What of it.

    Raises
    ------
    InputError
        If the study has no embedding yet, or none of what the settings ask for.
    """
    chosen = {
        name: _chosen(name, getattr(settings, name), getattr(study, name))
        for name in ("methods", "layers", "embeddings", "budgets", "folds")
    }
    stores = _find(study, chosen)
    methods, layers = (
        [name for name in chosen[key] if any(name == place[column] for place in stores)]
        for key, column in (("methods", 0), ("layers", 1))
    )
    limit = settings.images
    if limit is None:
        limit = min(IMAGES, POINTS // (len(methods) * len(layers)))
    shown, number_of = _choose_images(study, stores[0], limit)
    pairs = sorted({place[3:] for place in stores}, key=lambda pair: (pair[1], pair[0]))
    fitting = len(pairs)
    if settings.budgets is None and settings.folds is None:
        bytes_an_image = 4 * len(chosen["embeddings"]) + 2 * settings.neighbours
        size = len(shown) * len(methods) * len(layers) * bytes_an_image
        fitting = max(1, BYTES // size)
    left_out = [*_missing_images(shown, number_of), *_missing_runs(pairs[fitting:])]
    pairs = sorted(pairs[:fitting])
    metrics = _scores(study)
    views = [
        View(
            embedding=name,
            budget=budget,
            fold=fold,
            panels={
                place[:2]: Panel(
                    _points(study, place, number_of, len(shown)), metrics.get(place, {})
                )
                for place in stores
                if place[2:] == (name, budget, fold)
            },
        )
        for budget, fold in pairs
        for name in chosen["embeddings"]
        if any(place[2:] == (name, budget, fold) for place in stores)
    ]
    runs = {
        pair: _read_runs(study, pair, methods, layers, number_of, len(shown), settings.neighbours)
        for pair in pairs
    }
    teacher = _teacher(study, methods)
    return Content(
        study=study.name,
        dataset=study.dataset_name,
        sample_ids=shown["sample_id"].tolist(),
        labels=shown["label"].to_numpy(),
        images=study.images(shown["sample_id"]),
        class_names=study.class_names,
        superclass_names=study.superclass_names,
        superclass_of_class=study.superclass_of_class,
        methods=methods,
        layers=layers,
        teacher=teacher,
        students=_students(study, methods, teacher),
        views=views,
        runs=runs,
        left_out=left_out,
    )


def _choose_images(study: Study, place: tuple, limit: int) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows of `Study.samples` that are shown, and a number for each image.

    Those that are shown have the first numbers, in their order; the others of the store at `place`
    have further ones.
    """
    ids = _open(study, place)["sample_ids"][:]
    table = study.samples.set_index("sample_id", drop=False).loc[ids]
    shown = first_of_each_class(table["label"].to_numpy(), limit)
    rest = np.setdiff1d(np.arange(len(ids)), shown)
    order = np.concatenate([shown, rest])
    return table.iloc[shown], {ids[row]: number for number, row in enumerate(order)}


def _missing_images(shown: Sized, number_of: Sized) -> list[str]:
    if len(shown) == len(number_of):
        return []
    return [
        f"{len(shown):,} of {len(number_of):,} images are shown, the first of each class. "
        "Neighbours are those among all images."
    ]


def _missing_runs(pairs: Sequence[tuple[int, int]]) -> list[str]:
    names = ", ".join(f"{budget:,} labels fold {fold}" for budget, fold in pairs)
    return [f"Not in this file, to keep it small: {names}."] if pairs else []


def first_of_each_class(labels: np.ndarray, limit: int) -> np.ndarray:
    """Return the rows of at most `limit` images, as many of each class, the first of it.

    Parameters
    ----------
    labels : numpy.ndarray
        Shape (n,).
    limit : int
        At least 1. Below the number of classes it is the first so many images.

    Returns
    -------
    numpy.ndarray
        Ascending.
    """
    if len(labels) <= limit:
        return np.arange(len(labels))
    each = limit // len(np.unique(labels))
    if not each:
        return np.arange(limit)
    return np.sort(
        np.concatenate([np.flatnonzero(labels == label)[:each] for label in np.unique(labels)])
    )


def _chosen(key: str, asked: Sequence | None, found: Sequence) -> list:
    if not found:
        raise InputError("no embedding in the study yet; the explorer shows embeddings")
    for value in asked or []:
        if value not in found:
            raise InputError(
                f"{key} = {value!r}: not in the study; {suggest(str(value), map(str, found))}"
            )
    return list(asked if asked is not None else found)


def _find(study: Study, chosen: Mapping[str, list]) -> list[tuple[str, str, str, int, int]]:
    """Return the chosen stores that exist: method, layer, embedding, budget, fold."""
    stores = [
        place
        for place in study.files.embedding_stores()
        if all(
            value in chosen[key]
            for value, key in zip(
                place, ("methods", "layers", "embeddings", "budgets", "folds"), strict=True
            )
        )
    ]
    if not stores:
        raise InputError("no embedding in the study yet of what was asked for")
    return stores


def _open(study: Study, place: tuple):
    method, layer, name, budget, fold = place
    return study.files.layer_store("embeddings", method, budget, fold, layer, name)


def _points(study: Study, place: tuple, number_of: Mapping[str, int], count: int) -> np.ndarray:
    store = _open(study, place)
    numbers = _numbers(store["sample_ids"][:], number_of)
    return _placed(store["points"][:], numbers, count, np.nan)


def _read_runs(
    study: Study,
    pair: tuple[int, int],
    methods: Sequence[str],
    layers: Sequence[str],
    number_of: Mapping[str, int],
    count: int,
    k: int,
) -> Runs:
    run = dict(zip(("budget", "fold"), pair, strict=True))
    predictions, confidences, neighbours = {}, {}, {}
    for method in methods:
        with contextlib.suppress(InputError):
            logits = study.predictions(method, **run)
            labels, odds = _most_likely(np.asarray(logits, np.float64))
            numbers = _numbers(logits.sample_ids, number_of)
            predictions[method] = _placed(labels, numbers, count, -1)
            confidences[method] = _placed(odds, numbers, count, 0.0)
        for layer in layers:
            with contextlib.suppress(InputError):
                graph = study.neighbours(method, **run, layer=layer).indices
                numbers = _numbers(graph.sample_ids, number_of)
                nearest = numbers[np.asarray(graph)[:, :k]]
                neighbours[method, layer] = _placed(nearest, numbers, count, -1)
    return Runs(predictions, confidences, neighbours)


def _most_likely(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the label of the largest logit of each row, and its probability."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return logits.argmax(axis=1), 1 / odds.sum(axis=1)


def _placed(rows: np.ndarray, numbers: np.ndarray, count: int, missing: float) -> np.ndarray:
    """Return the rows of the images that are shown, each in its place."""
    shown = (numbers >= 0) & (numbers < count)
    placed = np.full((count, *rows.shape[1:]), missing, rows.dtype)
    placed[numbers[shown]] = rows[shown]
    return placed


def _numbers(sample_ids: np.ndarray, number_of: Mapping[str, int]) -> np.ndarray:
    return np.array([number_of.get(sample_id, -1) for sample_id in sample_ids], np.intp)


def _scores(study: Study) -> dict[tuple, dict[str, float]]:
    """Return the scores under the panels, by method, layer, embedding, budget and fold."""
    table = study.metrics
    scores: dict[tuple, dict[str, float]] = {}
    for row in table[table["metric"].isin(SCORES)].itertuples():
        place = (row.method, row.layer, row.embedding, row.budget, row.fold)
        scores.setdefault(place, {})[row.metric] = row.value
    return scores


def _teacher(study: Study, methods: Sequence[str]) -> str | None:
    """Return the method that others learn from, as the config or a store of its logits says."""
    for settings in study.config.get("methods", {}).values():
        for block in (settings, *settings.values()):
            if isinstance(block, Mapping) and block.get("teacher") in methods:
                return block["teacher"]
    for method in methods:
        if any(study.folder.glob(f"runs/{method}/budget-*/fold-*/teacher_logits.zarr")):
            return method
    return methods[0] if len(methods) > 1 else None


def _students(study: Study, methods: Sequence[str], teacher: str | None) -> tuple[str, str]:
    """Return the two methods that the study compares, or its first and last but the teacher."""
    pair = study.config.get("statistics", {}).get("methods", ["undistilled", "distilled"])
    if len(pair) == 2 and all(method in methods for method in pair):
        return tuple(pair)
    others = [method for method in methods if method != teacher] or list(methods)
    return others[0], others[-1]
