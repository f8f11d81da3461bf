"""Losses against plain loops over scalars, and by hand where that is short."""

import math

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
    nst,
    pkt,
    relational,
    similarity_preserving,
    vid,
)
from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.layers import pool
from limbeck.training.objectives.logits import hinton_loss, join_teachers, standardise

STUDENT = [[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]
TEACHER = [[2.0, 0.0, 1.0], [-1.0, 4.0, 0.5]]
ROWS = [[1.0, 0.0, 2.0], [0.5, -1.0, 1.0], [2.0, 1.0, 0.0]]
OTHER_ROWS = [[0.0, 1.0], [2.0, 2.0], [-1.0, 0.5]]


def softmax(logits, temperature=1.0):
    powers = [math.exp(value / temperature) for value in logits]
    return [power / sum(powers) for power in powers]


def divergence(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


def mean(values):
    return sum(values) / len(values)


def dot(first, second):
    return sum(a * b for a, b in zip(first, second, strict=True))


def unit(values):
    length = math.sqrt(dot(values, values))
    return [value / length for value in values]


def maps(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_hinton_loss(temperature):
    loss = hinton_loss(torch.tensor(STUDENT), torch.tensor(TEACHER), temperature)
    pairs = [
        divergence(softmax(t, temperature), softmax(s, temperature))
        for s, t in zip(STUDENT, TEACHER, strict=True)
    ]
    assert loss.item() == pytest.approx(temperature**2 * mean(pairs), rel=1e-5)


def test_hinton_loss_by_hand():
    # Teacher (3/4, 1/4), student (1/2, 1/2): KL = ln 2 - H(1/4) = 0.1308 nats, times 2² = 0.5233.
    teacher = torch.tensor([[2 * math.log(3.0), 0.0]])
    loss = hinton_loss(torch.zeros(1, 2), teacher, 2.0)
    assert loss.item() == pytest.approx(4 * (0.75 * math.log(1.5) + 0.25 * math.log(0.5)), rel=1e-5)


def test_equal_logits_have_no_loss():
    logits = maps(0, 5, 7)
    assert hinton_loss(logits, logits.clone(), 4.0).item() == pytest.approx(0, abs=1e-6)
    # Logits that differ by a constant give the same probabilities.
    assert hinton_loss(logits + 3, logits, 4.0).item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 3.0, 20.0])
def test_the_gradient_is_scaled_by_the_squared_temperature(temperature):
    student = torch.tensor(STUDENT, requires_grad=True)
    hinton_loss(student, torch.tensor(TEACHER), temperature).backward()
    q = torch.tensor([softmax(row, temperature) for row in STUDENT])
    p = torch.tensor([softmax(row, temperature) for row in TEACHER])
    # d KL / d s = (q - p) / T for each image; T² and the mean over two images on top.
    torch.testing.assert_close(student.grad, temperature * (q - p) / 2, rtol=1e-4, atol=1e-6)


def test_standardised_logits():
    # Mean 2, deviations -1, 0 and 1, of sample deviation 1.
    expected = torch.tensor([[-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(standardise(torch.tensor([[1.0, 2, 3], [5, 5, 5]])), expected)


def test_teachers_are_joined_by_the_mean_of_their_probabilities():
    first, second = torch.tensor(STUDENT), torch.tensor(TEACHER)
    joined = join_teachers([first, second], 4.0)
    for row, s, t in zip(joined.tolist(), STUDENT, TEACHER, strict=True):
        expected = [mean(pair) for pair in zip(softmax(s, 4.0), softmax(t, 4.0), strict=True)]
        assert softmax(row, 4.0) == pytest.approx(expected, rel=1e-5)
    assert join_teachers([first], 4.0) is first


def test_decoupled_loss():
    targets, temperature = [1, 2], 2.0
    total = 0.0
    for s, t, target in zip(STUDENT, TEACHER, targets, strict=True):
        q, p = softmax(s, temperature), softmax(t, temperature)
        binary = divergence([p[target], 1 - p[target]], [q[target], 1 - q[target]])
        rest = [
            [value / (1 - part[target]) for place, value in enumerate(part) if place != target]
            for part in (p, q)
        ]
        total += 0.5 * binary + 3.0 * divergence(*rest)
    loss = dkd.decoupled_loss(
        torch.tensor(STUDENT), torch.tensor(TEACHER), torch.tensor(targets), temperature, 0.5, 3.0
    )
    assert loss.item() == pytest.approx(temperature**2 * total / 2, rel=1e-5)


@pytest.mark.parametrize(
    ("labels", "beta", "expected"),
    [
        # Of class 0 the teacher gives 1 / (2 + e²), the student e / (e + 2).
        ([0], 0.0, 0.48647),
        # Of the rest the teacher gives class 1 the share e² / (e² + 1), the student one half: a
        # divergence of 0.327813, eight times.
        ([0], 8.0, 3.10897),
        # Without a label the target is the teacher's class, 1: e² / (2 + e²) and 1 / (e + 2).
        ([], 0.0, 0.75378),
    ],
)
def test_decoupled_distillation_by_hand(labels, beta, expected):
    options = {"temperature": 1.0, "alpha": 1.0, "beta": beta, "warm_up": 1}
    student, teacher = torch.tensor([[1.0, 0, 0]]), torch.tensor([[0.0, 2, 0]])
    objective = dkd.Decoupled.__new__(dkd.Decoupled)
    objective.options = options
    batch = Batch(torch.arange(1), torch.tensor(labels, dtype=torch.long), epoch=0)
    assert objective.compare(student, teacher, batch).item() == pytest.approx(expected, rel=1e-4)
    # Beside an image without a label, for which student and teacher agree.
    if labels:
        both = torch.cat([student, teacher]), torch.cat([teacher, teacher])
        found = objective.compare(*both, batch).item()
        assert found == pytest.approx(expected / 2, rel=1e-4)


def test_decoupled_loss_of_logits_far_apart_is_finite():
    student = torch.tensor([[200.0, 0.0, -200.0]], requires_grad=True)
    loss = dkd.decoupled_loss(student, -student.detach(), torch.tensor([0]), 1.0, 1.0, 8.0)
    loss.backward()
    assert loss.isfinite() and student.grad.isfinite().all()


def pearson(x, y):
    x, y = [a - mean(x) for a in x], [b - mean(y) for b in y]
    return dot(x, y) / math.sqrt(dot(x, x) * dot(y, y))


def test_dist_loss():
    q, p = ([softmax(row, 2.0) for row in part] for part in (STUDENT, TEACHER))
    rows = mean([pearson(a, b) for a, b in zip(q, p, strict=True)])
    columns = mean([pearson(a, b) for a, b in zip(zip(*q), zip(*p), strict=True)])  # noqa: B905
    expected = 4 * (3.0 * (1 - rows) + 0.5 * (1 - columns))
    loss = dist.dist_loss(torch.tensor(STUDENT), torch.tensor(TEACHER), 2.0, 3.0, 0.5)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("before", "after"), [((8, 8), (4, 4)), ((7, 5), (3, 2)), ((3, 3), (3, 3))]
)
def test_pooling_is_that_of_torch(before, after):
    values = maps(0, 2, 3, *before)
    expected = F.adaptive_avg_pool2d(values, after)
    torch.testing.assert_close(pool(values, after), expected)


def test_attention():
    values = maps(1, 2, 3, 2, 4)
    result = attention_transfer.attention(values, (2, 2)).tolist()
    for image, found in zip(values.tolist(), result, strict=True):
        squares = []
        for row in range(2):
            for column in range(2):
                pooled = [mean(channel[row][2 * column : 2 * column + 2]) for channel in image]
                squares.append(mean([value**2 for value in pooled]))
        assert found == pytest.approx(unit(squares), rel=1e-5)


def test_similarities():
    result = similarity_preserving.similarities(torch.tensor(ROWS)).tolist()
    for row, found in zip(ROWS, result, strict=True):
        assert found == pytest.approx(unit([dot(row, other) for other in ROWS]), rel=1e-5)


def test_congruence_loss():
    student, teacher = torch.tensor(ROWS), torch.tensor(ROWS).flip(1) + 0.5
    differences = (student - teacher).abs().tolist()
    expected = mean([dot(a, b) for a, b in zip(differences, differences[1:], strict=False)])
    loss = correlation_congruence.congruence_loss(student, teacher)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_relations():
    distances, cosines = relational.relations(torch.tensor(ROWS))
    between = [[math.dist(a, b) for b in ROWS] for a in ROWS]
    scale = mean([value for row in between for value in row if value > 0])
    for first, row in enumerate(distances.tolist()):
        assert row == pytest.approx([value / scale for value in between[first]], rel=1e-5)
    for i, anchor in enumerate(ROWS):
        for j, one in enumerate(ROWS):
            for k, other in enumerate(ROWS):
                expected = 0.0
                if i not in (j, k):
                    sides = [[a - b for a, b in zip(p, anchor, strict=True)] for p in (one, other)]
                    expected = dot(*map(unit, sides))
                assert cosines[i, j, k].item() == pytest.approx(expected, abs=1e-5)


def test_relations_of_equal_images_are_finite():
    rows = torch.ones(3, 4, requires_grad=True)
    distances, cosines = relational.relations(rows)
    (distances.sum() + cosines.sum()).backward()
    assert not distances.any() and not cosines.any()
    assert rows.grad.isfinite().all()


def test_relations_of_two_equal_rows_have_bounded_derivatives():
    rows = torch.tensor([ROWS[0], ROWS[0], *ROWS[1:]], requires_grad=True)
    distances, cosines = relational.relations(rows)
    targets = torch.linspace(-1, 1, cosines.numel()).view_as(cosines)
    (distances.sum() + (cosines - targets).square().sum()).backward()
    assert 0 < rows.grad.abs().max() < 1000


def test_probabilistic_transfer():
    def probabilities(rows):
        similar = [[(dot(unit(a), unit(b)) + 1) / 2 for b in rows] for a in rows]
        return [[value / sum(row) for value in row] for row in similar]

    terms = [
        p * math.log((p + 1e-7) / (q + 1e-7))
        for ps, qs in zip(probabilities(OTHER_ROWS), probabilities(ROWS), strict=True)
        for p, q in zip(ps, qs, strict=True)
    ]
    student, teacher = (pkt.neighbour_probabilities(torch.tensor(x)) for x in (ROWS, OTHER_ROWS))
    assert pkt.divergence(student, teacher).item() == pytest.approx(mean(terms), rel=1e-4)


def test_discrepancy():
    student, teacher = maps(2, 2, 3, 2, 2), maps(3, 2, 2, 2, 2)

    def kernel(first, second):
        terms = []
        for a, b in zip(first.flatten(2).tolist(), second.flatten(2).tolist(), strict=True):
            terms += [dot(unit(x), unit(y)) ** 2 for x in a for y in b]
        return mean(terms)

    expected = kernel(teacher, teacher) + kernel(student, student) - 2 * kernel(student, teacher)
    assert nst.discrepancy(student, teacher).item() == pytest.approx(expected, rel=1e-5)
    assert nst.discrepancy(student, student).item() == pytest.approx(0, abs=1e-6)


def test_likelihood():
    means, variances, target = maps(4, 2, 2, 1, 2), [0.5, 2.0], maps(5, 2, 2, 1, 2)
    terms = []
    for image in range(2):
        for channel in range(2):
            for column in range(2):
                place = image, channel, 0, column
                error = (means[place] - target[place]).item() ** 2 / variances[channel]
                terms.append((error + math.log(variances[channel])) / 2)
    loss = vid.likelihood_loss(means, torch.tensor(variances), target)
    assert loss.item() == pytest.approx(mean(terms), rel=1e-5)


def test_a_variance_starts_where_it_should():
    _, variances = vid.Regression(3, 4, 5.0)(maps(0, 2, 3, 2, 2))
    torch.testing.assert_close(variances, torch.full((4,), 5.0))


def test_a_regressor_normalises_and_cuts_off_what_is_negative():
    regressor = fitnet.regressor(3, 2)
    values = maps(6, 4, 3, 2, 2)
    convolved = torch.einsum("bchw,oc->bohw", values, regressor[0].weight[:, :, 0, 0])
    centred = convolved - convolved.mean((0, 2, 3), keepdim=True)
    deviation = (centred.square().mean((0, 2, 3), keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(regressor(values), (centred / deviation).clamp(min=0))


def test_contrast_loss():
    probabilities = [[0.7, 0.1, 0.02], [0.05, 0.3, 0.2]]
    noise = 2 / 10
    terms = [
        math.log(own / (own + noise + 1e-7))
        + sum(math.log(noise / (p + noise + 1e-7)) for p in others)
        for own, *others in probabilities
    ]
    loss = crd.contrast_loss(torch.tensor(probabilities), 10)
    assert loss.item() == pytest.approx(-mean(terms), rel=1e-5)
    # The first alone: log(9 / 7) of its own, log(3 / 2) and log(11 / 10) of the negatives.
    loss = crd.contrast_loss(torch.tensor(probabilities[:1]), 10)
    assert loss.item() == pytest.approx(0.752091, rel=1e-5)


def test_after_a_step_the_memory_moves_to_what_was_seen():
    memory = crd.Memory(5, 2)
    memory.student[3] = memory.teacher[3] = torch.tensor([1.0, 0.0])
    before = memory.student.clone()
    seen = [torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, -1.0]])]
    objective = crd.Contrastive.__new__(crd.Contrastive)
    objective.options, objective.average = {"memory_momentum": 0.25}, None
    objective._seen = [(memory, torch.tensor([3]), seen)]
    objective.after_step(None)
    # A quarter of (1, 0) and three quarters of (0, ±1), at unit length.
    torch.testing.assert_close(memory.student[3], torch.tensor([1.0, 3.0]) / math.sqrt(10))
    torch.testing.assert_close(memory.teacher[3], torch.tensor([1.0, -3.0]) / math.sqrt(10))
    others = [0, 1, 2, 4]
    assert torch.equal(memory.student[others], before[others])
    assert before.abs().max() <= math.sqrt(1.5)  # ±1 / sqrt(dimensions / 3)
    objective.after_step(None)  # which saw nothing
    torch.testing.assert_close(memory.student[3], torch.tensor([1.0, 3.0]) / math.sqrt(10))
