"""What methods minimise: batches, mirror images, the labels, the order in which images are seen."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from limbeck.networks.network import build_network
from limbeck.runtime.devices import computing
from limbeck.study.epochs import count_batches
from limbeck.study.objectives import OBJECTIVES
from limbeck.training.augmentation import random_flip
from limbeck.training.objectives import build_objective, mixmatch
from limbeck.training.objectives.base import TrainingData, shuffled_batches
from limbeck.training.objectives.cross_entropy import CrossEntropy
from limbeck.training.teacher import CachedTeacher, LiveTeacher

aten = torch.ops.aten


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


ATTRIBUTES = {"class_names": ["a", "b", "c"], "mean": [0.5], "std": [0.25]}
LABELLED = [0, 3, 4, 8, 11, 13]
UNLABELLED = [row for row in range(32) if row not in LABELLED]


@pytest.fixture
def network_of(method_settings):
    """Return a function that builds a tiny network from a seed."""

    def build(seed):
        torch.manual_seed(seed)
        return build_network(method_settings(), ATTRIBUTES, 1)

    return build


@pytest.fixture
def data_for(network_of):
    """Return a function that gives images, whose upper left corner is their row, and a teacher."""

    def build(objective, augmentation):
        generator = torch.Generator().manual_seed(0)
        images = torch.randint(40, 250, (32, 1, 8, 8), generator=generator, dtype=torch.uint8)
        images[:, 0, 0, 0] = torch.arange(32, dtype=torch.uint8)
        labels = torch.full((32,), 999)  # reading the label of an unlabelled image would fail
        labels[LABELLED] = torch.tensor([0, 1, 2, 0, 2, 2])
        teacher, needed = None, OBJECTIVES[objective].teacher
        if needed == "logits" and augmentation in ("none", "flip"):
            logits = torch.randn(32, 2, 3, generator=generator)
            teacher = CachedTeacher(torch.arange(32), 32, [logits])
        elif needed:
            teacher = LiveTeacher([network_of(5)], ["float32"])
        rows = (torch.tensor(rows) for rows in (LABELLED, UNLABELLED))
        return TrainingData(images, labels, *rows, teacher)

    return build


def settings_of(method_settings, objective, **changes):
    options = changes.pop("options", {})
    if OBJECTIVES[objective].teacher in ("arrays", "live"):
        options = {"temperature": 4.0} | options
    if objective == "crd":
        options = {"negatives": 5, "dimensions": 4} | options
    general = {"ema_decay": 0.9} if objective == "mean_teacher" else {}
    keys = {"batch_size": 3, "augmentation": "flip", **general, **changes}
    return method_settings(objective=objective, options=options, **keys)


TRAINED = [name for name, objective in OBJECTIVES.items() if objective.trains]
SUPERVISED = [name for name in TRAINED if not OBJECTIVES[name].unlabelled]


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


@pytest.mark.parametrize("augmentation", ["flip", "crop_flip"])
@pytest.mark.parametrize("objective", SUPERVISED)
def test_steps_read_nothing_back_from_the_device(
    objective, augmentation, data_for, network_of, method_settings
):
    padding = 1 if augmentation == "crop_flip" else None
    settings = settings_of(
        method_settings, objective, augmentation=augmentation, crop_padding=padding
    )
    network = network_of(1).train()
    built = build_objective(data_for(objective, augmentation), settings, network)
    for step in built.epoch(0):
        with NothingReadBack():
            step(network).loss.backward()
            built.after_step(network)


@pytest.mark.parametrize("objective", TRAINED)
def test_every_weight_has_a_gradient_in_bfloat16(objective, data_for, network_of, method_settings):
    network = network_of(1).train()
    settings = settings_of(method_settings, objective)
    first, *_ = build_objective(data_for(objective, "flip"), settings, network).epoch(0)
    with computing("bfloat16", torch.device("cpu")):
        first(network).loss.backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


class Recorder:
    """Keeps the rows of the images that a network was given while it was trained."""

    def __init__(self, network):
        self.rows = []
        network.register_forward_pre_hook(self.record)

    def record(self, module, given):
        if module.training:
            corners = torch.minimum(given[0][:, 0, 0, 0], given[0][:, 0, 0, -1])
            self.rows.append(corners.tolist())


@pytest.mark.parametrize("objective", TRAINED)
def test_all_objectives_see_the_labelled_images_in_the_same_first_order(
    objective, data_for, network_of, method_settings, monkeypatch
):
    def unmixed(count, alpha):
        return torch.ones(count), torch.arange(count)

    monkeypatch.setattr(mixmatch, "draw_mixture", unmixed)
    settings = settings_of(method_settings, objective, options={})
    data, network = data_for(objective, "flip"), network_of(1).train()
    torch.manual_seed(3)
    built = build_objective(data, settings, network)
    recorder = Recorder(network)
    for step in built.epoch(0)[:2]:
        step(network)
    torch.manual_seed(3)
    expected = [rows.tolist() for rows in shuffled_batches(torch.tensor(LABELLED), 3)]
    passes = recorder.rows[1::2] if objective == "mixmatch" else recorder.rows
    assert [rows[:3] for rows in passes] == expected[: built.steps_per_epoch()]


def test_cross_entropy_of_a_step_by_hand(data_for, method_settings):
    class Constant(nn.Module):
        def forward(self, images):
            return torch.tensor([0.5, -1.0, 2.0]).expand(len(images), 3)

    logarithm = math.log(math.exp(0.5) + math.exp(-1) + math.exp(2))
    # Labels 0, 1, 2, 0, 2, 2 of logits 0.5, -1, 2: those of the labels have the mean 1, all 0.5.
    for smoothing, expected in ((0.0, 1.0), (0.3, 0.7 * 1.0 + 0.3 * 0.5)):
        settings = method_settings(batch_size=8, options={"smoothing": smoothing})
        objective = CrossEntropy(data_for("cross_entropy", "none"), settings, Constant())
        (step,) = objective.epoch(0)
        result = step(Constant())
        assert result.loss.item() == pytest.approx(logarithm - expected, rel=1e-5)
        assert int(result.correct) == 3
        assert (result.images, result.labelled) == (6, 6)
