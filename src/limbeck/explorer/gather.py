"""From a study's stores to what the explorer shows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import TYPE_CHECKING

import numpy as np

from limbeck.explorer.choice import (
    ExplorerSettings,
    Stores,
    choose,
    choose_roles,
    open_stores,
)
from limbeck.explorer.content import Content, Panel, Runs, View
from limbeck.explorer.study import Study
from limbeck.runtime.storage import Store

if TYPE_CHECKING:
    import pandas as pd

IMAGES = 10_000  # shown by default, if panels are few
POINTS = 400_000  # of all panels together, drawn anew whenever something is selected
BYTES = 24_000_000  # of the arrays of all views; folds and budgets beyond it are left out
NEIGHBOURS = 10  # of an image, the nearest
# Metrics of an embedding that stand under its panel, and what the class area is without structure.
SCORES = ("trustworthiness", "class_area_ratio", "class_area_ratio_null")


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
    chosen, unplanned = choose(study, settings)
    stores = open_stores(study, chosen, settings.runs)
    methods, layers = (
        [name for name in chosen[key] if any(name == place[column] for place in stores.embeddings)]
        for key, column in (("methods", 0), ("layers", 1))
    )
    limit = settings.images
    if limit is None:
        limit = min(IMAGES, POINTS // (len(methods) * len(layers)))
    shown, number_of = _choose_images(study, next(iter(stores.embeddings.values())), limit)
    pairs = sorted({place[3:] for place in stores.embeddings}, key=lambda pair: (pair[1], pair[0]))
    fitting = len(pairs)
    if settings.budgets is None and settings.folds is None:
        bytes_an_image = 4 * len(chosen["embeddings"]) + 2 * NEIGHBOURS
        size = len(shown) * len(methods) * len(layers) * bytes_an_image
        fitting = max(1, BYTES // size)
    left_out = [
        *_missing_images(shown, number_of),
        *_missing_runs(pairs[fitting:]),
        *unplanned,
        *stores.left_out,
    ]
    pairs = sorted(pairs[:fitting])
    metrics = _scores(study)
    views = [
        View(
            embedding=name,
            budget=budget,
            fold=fold,
            panels={
                place[:2]: Panel(_points(store, number_of, len(shown)), metrics.get(place, {}))
                for place, store in stores.embeddings.items()
                if place[2:] == (name, budget, fold)
            },
        )
        for budget, fold in pairs
        for name in chosen["embeddings"]
        if any(place[2:] == (name, budget, fold) for place in stores.embeddings)
    ]
    runs = {pair: _read_runs(stores, pair, methods, number_of, len(shown)) for pair in pairs}
    teacher, students = choose_roles(study, methods, settings)
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
        students=students,
        views=views,
        runs=runs,
        left_out=left_out,
    )


def _choose_images(study: Study, store: Store, limit: int) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows of `Study.samples` that are shown, and a number for each image.

    Those that are shown have the first numbers, in their order; the others of the store have
    further ones.
    """
    ids = store["sample_ids"][:]
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


def _points(store: Store, number_of: Mapping[str, int], count: int) -> np.ndarray:
    numbers = _numbers(store["sample_ids"][:], number_of)
    return _placed(store["points"][:], numbers, count, np.nan)


def _read_runs(
    stores: Stores,
    pair: tuple[int, int],
    methods: Sequence[str],
    number_of: Mapping[str, int],
    count: int,
) -> Runs:
    predictions, confidences, accuracies, neighbours = {}, {}, {}, {}
    for (method, *at), store in stores.predictions.items():
        if tuple(at) == pair and method in methods:
            labels, odds = _most_likely(store["logits"][:].astype(np.float64))
            numbers = _numbers(store["sample_ids"][:], number_of)
            predictions[method] = _placed(labels, numbers, count, -1)
            confidences[method] = _placed(odds, numbers, count, 0.0)
            accuracies[method] = float(np.mean(labels == store["labels"][:]))
    for (method, layer, *at), store in stores.neighbours.items():
        if tuple(at) == pair and method in methods:
            numbers = _numbers(store["sample_ids"][:], number_of)
            nearest = numbers[store["indices"][:, :NEIGHBOURS]]
            neighbours[method, layer] = _placed(nearest, numbers, count, -1)
    return Runs(predictions, confidences, accuracies, neighbours)


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
