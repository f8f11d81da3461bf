"""Losses of the semi-supervised objectives, sharpening, mixtures and ramp-ups by hand."""

import math

import pytest
import torch

from limbeck.training.objectives.mixmatch import draw_mixture, sharpen
from limbeck.training.objectives.semi_supervised import (
    consistency_loss,
    pseudo_label_loss,
    unlabelled_weight,
)


def test_consistency_loss_by_hand():
    first = torch.tensor([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    second = torch.tensor([[0.25, 0.5, 0.25], [0.0, 1.0, 0.0]])
    # (1/16 + 0 + 1/16) + (1 + 1 + 0), over two images of three classes.
    assert consistency_loss(first, second).item() == pytest.approx(2.125 / 6)


def test_pseudo_label_loss_by_hand():
    # Probabilities 0.8 and 0.2, 0.6 and 0.4, 0.1 and 0.9.
    judged = torch.tensor([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]]).log()
    logits = torch.tensor([[0.5, 0.5], [0.9, 0.1], [0.25, 0.75]]).log()
    # At 0.7 the second does not count, and the mean is still over three.
    expected = -(math.log(0.5) + math.log(0.75)) / 3
    assert pseudo_label_loss(logits, judged, 0.7).item() == pytest.approx(expected)
    assert pseudo_label_loss(logits, judged, 0.95).item() == 0


@pytest.mark.parametrize(("threshold", "counts"), [(0.5, True), (0.50001, False)])
def test_a_prediction_at_the_threshold_counts(threshold, counts):
    judged = torch.zeros(1, 2)  # one half each
    logits = torch.tensor([[0.25, 0.75]]).log()
    loss = pseudo_label_loss(logits, judged, threshold).item()
    assert loss == pytest.approx(-math.log(0.25) if counts else 0)


def test_no_gradient_goes_through_pseudo_labels():
    logits = torch.tensor([[1.0, -1.0, 0.5]], requires_grad=True)
    judged = torch.tensor([[4.0, 0.0, 0.0]], requires_grad=True)
    pseudo_label_loss(logits, judged, 0.9).backward()
    assert judged.grad is None
    expected = logits.detach().softmax(1) - torch.tensor([[1.0, 0.0, 0.0]])
    torch.testing.assert_close(logits.grad, expected)


def test_sharpening_by_hand():
    # Squares of 0.6, 0.3 and 0.1 are 0.36, 0.09 and 0.01, of sum 0.46.
    sharp = sharpen(torch.tensor([[0.6, 0.3, 0.1]]), 0.5)
    torch.testing.assert_close(sharp, torch.tensor([[0.36, 0.09, 0.01]]) / 0.46)
    even = torch.full((2, 4), 0.25)
    torch.testing.assert_close(sharpen(even, 0.1), even)
    torch.testing.assert_close(sharpen(sharp, 1.0), sharp)
    # 0.01 to the power 1000 is 0 in float32.
    low = sharpen(torch.tensor([[0.01, 0.02, 0.0], [0.01, 0.01, 0.0]]), 0.001)
    torch.testing.assert_close(low, torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]]))


def test_mixtures_keep_most_of_each_image():
    torch.manual_seed(0)
    shares, partners = draw_mixture(5000, 0.75)
    assert ((shares >= 0.5) & (shares <= 1)).all()
    assert len(shares.unique()) > 4000  # one for each image
    assert sorted(partners.tolist()) == list(range(5000))
    # E|x - 1/2| of Beta(0.75, 0.75), by numerical integration of its density.
    grid = (torch.arange(200000) + 0.5) / 200000
    density = (grid * (1 - grid)) ** -0.25
    expected = 0.5 + ((grid - 0.5).abs() * density).sum() / density.sum()
    assert shares.mean().item() == pytest.approx(expected.item(), abs=0.01)


@pytest.mark.parametrize(
    ("ramp", "step", "expected"),
    [
        (None, 0, 6.0),
        (("linear", (100, 600)), 0, 0.0),
        (("linear", (100, 600)), 99, 0.0),
        (("linear", (100, 600)), 100, 0.0),
        (("linear", (100, 600)), 350, 3.0),
        (("linear", (100, 600)), 599, 6 * 499 / 500),
        (("linear", (100, 600)), 600, 6.0),
        (("linear", (100, 600)), 10**6, 6.0),
        (("gaussian", (0, 80)), 0, 6 * math.exp(-5)),
        (("gaussian", (0, 80)), 40, 6 * math.exp(-1.25)),
        (("gaussian", (0, 80)), 80, 6.0),
        (("gaussian", (0, 80)), 81, 6.0),
        (("gaussian", (10, 80)), 9, 0.0),
    ],
)
def test_ramp_ups_by_hand(ramp, step, expected):
    kind, steps = ramp or (None, None)
    options = {"unlabelled_weight": 6.0, "ramp_up": kind, "ramp_up_steps": steps}
    assert unlabelled_weight(options, step) == pytest.approx(expected)
