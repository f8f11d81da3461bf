"""Correlations inside superclasses, worked out by hand."""

import numpy as np
import pytest

from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.superclasses import superclass_contrast, superclass_correlation
from limbeck.runtime.errors import InputError

# Over five images: 0 and 1 rise together, 2 falls as they rise, 3 is unrelated to all of them.
# Correlations: (0, 1) 1, (0, 2) and (1, 2) -1, (., 3) 0.
BY_HAND = np.array(
    [[-2, -4, 2, 1], [-1, -2, 1, -2], [0, 0, 0, 2], [1, 2, -1, -2], [2, 4, -2, 1]], np.float32
)


@pytest.mark.parametrize(
    ("superclasses", "names", "expected"),
    [
        ([0, 0, 1, 1], "ab", {"": 1 / 2, ":a": 1, ":b": 0}),
        ([1, 0, 1, 0], "ab", {"": -1 / 2, ":a": 0, ":b": -1}),
        ([0, 0, 0, 0], "a", {"": -1 / 6, ":a": (1 - 1 + 0 - 1 + 0 + 0) / 6}),
        ([0, 0, 0, 1], "ab", {"": -1 / 3, ":a": -1 / 3}),  # one class has no pair
    ],
)
def test_superclass_correlation_by_hand(superclasses, names, expected):
    values = superclass_correlation(BY_HAND, np.array(superclasses), list(names))
    assert values == pytest.approx(expected, abs=1e-6)


def test_superclass_contrast_by_hand():
    # Over four images u = (1, -1, 0, 0) and w = (0, 0, 1, -1): logits u, u, w - u and -w - u, which
    # add up to 0. Correlations: (0, 1) 1, (2, 3) 2 - 2 = 0, all others -2 / sqrt(2 * 4).
    u, w = np.array([[1, -1, 0, 0], [0, 0, 1, -1]], np.float32)
    logits = np.stack([u, u, w - u, -w - u], axis=1)
    values = superclass_contrast(logits, np.array([0, 0, 1, 1]), ["a", "b"])
    outside = -(2**-0.5)
    expected = {"": 0.5 - outside, ":a": 1 - outside, ":b": -outside}
    assert values == pytest.approx(expected, abs=1e-6)


def test_a_number_added_to_all_logits_of_an_image_changes_the_correlation_and_not_the_contrast():
    generator = np.random.default_rng(2)
    logits, superclasses = generator.normal(size=(80, 6)), np.array([0, 1, 2, 0, 1, 2])
    shifted = logits + 10 * generator.normal(size=(80, 1))
    arguments = superclasses, ["a", "b", "c"]
    before, after = (superclass_contrast(values, *arguments) for values in (logits, shifted))
    assert after == pytest.approx(before, abs=1e-9)
    assert abs(before[""]) > 0.01
    assert superclass_correlation(shifted, *arguments)[""] > 0.9
    assert superclass_correlation(logits, *arguments)[""] < 0.2


def test_what_is_not_measured():
    alone = np.arange(4)
    for metric in (superclass_correlation, superclass_contrast):
        with pytest.raises(NotMeasured, match="^each superclass is one class$"):
            metric(BY_HAND, alone, list("abcd"))
        with pytest.raises(NotMeasured, match="^a class has the same logit for all images$"):
            metric(np.zeros((5, 4)), np.zeros(4, int), ["a"])
        with pytest.raises(InputError, match="^logits: 20 of 20 values"):
            metric(np.full((5, 4), np.nan), np.zeros(4, int), ["a"])
    with pytest.raises(NotMeasured, match="^all classes are in one superclass$"):
        superclass_contrast(BY_HAND, np.zeros(4, int), ["a"])


def test_contrast_of_logits_that_differ_by_a_number_an_image_is_not_measured():
    """All images have the same probabilities: what is left is rounding."""
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(500, 1)) + generator.normal(size=(1, 6))
    with pytest.raises(NotMeasured, match="^a class has the same logit for all images$"):
        superclass_contrast(logits.astype(np.float32), np.arange(6) % 2, ["a", "b"])
