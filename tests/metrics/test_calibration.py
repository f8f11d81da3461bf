"""Calibration: by hand, against its definition and against scikit-learn."""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.metrics import log_loss

from limbeck.metrics.calibration import (
    calibration_error,
    log_probabilities,
    negative_log_likelihood,
)
from limbeck.runtime.errors import InputError


@pytest.fixture(scope="module")
def predictions():
    """Return logits and labels of 400 images, right more often than by chance."""
    generator = np.random.default_rng(4)
    labels = generator.integers(7, size=400)
    logits = 2 * generator.normal(size=(400, 7)) + 1.5 * np.eye(7)[labels]
    return logits.astype(np.float32), labels


def test_log_probabilities_are_scipys_even_where_exponentials_overflow(predictions):
    for logits in (predictions[0], predictions[0] * 1000):
        expected = log_softmax(logits.astype(np.float64), axis=1)
        np.testing.assert_allclose(log_probabilities(logits), expected, rtol=1e-12, atol=1e-12)


def test_likelihood_is_scikit_learns(predictions):
    logits, labels = predictions
    probabilities = np.exp(log_softmax(logits.astype(np.float64), axis=1))
    expected = log_loss(labels, probabilities, labels=np.arange(7))
    assert negative_log_likelihood(logits, labels) == pytest.approx(expected, rel=1e-9)


def test_calibration_error_by_hand():
    # Confidences 0.5, 0.7, 0.7, 0.9, in bins of a fifteenth: (7/15, 8/15], (10/15, 11/15] and
    # (13/15, 14/15]; right: no, yes, no, yes.
    confident = np.array([0.5, 0.7, 0.7, 0.9])
    rest = (1 - confident) / 2
    logits = np.log(np.stack([confident, rest, rest], axis=1))
    labels = np.array([1, 0, 2, 0])
    expected = (0.5 + abs(0.7 + 0.7 - 1) + 0.1) / 4
    assert calibration_error(logits, labels) == pytest.approx(expected)


def test_calibration_error_is_that_of_the_definition(predictions):
    logits, labels = predictions
    probabilities = np.exp(log_softmax(logits.astype(np.float64), axis=1))
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    expected = 0
    for number in range(15):
        inside = (confidence > number / 15) & (confidence <= (number + 1) / 15)
        if inside.any():
            distance = abs(right[inside].mean() - confidence[inside].mean())
            expected += inside.mean() * distance
    assert calibration_error(logits, labels) == pytest.approx(expected)
    assert expected > 0.02


def test_a_network_that_is_sure_and_right_is_calibrated():
    assert calibration_error(100 * np.eye(4), np.arange(4)) == pytest.approx(0)
    assert calibration_error(100 * np.eye(4), (np.arange(4) + 1) % 4) == pytest.approx(1)
    assert calibration_error(np.zeros((8, 4)), np.arange(8) % 4) == pytest.approx(0)


@pytest.mark.parametrize("metric", [calibration_error, negative_log_likelihood])
def test_logits_that_are_not_numbers_are_refused(metric):
    with pytest.raises(InputError, match="^logits: 2 of 6 values are NaN or infinite$"):
        metric(np.array([[1, np.nan, 2], [0, 1, -np.inf]]), np.array([0, 1]))
