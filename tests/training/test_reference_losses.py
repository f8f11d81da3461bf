"""Losses against the public implementations: their values and gradients on the same tensors.

The numbers were made once by running that code on `drawn` tensors: RepDistiller's for all but
decoupled distillation (mdistiller), standardised logits (LogitStd) and DIST (its authors'). Where
mdistiller has the loss too, its value was the same.
"""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from limbeck.training.objectives import (
    attention_transfer,
    correlation_congruence,
    crd,
    dist,
    dkd,
    fitnet,
    layers,
    logits,
    nst,
    pkt,
    relational,
    similarity_preserving,
    vid,
)

LABELS = torch.tensor([3, 1, 4, 1, 5, 9])


def drawn(seed, *shape):
    """Return normal values of a generator whose numbers NumPy never changes."""
    return torch.from_numpy(np.random.RandomState(seed).standard_normal(shape)).float()


STUDENT, TEACHER = 3 * drawn(1, 6, 10), 3 * drawn(2, 6, 10)
LARGE, SMALL = drawn(3, 6, 4, 8, 8), drawn(4, 6, 5, 4, 4)  # maps of student and teacher
SMALL_STUDENT, LARGE_TEACHER = drawn(5, 6, 4, 4, 4), drawn(6, 6, 5, 8, 8)
VECTORS, TEACHER_VECTORS = drawn(7, 6, 8), drawn(8, 6, 12)


def hinton(student, temperature):
    return logits.hinton_loss(student, TEACHER, temperature)


def standardised(student):
    return logits.hinton_loss(logits.standardise(student), logits.standardise(TEACHER), 2.0)


def standardised_dkd(student):
    pair = logits.standardise(student), logits.standardise(TEACHER)
    return dkd.decoupled_loss(*pair, LABELS, 2.0, 9.0, 72.0)


def attention(student, teacher):
    return F.mse_loss(*(attention_transfer.attention(maps, (4, 4)) for maps in (student, teacher)))


def similarity(student):
    return F.mse_loss(*(similarity_preserving.similarities(maps) for maps in (student, SMALL)))


def relations(student, distance_weight, angle_weight):
    pairs = zip(relational.relations(student), relational.relations(TEACHER_VECTORS), strict=True)
    distances, angles = (F.smooth_l1_loss(*pair) for pair in pairs)
    return distance_weight * distances + angle_weight * angles


def transfer(student):
    return pkt.divergence(*map(pkt.neighbour_probabilities, (student, TEACHER_VECTORS)))


def discrepancy(student, teacher):
    return nst.discrepancy(layers.pool(student, (4, 4)), layers.pool(teacher, (4, 4)))


def regression(student):
    regressor = fitnet.regressor(4, 5)
    with torch.no_grad():
        regressor[0].weight.copy_(drawn(10, 5, 4, 1, 1))
        regressor[0].bias.copy_(drawn(11, 5))
    return F.mse_loss(regressor(student), SMALL)


def likelihood(student, scales=None):
    regression = vid.Regression(4, 5, 5.0)
    with torch.no_grad():
        for number, module in enumerate(regression.mean[::2]):
            module.weight.copy_(drawn(12 + number, *module.weight.shape))
        if scales is not None:
            regression.alpha.copy_(scales)
    return vid.likelihood_loss(*regression(layers.pool(student, (4, 4))), SMALL)


CASES = {
    "kd_1": (lambda s: hinton(s, 1.0), STUDENT, 4.907384, 0.406091),
    "kd_4": (lambda s: hinton(s, 4.0), STUDENT, 8.04095, 0.5440345),
    "standardised": (standardised, STUDENT, 0.8342662, 0.04383361),
    "dkd_4": (
        *(lambda s: dkd.decoupled_loss(s, TEACHER, LABELS, 4.0, 1.0, 8.0), STUDENT),
        *(37.50697, 3.305325),
    ),
    "dkd_1": (
        *(lambda s: dkd.decoupled_loss(s, TEACHER, LABELS, 1.0, 0.5, 2.0), STUDENT),
        *(6.91934, 0.733072),
    ),
    "standardised_dkd": (standardised_dkd, STUDENT, 38.61635, 2.772944),
    "dist_4": (lambda s: dist.dist_loss(s, TEACHER, 4.0, 1.0, 1.0), STUDENT, 26.58113, 1.532766),
    "dist_1": (lambda s: dist.dist_loss(s, TEACHER, 1.0, 2.0, 0.5), STUDENT, 2.377438, 0.238298),
    "attention": (lambda s: attention(s, SMALL), LARGE, 0.03717437, 0.006453252),
    "attention_teacher_larger": (
        *(lambda s: attention(s, LARGE_TEACHER), SMALL_STUDENT, 0.0489025, 0.007603921),
    ),
    "similarity": (similarity, LARGE, 0.01713758, 0.005133995),
    "congruence": (
        *(lambda s: correlation_congruence.congruence_loss(s, drawn(9, 6, 8)), VECTORS),
        *(13.04378, 3.141193),
    ),
    "relational": (lambda s: relations(s, 25.0, 50.0), VECTORS, 1.733006, 0.9796406),
    "distances": (lambda s: relations(s, 25.0, 0.0), VECTORS, 0.6704879, 0.4863734),
    "angles": (lambda s: relations(s, 0.0, 50.0), VECTORS, 1.062518, 0.5442716),
    "pkt": (transfer, VECTORS, 0.01162823, 0.007293606),
    "nst": (lambda s: discrepancy(s, SMALL), LARGE, 0.4193059, 0.02923062),
    "nst_teacher_larger": (
        *(lambda s: discrepancy(s, LARGE_TEACHER), SMALL_STUDENT, 0.4406616, 0.03350969),
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


def test_contrast_is_that_of_the_public_code():
    """Two steps, so that the memory and its constants count."""
    memory = crd.Memory(20, 4)
    memory.student.copy_(0.5 * drawn(24, 20, 4))
    memory.teacher.copy_(0.5 * drawn(25, 20, 4))
    weights = [drawn(20, 4, 8), drawn(22, 4, 12)]
    biases = [drawn(21, 4), drawn(23, 4)]
    own = torch.tensor([0, 7, 3, 12, 19, 5])
    negatives = torch.from_numpy(np.random.RandomState(26).randint(0, 20, (6, 5)))
    steps = [
        (VECTORS, TEACHER_VECTORS, own, 23.96666, 4.475437),
        (drawn(28, 6, 8), drawn(27, 6, 12), own.flip(0), 33.8583, 4.107306),
    ]
    for student, teacher, places, value, gradient in steps:
        student = student.clone().requires_grad_()
        embeddings = [
            F.normalize(F.linear(rows, weight, bias))
            for rows, weight, bias in zip((student, teacher), weights, biases, strict=True)
        ]
        loss = memory(*embeddings, torch.cat([places[:, None], negatives], 1), 0.07)
        loss.backward()
        assert loss.item() == pytest.approx(value, rel=1e-5)
        assert student.grad.norm().item() == pytest.approx(gradient, rel=2e-5)
        memory.take(places, *(part.detach() for part in embeddings), 0.5)
        if value == 23.96666:
            expected = [0.7427957654, 0.4684831500, -0.2261673808, 0.4214573801]
            torch.testing.assert_close(memory.student[7], torch.tensor(expected))
            expected = [774722.8125, 1420065.125]
            # Sums of float32: another processor's were 1.6e-6 off.
            torch.testing.assert_close(memory.constants, torch.tensor(expected), rtol=3e-6, atol=0)
