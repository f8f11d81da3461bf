"""Correlation of logits within and between superclasses."""

from collections.abc import Mapping, Sequence

import numpy as np

from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.classification import class_correlation

ROUNDING = 1e-6  # of float32 logits, as a part of the largest


def superclass_correlation(
    logits: np.ndarray, superclass_of_class: np.ndarray, superclass_names: Sequence[str]
) -> Mapping[str, float]:
    """Return the mean correlation over the pairs of classes inside each superclass (Fig. 11).

    Parameters
    ----------
    logits : numpy.ndarray
        Shape (n, classes).
    superclass_of_class : numpy.ndarray
        Index of each class's superclass, shape (classes,).
    superclass_names : sequence of str
        Names of the superclasses.

    Returns
    -------
    mapping of str to float
        By ``:<superclass>``, of those with at least two classes; their mean by the empty text.

    Raises
    ------
    InputError
        If a logit is NaN or infinite.
    NotMeasured
        If each superclass is one class, or the logits of a class never vary.
    """
    correlation = _correlation(logits)
    return _with_mean({
        name: _mean_within(correlation, classes)
        for name, classes in _groups(superclass_of_class, superclass_names)
    })  # fmt: skip


def superclass_contrast(
    logits: np.ndarray, superclass_of_class: np.ndarray, superclass_names: Sequence[str]
) -> Mapping[str, float]:
    """Return the mean correlation within superclasses minus that between them.

    For each superclass, the mean correlation over its pairs of classes minus that between its
    classes and all others, of centred logits: from each image's logits their mean is taken.

    Parameters
    ----------
    logits, superclass_of_class, superclass_names
        As for `superclass_correlation`, and what is returned likewise.

    Raises
    ------
    InputError
        If a logit is NaN or infinite.
    NotMeasured
        As for `superclass_correlation`, and if there is one superclass only.

    Notes
    -----
    A number added to all logits of an image changes no probability, but it makes the logits of all
    classes alike if it differs between images. Centred logits do not have it. For classes dealt out
    to superclasses by chance the difference is 0 on average.
    """
    logits = logits.astype(np.float64)
    centred = logits - logits.mean(axis=1, keepdims=True)
    correlation = _correlation(centred, ROUNDING * np.abs(logits).max())
    values = {}
    for name, classes in _groups(superclass_of_class, superclass_names):
        others = np.delete(correlation[classes], classes, axis=1)
        if not others.size:
            raise NotMeasured("all classes are in one superclass")
        values[name] = _mean_within(correlation, classes) - float(others.mean())
    return _with_mean(values)


def _correlation(logits: np.ndarray, least: float = 0.0) -> np.ndarray:
    if (np.ptp(logits, axis=0) <= least).any():
        raise NotMeasured("a class has the same logit for all images")
    return class_correlation(logits)


def _groups(
    superclass_of_class: np.ndarray, superclass_names: Sequence[str]
) -> list[tuple[str, np.ndarray]]:
    """Return the name and the classes of each superclass of at least two."""
    groups = [
        (name, np.flatnonzero(superclass_of_class == superclass))
        for superclass, name in enumerate(superclass_names)
    ]
    groups = [(name, classes) for name, classes in groups if len(classes) > 1]
    if not groups:
        raise NotMeasured("each superclass is one class")
    return groups


def _mean_within(correlation: np.ndarray, classes: np.ndarray) -> float:
    first, second = np.triu_indices(len(classes), k=1)
    return float(correlation[classes[first], classes[second]].mean())


def _with_mean(values: Mapping[str, float]) -> Mapping[str, float]:
    mean = float(np.mean(list(values.values())))
    return {"": mean, **{f":{name}": value for name, value in values.items()}}
