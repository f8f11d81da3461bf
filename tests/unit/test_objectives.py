"""What methods minimise: the distillation loss, batches, mirror images, cached teacher logits."""

import math

import numpy as np
import pytest
import torch
from stored import samples_of
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from limbeck.data.datasets import Dataset
from limbeck.data.splits import read_split
from limbeck.models.network import build_network, load_network
from limbeck.runtime import storage
from limbeck.stages.teacher_logits import teacher_logits
from limbeck.training.augmentation import random_flip
from limbeck.training.objectives import build_objective
from limbeck.training.objectives.base import TrainingData, count_batches, shuffled_batches
from limbeck.training.objectives.cross_entropy import CrossEntropy
from limbeck.training.objectives.distillation import Distillation, distillation_loss

aten = torch.ops.aten


def softmax(logits):
    powers = [math.exp(value) for value in logits]
    return [power / sum(powers) for power in powers]


def hinton_loss(student, teacher, temperature):
    """Compute T² · KL(teacher ‖ student), the mean over the batch, in plain loops."""
    total = 0.0
    for s, t in zip(student, teacher, strict=True):
        p = softmax([float(value) / temperature for value in t])
        q = softmax([float(value) / temperature for value in s])
        total += sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    return temperature**2 * total / len(student)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_distillation_loss_is_that_of_plain_loops(temperature):
    student = [[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]
    teacher = [[2.0, 0.0, 1.0], [-1.0, 4.0, 0.5]]
    loss = distillation_loss(torch.tensor(student), torch.tensor(teacher), temperature)
    assert loss.item() == pytest.approx(hinton_loss(student, teacher, temperature), rel=1e-5)


def test_distillation_loss_by_hand():
    # Teacher (3/4, 1/4), student (1/2, 1/2): KL = ln 2 - H(1/4) = 0.1308 nats, times 2² = 0.5233.
    teacher = torch.tensor([[2 * math.log(3.0), 0.0]])
    loss = distillation_loss(torch.zeros(1, 2), teacher, 2.0)
    assert loss.item() == pytest.approx(4 * (0.75 * math.log(1.5) + 0.25 * math.log(0.5)), rel=1e-5)


def test_equal_logits_have_no_loss():
    logits = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))
    assert distillation_loss(logits, logits.clone(), 4.0).item() == pytest.approx(0, abs=1e-6)
    # Logits that differ by a constant give the same probabilities.
    assert distillation_loss(logits + 3, logits, 4.0).item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 3.0, 20.0])
def test_gradient_is_scaled_by_the_squared_temperature(temperature):
    student = torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]], requires_grad=True)
    teacher = torch.tensor([[2.0, 0.0, 1.0], [-1.0, 4.0, 0.5]])
    distillation_loss(student, teacher, temperature).backward()
    q = np.array([softmax(row / temperature) for row in student.detach().numpy()])
    p = np.array([softmax(row / temperature) for row in teacher.numpy()])
    # d KL / d s = (q - p) / T for each image; T² and the mean over two images on top.
    np.testing.assert_allclose(student.grad, temperature * (q - p) / 2, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("rows", "batch_size", "sizes"),
    [
        (10, 5, [5, 5]),
        (12, 5, [5, 5, 2]),
        (11, 5, [5, 6]),  # a single row left over joins the batch before it
        (3, 2, [3]),
        (3, 5, [3]),
        (5, 5, [5]),
        (6, 5, [6]),
        (4, 1, [1, 1, 1, 1]),
        (1, 5, [1]),
    ],
)
def test_batches_hold_every_row_once(rows, batch_size, sizes):
    given = torch.arange(rows) * 10 + 3
    batches = list(shuffled_batches(given, batch_size))
    assert [len(batch) for batch in batches] == sizes
    assert count_batches(rows, batch_size) == len(sizes)
    assert sorted(torch.cat(batches).tolist()) == given.tolist()


def test_every_pass_has_its_own_order_that_follows_from_the_seed():
    def passes():
        torch.manual_seed(3)
        return [torch.cat(list(shuffled_batches(torch.arange(100), 8))).tolist() for _ in range(2)]

    first, second = passes()
    assert first != second
    assert first != list(range(100))
    assert passes() == [first, second]


def test_random_flip_mirrors_what_it_says():
    torch.manual_seed(0)
    images = torch.arange(4096 * 2 * 2 * 3, dtype=torch.int32).view(4096, 2, 2, 3)
    result, flipped = random_flip(images)
    for before, after, was_flipped in zip(images.numpy(), result.numpy(), flipped, strict=True):
        expected = before[:, :, ::-1] if was_flipped else before
        assert np.array_equal(after, expected)
    # One half of 4096, within five standard deviations of 32.
    assert abs(int(flipped.sum()) - 2048) < 160


def live_logits(model, images):
    network, _ = load_network(model, torch.device("cpu"))
    with torch.no_grad():
        return network(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))).numpy()


def test_cached_logits_are_those_of_the_live_teacher(digits, split, trained, teacher_logits):
    samples = samples_of(Dataset(digits), "train")
    labelled, unlabelled = read_split(split, samples.sample_ids)
    assert (len(labelled), len(unlabelled)) == (50, 1387)
    images = samples.images[unlabelled]
    store = storage.open_store(teacher_logits)
    cached = store["logits"][:]
    assert cached.dtype == np.float32
    assert cached.shape == (1387, 2, 10)
    assert list(store["sample_ids"][:]) == list(samples.sample_ids[unlabelled])
    plain, mirrored = (
        live_logits(trained / "model.pt", view) for view in (images, images[:, :, ::-1])
    )
    np.testing.assert_allclose(cached[:, 0], plain, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(cached[:, 1], mirrored, rtol=1e-4, atol=1e-4)
    assert np.abs(plain - mirrored).max() > 0.1  # the two views can be told apart


def test_writing_teacher_logits_leaves_gradients_on(digits, split, trained, tmp_path):
    with torch.inference_mode(False):
        teacher_logits(digits, split, trained / "model.pt", "cpu", tmp_path / "logits.zarr")
        assert not torch.is_inference_mode_enabled()


UNLABELLED = [1, 2, 5, 6, 7, 9, 10]
LABELLED = [0, 3, 4, 8]


class Recorder(nn.Module):
    """Gives the same logits for all images and keeps the images that it saw."""

    def __init__(self):
        super().__init__()
        self.logits = torch.tensor([0.5, -1.0, 2.0])
        self.seen = []

    def forward(self, images):
        self.seen.append(images)
        return self.logits.expand(len(images), 3)

    def views(self):
        """Return (row, mirrored) of each image of the last pass."""
        corners = self.seen[-1][:, 0, 0, 0].tolist()
        return [(corner % 100, corner >= 100) for corner in corners]


@pytest.fixture
def data():
    """Return images whose upper left corner is their row, or 100 more in the mirror image."""
    rows = torch.arange(11, dtype=torch.uint8)
    left = rows.view(-1, 1, 1, 1).expand(11, 1, 2, 1)
    labels = torch.full((11,), 999)  # reading the label of an unlabelled image would fail
    labels[LABELLED] = torch.tensor([0, 1, 2, 0])
    return TrainingData(
        images=torch.cat([left, left + 100], 3),
        labels=labels,
        labelled=torch.tensor(LABELLED),
        unlabelled=torch.tensor(UNLABELLED),
        teacher_logits=torch.randn(7, 2, 3, generator=torch.Generator().manual_seed(0)),
    )


@pytest.mark.parametrize("augmentation", ["flip", "none"])
def test_distillation_uses_the_logits_of_the_view_that_the_student_sees(
    augmentation, data, method_settings
):
    torch.manual_seed(0)
    settings = method_settings(
        objective="distillation",
        teacher="teacher",
        temperature=4.0,
        batch_size=3,
        augmentation=augmentation,
    )
    student = Recorder()
    objective = Distillation(data, settings, student)
    mirrored = set()
    for _ in range(10):
        results = [step(student) for step in objective.epoch(0)]
        # 4 labelled images in one batch of 3 and the one left over, then 7 unlabelled ones.
        assert [result.images for result in results] == [4, 3, 4]
        assert [result.labelled for result in results] == [4, 0, 0]
        assert objective.steps_per_epoch() == 3
    for _ in range(10):
        rows = []
        for number, step in enumerate(objective.epoch(0)):
            result = step(student)
            views = student.views()
            if number == 0:
                assert sorted(row for row, _ in views) == LABELLED
                continue
            rows += [row for row, _ in views]
            mirrored |= {is_mirrored for _, is_mirrored in views}
            teacher = [data.teacher_logits[UNLABELLED.index(row), int(m)] for row, m in views]
            expected = hinton_loss([student.logits] * len(views), teacher, 4.0)
            assert result.loss.item() == pytest.approx(expected, rel=1e-4)
        assert sorted(rows) == UNLABELLED
    assert mirrored == ({False, True} if augmentation == "flip" else {False})


class NothingReadBack(TorchDispatchMode):
    """Fails on what would make the processor wait for the device."""

    READS = (aten._local_scalar_dense.default, aten.nonzero.default, aten.masked_select.default)

    def __torch_dispatch__(self, operation, types, given=(), keywords=None):
        assert operation not in self.READS
        if operation in (aten.index.Tensor, aten.index_put_.default):
            assert all(rows is None or rows.dtype != torch.bool for rows in given[1])
        return operation(*given, **(keywords or {}))


def test_reading_back_would_be_noticed():
    for read in (torch.Tensor.item, torch.Tensor.nonzero, lambda values: values[values > 0]):
        with pytest.raises(AssertionError), NothingReadBack():
            read(torch.ones(1))


@pytest.mark.parametrize(
    "changes",
    [
        {"augmentation": "crop_flip", "crop_padding": 1},
        {
            **{"objective": "distillation", "teacher": "teacher", "temperature": 4.0},
            "augmentation": "flip",
        },
    ],
    ids=["cross_entropy", "distillation"],
)
def test_steps_read_nothing_back_from_the_device(changes, data, method_settings):
    settings = method_settings(batch_size=4, **changes)
    attributes = {"class_names": ["a", "b", "c"], "mean": [0.5], "std": [0.25]}
    network = build_network(settings, attributes, 1).train()
    objective = build_objective(data, settings, network)
    for step in objective.epoch(0):
        with NothingReadBack():
            step(network).loss.backward()


def test_cross_entropy_of_a_step_by_hand(data, method_settings):
    student = Recorder()
    objective = CrossEntropy(data, method_settings(batch_size=8), student)
    (step,) = objective.epoch(0)
    result = step(student)
    logarithm = math.log(math.exp(0.5) + math.exp(-1) + math.exp(2))
    # Labels 0, 1, 2, 0 of logits 0.5, -1, 2; the largest is that of class 2.
    assert result.loss.item() == pytest.approx(logarithm - (0.5 - 1 + 2 + 0.5) / 4, rel=1e-5)
    assert int(result.correct) == 1
    assert (result.images, result.labelled) == (4, 4)
