"""Folds that are trained together: the same images and, but for rounding, the same weights."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import resnet

from limbeck.inference import write_teacher_logits
from limbeck.models.network import Network, build_network
from limbeck.models.stack import NetworkStack
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages.split_dataset import split_dataset
from limbeck.study.method_settings import is_packable
from limbeck.training.loop import Run, train
from limbeck.training.objectives import TrainingData, build_objective

ATTRIBUTES = {"class_names": ["a", "b", "c"], "mean": [0.5] * 3, "std": [0.25] * 3}
CHANGES = {
    "cross_entropy": {"augmentation": "crop_flip", "crop_padding": 2, "batch_size": 20},
    "average": {"augmentation": "flip", "batch_size": 20, "ema_decay": 0.9},
    "distillation": {
        "objective": "distillation",
        "teacher": "teacher",
        "temperature": 4.0,
        "augmentation": "flip",
        "batch_size": 256,
    },
}


@pytest.fixture
def two_networks(method_settings):
    """Return a function that builds two networks of different weights, in training mode."""

    def build(model):
        if model == "small_resnext":
            layout = {"groups": 4, "width_per_group": 8, "num_classes": 3}
            backbone = resnet.ResNet(resnet.Bottleneck, [1, 1, 1, 1], **layout)
            return Network(backbone, ATTRIBUTES["mean"], ATTRIBUTES["std"], None, {}).train()
        settings = method_settings(model=model, input_size=12)
        return build_network(settings, ATTRIBUTES, 3).train()

    torch.manual_seed(2)
    return lambda model: [build(model) for _ in range(2)]


@pytest.fixture(scope="session")
def folds(digits, split, trained, teacher_logits, tmp_path_factory):
    """Return the splits and the teacher's logits of two folds of the digits."""
    folder = tmp_path_factory.mktemp("folds")
    other, logits = folder / "fold-1.csv", folder / "teacher_logits.zarr"
    split_dataset(digits, 50, 1, 0, other)
    write_teacher_logits(digits, other, trained / "model.pt", "cpu", logits)
    return [(split, teacher_logits), (other, logits)]


@pytest.fixture
def train_folds(digits, folds):
    """Return a function that trains some of the folds together into a folder."""

    def run(folder, settings, numbers):
        distils = settings.objective == "distillation"
        runs = [
            Run(
                split=folds[number][0],
                teacher_logits=folds[number][1] if distils else None,
                identity={"study": "test", "method": "m", "budget": 50, "fold": number},
                seed=7 + number,
                model=folder / f"{number}.pt",
                history=folder / f"{number}.csv",
            )
            for number in numbers
        ]
        train(
            dataset=digits,
            runs=runs,
            settings=settings,
            device="cpu",
            checkpoint=folder / "checkpoint.pt",
        )

    return run


# The stack


@pytest.mark.parametrize("model", ["wrn_10_1", "small_resnext"])
def test_a_stack_computes_what_its_networks_do(model, two_networks):
    alone = [network.double() for network in two_networks(model)]
    stack = NetworkStack(alone)
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, 4, 3, 8, 8), generator=generator, dtype=torch.uint8)
    labels = torch.tensor([[0, 2, 1, 1], [2, 2, 0, 1]])
    logits = stack(images)
    F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum").backward()
    gradients = {name: value.grad for name, value in stack.network.named_parameters()}
    for number, network in enumerate(alone):
        expected = network(images[number])
        F.cross_entropy(expected, labels[number], reduction="sum").backward()
        torch.testing.assert_close(logits[number], expected, rtol=1e-5, atol=1e-5)
        for name, value in network.named_parameters():
            part = gradients[name].chunk(2)[number]
            torch.testing.assert_close(part, value.grad, rtol=1e-4, atol=1e-5, msg=name)
    # One step in training mode has moved the statistics of batch normalisation alike.
    expected = [{k: v.clone() for k, v in network.state_dict().items()} for network in alone]
    for network, state in zip(stack.split(), expected, strict=True):
        for name, value in network.state_dict().items():
            torch.testing.assert_close(value, state[name], msg=name)


def test_a_stack_keeps_channels_last_in_memory(two_networks):
    stack = NetworkStack(two_networks("wrn_10_1"))
    weight = stack.network.backbone.group1[0].conv1.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


# What folds see


class Recorder(nn.Module):
    """Keeps the images that it saw and gives logits that depend on nothing."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, images):
        self.seen.append(images.clone())
        return torch.zeros(*images.shape[:-3], 3)


@pytest.mark.parametrize("objective", ["cross_entropy", "distillation"])
def test_each_fold_sees_the_images_that_it_sees_alone(objective, method_settings):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (30, 3, 8, 8), generator=generator, dtype=torch.uint8)
    splits = [torch.arange(30).roll(7 * fold).split([10, 20]) for fold in range(3)]
    logits = torch.randn(3, 20, 2, 3, generator=generator)
    settings = method_settings(**CHANGES[objective] | {"batch_size": 4})

    def seen(**parts):
        data = TrainingData(images=images, labels=torch.arange(30) % 3, **parts)
        network = Recorder()
        objective = build_objective(data, settings, network)
        losses = [step(network).loss for _ in range(2) for step in objective.epoch(0)]
        return network.seen, torch.stack(losses)

    labelled, unlabelled = (torch.stack(rows) for rows in zip(*splits, strict=True))
    generators = [torch.Generator().manual_seed(5 + fold) for fold in range(3)]
    together, losses = seen(
        labelled=labelled,
        unlabelled=unlabelled,
        teacher_logits=logits.flatten(0, 1),
        generators=generators,
    )
    for fold, (its_labelled, its_unlabelled) in enumerate(splits):
        torch.manual_seed(5 + fold)
        alone, its_losses = seen(
            labelled=its_labelled, unlabelled=its_unlabelled, teacher_logits=logits[fold]
        )
        assert len(alone) == (16 if objective == "distillation" else 6)
        for several, one in zip(together, alone, strict=True):
            assert torch.equal(several[fold], one)
        torch.testing.assert_close(losses[:, fold], its_losses)


# Whole trainings


@pytest.mark.parametrize("name", CHANGES)
def test_folds_trained_together_are_those_trained_alone(
    name, train_folds, method_settings, tmp_path
):
    settings = method_settings(**CHANGES[name], epochs=None, steps=4, weight_decay=0.01)
    train_folds(tmp_path / "together", settings, [0, 1])
    weights = []
    for number in (0, 1):
        train_folds(tmp_path / "alone", settings, [number])
        together, alone = (
            torch.load(tmp_path / folder / f"{number}.pt", weights_only=True)
            for folder in ("together", "alone")
        )
        weights.append(alone["state"]["backbone.conv1.weight"])
        assert {key: together[key] for key in alone if key not in ("state", "hash")} == {
            key: alone[key] for key in alone if key not in ("state", "hash")
        }
        for key, value in alone["state"].items():
            torch.testing.assert_close(together["state"][key], value, rtol=1e-5, atol=2e-6, msg=key)
        rows, expected = (
            storage.read_rows(tmp_path / folder / f"{number}.csv")
            for folder in ("together", "alone")
        )
        for column in ("epoch", "loss", "accuracy", "learning_rate"):
            np.testing.assert_allclose(
                [float(row[column]) for row in rows],
                [float(row[column]) for row in expected],
                rtol=1e-4,
            )
    assert (weights[0] - weights[1]).abs().max() > 0.1  # the folds can be told apart
    assert sorted(path.name for path in (tmp_path / "together").iterdir()) == [
        *("0.csv", "0.pt", "1.csv", "1.pt")
    ]


def test_folds_share_the_seconds_evenly(train_folds, method_settings, tmp_path):
    train_folds(tmp_path, method_settings(batch_size=20), [0, 1])
    first, second = (storage.read_rows(tmp_path / f"{number}.csv") for number in (0, 1))
    assert [row["seconds"] for row in first] == [row["seconds"] for row in second]
    for row in first:
        assert float(row["images_per_second"]) * float(row["seconds"]) == pytest.approx(50)


@pytest.mark.parametrize("name", ["average", "distillation"])
def test_folds_stopped_at_any_step_end_with_the_same_bits(
    name, train_folds, method_settings, stop_after, tmp_path, caplog
):
    caplog.set_level("INFO")
    settings = method_settings(**CHANGES[name])
    with stop_after(4):
        train_folds(tmp_path / "stopped", settings, [0, 1])
    assert [path.name for path in (tmp_path / "stopped").iterdir()] == ["checkpoint.pt"]
    torch.manual_seed(999)
    train_folds(tmp_path / "stopped", settings, [0, 1])
    place = "epoch 2, after 1 steps" if name == "average" else "epoch 1, after 4 steps"
    assert f"resuming in {place}" in caplog.text
    train_folds(tmp_path / "whole", settings, [0, 1])
    for number in (0, 1):
        stopped, whole = (
            torch.load(tmp_path / folder / f"{number}.pt", weights_only=True)
            for folder in ("stopped", "whole")
        )
        assert stopped["hash"] == whole["hash"]


def test_a_fold_alone_does_not_go_on_from_the_folds_together(
    train_folds, method_settings, stop_after, tmp_path, caplog
):
    settings = method_settings(**CHANGES["average"])
    with stop_after(2):
        train_folds(tmp_path, settings, [0, 1])
    train_folds(tmp_path, settings, [0])
    assert "of other settings, data or code; starting anew" in caplog.text


# Errors


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "densenet121"},
        {
            **{"objective": "pi_model", "unlabelled_ratio": 2, "unlabelled_weight": 1.0},
            **{"batch_size": 20},
        },
    ],
)
def test_folds_that_cannot_be_trained_together_are_an_error(
    changes, train_folds, method_settings, tmp_path
):
    settings = method_settings(**changes)
    assert not is_packable(settings.objective, settings.model)
    with pytest.raises(InputError) as caught:
        train_folds(tmp_path, settings, [0, 1])
    assert str(caught.value).startswith(f"--fold: 2 folds of objective {settings.objective}")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_folds_of_different_budgets_are_an_error(digits, split, method_settings, tmp_path):
    larger = tmp_path / "larger.csv"
    split_dataset(digits, 100, 1, 0, larger)
    runs = [
        Run(path, None, {"fold": fold}, fold, tmp_path / f"{fold}.pt", tmp_path / f"{fold}.csv")
        for fold, path in enumerate([split, larger])
    ]
    with pytest.raises(InputError, match=r"--split: \[50, 100\] labelled images"):
        train(
            dataset=digits,
            runs=runs,
            settings=method_settings(),
            device="cpu",
            checkpoint=tmp_path / "checkpoint.pt",
        )
    assert [path.name for path in tmp_path.iterdir()] == ["larger.csv"]
