"""Losses against the public implementations: their values and gradients on the same tensors.

The numbers were made once by running that code on `drawn` tensors: RepDistiller's for all but
decoupled distillation (mdistiller), standardised logits (LogitStd) and DIST (its authors'). Where
mdistiller has the loss too, its value was the same.
"""

import numpy as np
import pytest
import torch
from torch import nn

from limbeck.training.objectives import (
    attention_transfer,
    correlation_congruence,
    crd,
    dist,
    distillation,
    dkd,
    fitnet,
    nst,
    pkt,
    relational,
    similarity_preserving,
    vid,
)
from limbeck.training.objectives.distilling import Batch
from limbeck.training.teacher import Answer

LABELS = torch.tensor([3, 1, 4, 1, 5, 9])


def drawn(seed, *shape):
    """Return normal values of a generator whose numbers NumPy never changes."""
    return torch.from_numpy(np.random.RandomState(seed).standard_normal(shape)).float()


STUDENT, TEACHER = 3 * drawn(1, 6, 10), 3 * drawn(2, 6, 10)
LARGE, SMALL = drawn(3, 6, 4, 8, 8), drawn(4, 6, 5, 4, 4)  # maps of student and teacher
SMALL_STUDENT, LARGE_TEACHER = drawn(5, 6, 4, 4, 4), drawn(6, 6, 5, 8, 8)
VECTORS, TEACHER_VECTORS = drawn(7, 6, 8), drawn(8, 6, 12)


def made(module, options):
    """Return an objective that has options and neither images nor networks."""
    objective = module.OBJECTIVE.__new__(module.OBJECTIVE)
    objective.options, objective.average = options, None
    return objective


def of_logits(module, student, **options):
    """Return an objective's loss of logits; where nothing else is said all weights are 1."""
    objective = made(module, {"weight": 1.0, "warm_up": 1, "alpha": 1.0} | options)
    batch = Batch(torch.arange(len(LABELS)), LABELS, epoch=0)
    return objective.loss(student, [], Answer([TEACHER], []), batch)


def of_layers(module, student, teacher, own=None, **options):
    """Return an objective's loss of a pair of layers, the second, so that its place counts."""
    objective = made(module, options)
    objective.own = [None, own]
    objective.shapes = [((1, 1, 1), (1, 1, 1)), (student.shape[1:], teacher.shape[1:])]
    _, heard = objective.hear([teacher, teacher])
    return objective.compare(1, student, heard, Batch(torch.arange(6), LABELS, epoch=0))


def relations(student, distance_weight, angle_weight):
    weights = {"distance_weight": distance_weight, "angle_weight": angle_weight}
    return of_layers(relational, student, TEACHER_VECTORS, **weights)


def congruence(student):
    embeddings = nn.Identity(), lambda rows: rows.flip(1)
    return of_layers(correlation_congruence, student, drawn(9, 6, 8).flip(1), embeddings)


def regression(student):
    regressor = fitnet.regressor(4, 5)
    with torch.no_grad():
        regressor[0].weight.copy_(drawn(10, 5, 4, 1, 1))
        regressor[0].bias.copy_(drawn(11, 5))
    return of_layers(fitnet, student, SMALL, regressor)


def likelihood(student, scales=None):
    regression = vid.Regression(4, 5, 5.0)
    with torch.no_grad():
        for number, module in enumerate(regression.mean[::2]):
            module.weight.copy_(drawn(12 + number, *module.weight.shape))
        if scales is not None:
            regression.alpha.copy_(scales)
    return of_layers(vid, student, SMALL, regression)


CASES = {
    "kd_1": (
        *(lambda s: of_logits(distillation, s, temperature=1.0), STUDENT, 4.907384, 0.406091),
    ),
    "kd_4": (
        *(lambda s: of_logits(distillation, s, temperature=4.0), STUDENT, 8.04095, 0.5440345),
    ),
    "standardised": (
        lambda s: of_logits(distillation, s, temperature=2.0, standardise=True),
        *(STUDENT, 0.8342662, 0.04383361),
    ),
    "dkd_4": (
        *(lambda s: of_logits(dkd, s, temperature=4.0, beta=8.0), STUDENT, 37.50697, 3.305325),
    ),
    "dkd_1": (
        lambda s: of_logits(dkd, s, temperature=1.0, alpha=0.5, beta=2.0),
        *(STUDENT, 6.91934, 0.733072),
    ),
    "standardised_dkd": (
        lambda s: of_logits(dkd, s, temperature=2.0, alpha=9.0, beta=72.0, standardise=True),
        *(STUDENT, 38.61635, 2.772944),
    ),
    "dist_4": (
        lambda s: of_logits(dist, s, temperature=4.0, beta=1.0, gamma=1.0),
        *(STUDENT, 26.58113, 1.532766),
    ),
    "dist_1": (
        lambda s: of_logits(dist, s, temperature=1.0, beta=2.0, gamma=0.5),
        *(STUDENT, 2.377438, 0.238298),
    ),
    "attention": (
        *(lambda s: of_layers(attention_transfer, s, SMALL), LARGE, 0.03717437, 0.006453252),
    ),
    "attention_teacher_larger": (
        lambda s: of_layers(attention_transfer, s, LARGE_TEACHER),
        *(SMALL_STUDENT, 0.0489025, 0.007603921),
    ),
    "similarity": (
        *(lambda s: of_layers(similarity_preserving, s, SMALL), LARGE, 0.01713758, 0.005133995),
    ),
    "congruence": (congruence, VECTORS, 13.04378, 3.141193),
    "relational": (lambda s: relations(s, 25.0, 50.0), VECTORS, 1.733006, 0.9796406),
    "distances": (lambda s: relations(s, 25.0, 0.0), VECTORS, 0.6704879, 0.4863734),
    "angles": (lambda s: relations(s, 0.0, 50.0), VECTORS, 1.062518, 0.5442716),
    "pkt": (*(lambda s: of_layers(pkt, s, TEACHER_VECTORS), VECTORS, 0.01162823, 0.007293606),),
    "nst": (lambda s: of_layers(nst, s, SMALL), LARGE, 0.4193059, 0.02923062),
    "nst_teacher_larger": (
        *(lambda s: of_layers(nst, s, LARGE_TEACHER), SMALL_STUDENT, 0.4406616, 0.03350969),
    ),
    "fitnet": (regression, SMALL_STUDENT, 1.335423, 0.06823494),
    "vid": (likelihood, LARGE, 1.751857, 0.1722889),
    "vid_scales": (lambda s: likelihood(s, drawn(15, 5)), LARGE, 6.532296, 1.206583),
}


@pytest.mark.parametrize("name", CASES)
def test_losses_are_those_of_the_public_code(name):
    loss, student, value, gradient = CASES[name]
    student = student.clone().requires_grad_()
    result = loss(student)
    result.backward()
    assert result.item() == pytest.approx(value, rel=1e-5)
    assert student.grad.norm().item() == pytest.approx(gradient, rel=2e-5)


def test_contrast_is_that_of_the_public_code(monkeypatch):
    """Two steps, so that the memory and its constants count."""
    memory = crd.Memory(20, 4)
    memory.student.copy_(0.5 * drawn(24, 20, 4))
    memory.teacher.copy_(0.5 * drawn(25, 20, 4))
    embeddings = nn.Linear(8, 4), nn.Linear(12, 4)
    with torch.no_grad():
        for embed, seed in zip(embeddings, (20, 22), strict=True):
            embed.weight.copy_(drawn(seed, *embed.weight.shape))
            embed.bias.copy_(drawn(seed + 1, 4))
    objective = made(crd, {"contrast_temperature": 0.07, "memory_momentum": 0.5})
    objective.own = [[None, embeddings], [None, memory]]
    objective._seen, objective._places = [], torch.arange(19, -1, -1)
    own = torch.tensor([0, 7, 3, 12, 19, 5])
    negatives = torch.from_numpy(np.random.RandomState(26).randint(0, 20, (6, 5)))
    monkeypatch.setattr(objective, "_negatives", lambda places: negatives, raising=False)
    steps = [
        (VECTORS, TEACHER_VECTORS, own, 23.96666, 4.475437),
        (drawn(28, 6, 8), drawn(27, 6, 12), own.flip(0), 33.8583, 4.107306),
    ]
    for student, teacher, places, value, gradient in steps:
        student = student.clone().requires_grad_()
        loss = objective.compare(1, student, teacher, Batch(19 - places, LABELS, epoch=0))
        loss.backward()
        assert loss.item() == pytest.approx(value, rel=1e-5)
        assert student.grad.norm().item() == pytest.approx(gradient, rel=2e-5)
        objective.after_step(None)
        if value == 23.96666:
            expected = [0.7427957654, 0.4684831500, -0.2261673808, 0.4214573801]
            torch.testing.assert_close(memory.student[7], torch.tensor(expected))
            expected = [774722.8125, 1420065.125]
            # Sums of float32: another processor's were 1.6e-6 off.
            torch.testing.assert_close(memory.constants, torch.tensor(expected), rtol=3e-6, atol=0)
