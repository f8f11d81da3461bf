"""The explorer's content, as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

Layer = tuple[str, str]  # a method and one of its layers


@dataclass(frozen=True)
class Panel:
    """One embedding of one layer.

    Attributes
    ----------
    points : numpy.ndarray
        In the embedding's own units, shape (n, 2); NaN for an image that it lacks.
    scores : mapping of str to float
        Of the embedding's metrics those that stand below it; see `limbeck.explorer.gather.SCORES`.
    """

    points: np.ndarray
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """One embedding of all layers of all methods in one budget and fold."""

    embedding: str
    budget: int
    fold: int
    panels: Mapping[Layer, Panel]


@dataclass(frozen=True)
class Runs:
    """Predictions and neighbours of all methods at one budget and fold.

    Attributes
    ----------
    predictions : mapping of str to numpy.ndarray
        Of each method the predicted label of each image, shape (n,); -1 where there is none.
    confidences : mapping of str to numpy.ndarray
        The probability that it gives to that, shape (n,); 0 where there is none.
    accuracies : mapping of str to float
        Of each method on all test images that it predicts, whether they are shown or not.
    neighbours : mapping of (str, str) to numpy.ndarray
        Of each method and layer the nearest others of each image in the layer's own space, nearest
        first, shape (n, k). An image that is not shown has a number of its own, n or more; -1
        stands for one that is not known.
    """

    predictions: Mapping[str, np.ndarray]
    confidences: Mapping[str, np.ndarray]
    accuracies: Mapping[str, float]
    neighbours: Mapping[Layer, np.ndarray]


@dataclass(frozen=True)
class Content:
    """All that the explorer shows; every array has its images in the same order.

    Attributes
    ----------
    study, dataset : str
        Their names.
    sample_ids : sequence of str
        Of the images that are shown, length n.
    labels : numpy.ndarray
        Their classes, shape (n,).
    images : array-like
        Shape (n, H, W, C), uint8.
    class_names, superclass_names : sequence of str
        In the order of their numbers; no superclasses: empty.
    superclass_of_class : sequence of int
        Empty without superclasses.
    methods, layers : sequence of str
        In the order of rows and columns.
    teacher : str or None
        The method that others learn from, with which neighbours are shared.
    students : tuple of str
        The first and the last method of the stage's slider.
    views : sequence of View
        At least one; the first is shown at first.
    runs : mapping of (int, int) to Runs
        By budget and fold.
    left_out : sequence of str
        What of the study is not shown, a sentence each.
    """

    study: str
    dataset: str
    sample_ids: Sequence[str]
    labels: np.ndarray
    images: object
    class_names: Sequence[str]
    superclass_names: Sequence[str]
    superclass_of_class: Sequence[int]
    methods: Sequence[str]
    layers: Sequence[str]
    teacher: str | None
    students: tuple[str, str]
    views: Sequence[View]
    runs: Mapping[tuple[int, int], Runs]
    left_out: Sequence[str] = ()
