"""Replayed passes beside the plain ones: the same bits.

Only a GPU has graphs. Without one, what stands for them has their memory (`helpers.graphs`).
"""

import numpy as np
import pytest
import torch
from torch import nn

from helpers.graphs import graphed
from helpers.outputs import read_model
from limbeck.embeddings import Neighbours, ivis_torch
from limbeck.runtime.cuda_graphs import Replayed
from limbeck.runtime.devices import computing, select_device
from limbeck.training import trainer


@pytest.fixture
def replays():
    """Return a list that grows with each replay."""
    return []


@pytest.fixture
def captured(device, monkeypatch, replays):
    """Return a list that grows with each capture."""
    captures, make = [], torch.cuda.make_graphed_callables
    if device == "cpu":
        make, fork = graphed, torch.random.fork_rng
        monkeypatch.setattr(torch.random, "fork_rng", lambda devices: fork([]))

    def noting(call, values):
        captures.append(values[0].shape)
        replay = make(call, values)

        def counted(given, *parameters):
            replays.append(given.shape)
            return replay(given, *parameters)

        return counted

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", noting)
    return captures


@pytest.fixture
def modules(device):
    """Return two copies of a module that has statistics and draws random numbers."""

    def new():
        torch.manual_seed(0)
        layers = nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Dropout(0.5), nn.Linear(5, 2)
        return nn.Sequential(*layers).to(select_device(device))

    return new(), new()


@pytest.fixture
def batches(device):
    """Return a function that draws batches of these sizes."""

    def draw(*sizes):
        torch.manual_seed(2)
        return [torch.randn(size, 6, device=device) for size in sizes]

    return draw


def same(left, right):
    return left.keys() == right.keys() and all(map(torch.equal, left.values(), right.values()))


def passes(call, module, batches):
    """Pass batches; return all gradients, what the module is then and the next random numbers."""
    torch.manual_seed(1)
    gradients = []
    for batch in batches:
        module.zero_grad(set_to_none=True)
        with computing("bfloat16", batch.device):
            loss = call(batch).square().sum()
        loss.backward()
        gradients += [parameter.grad.clone() for parameter in module.parameters()]
    return gradients, module.state_dict(), torch.rand(3, device=batches[0].device)


def test_replays_have_the_bits_of_plain_passes(modules, batches, captured, replays):
    plain, other = modules
    drawn = batches(8, 8, 8, 3, 8, 3, 3, 3, 8, 8)
    expected, weights, random = passes(plain, plain, drawn)
    gradients, found, numbers = passes(Replayed(other), other, drawn)
    assert captured == [(8, 6), (3, 6)]
    assert replays == [(size, 6) for size in (8, 8, 8, 3, 3, 8, 8)]
    assert all(map(torch.equal, gradients, expected))
    assert same(found, weights)
    assert torch.equal(numbers, random)


def test_a_pass_before_the_gradients_of_the_last_is_not_replayed(modules, batches, captured):
    plain, other = modules
    first, second, third, fourth = batches(8, 8, 8, 8)
    for call, module in ((plain, plain), (Replayed(other), other)):
        torch.manual_seed(3)
        for batch in (first, second):
            call(batch).square().sum().backward()
        module.zero_grad(set_to_none=True)
        (call(third).square().sum() + call(fourth).square().sum()).backward()
    assert captured == [(8, 6)]
    gradients = [[parameter.grad for parameter in module.parameters()] for module in modules]
    assert all(map(torch.equal, *gradients))


def test_passes_without_gradient_are_not_replayed(modules, batches, captured):
    replayed, (batch,) = Replayed(modules[1]), batches(8)
    with torch.no_grad():
        for _ in range(3):
            replayed(batch)
    assert captured == []
    # Nor do they stand between passes that are.
    for _ in range(2):
        replayed(batch).square().sum().backward()
        with torch.no_grad():
            replayed(batch[:4])
    assert captured == [(8, 6)]


def test_passes_of_an_evaluated_module_are_not_replayed(modules, batches, captured, replays):
    plain, other = modules
    replayed, (batch,) = Replayed(other), batches(8)
    for _ in range(2):
        replayed(batch).square().sum().backward()
    plain.load_state_dict(other.state_dict())
    other.eval()
    assert replays == [(8, 6)]
    assert torch.equal(plain.eval()(batch), replayed(batch))
    assert same(plain.state_dict(), other.state_dict())
    assert replays == [(8, 6)]


@pytest.mark.parametrize(
    "changes",
    [
        {"augmentation": "flip"},
        {"augmentation": "flip", "precision": "bfloat16"},
        {"augmentation": "crop", "crop_padding": 2, "ema_decay": 0.9},
        {"objective": "pi_model"},
        {"objective": "mean_teacher", "ema_decay": 0.9},
        {"objective": "mixmatch"},
        {"objective": "fixmatch"},
        {"objective": "pseudo_label"},
    ],
    ids=lambda changes: "-".join(map(str, changes.values())),
)
def test_a_training_has_the_bits_of_one_without_graphs(
    run_training, method_settings, tmp_path, captured, monkeypatch, changes
):
    settings = method_settings(**{"batch_size": 20, "steps": 7, "epochs": None, **changes})
    networks = []
    for name, wrapped in (("plain", lambda network: network), ("replayed", Replayed)):
        assert captured == []
        monkeypatch.setattr(
            trainer, "passes_in_training", lambda network, *_, wrap=wrapped: wrap(network)
        )
        networks.append(read_model(run_training(tmp_path / name, settings)))
    assert len(captured) == 1
    assert same(*(network["state"] for network in networks))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_tf32_has_the_bits_of_one_without_graphs(
    run_training, method_settings, tmp_path, captured, monkeypatch
):
    settings = method_settings(precision="tf32", batch_size=20, steps=7, epochs=None)
    replayed = read_model(run_training(tmp_path / "replayed", settings))
    monkeypatch.setattr(trainer, "Replayed", lambda network: network)
    plain = read_model(run_training(tmp_path / "plain", settings))
    assert captured == [(20, 1, 8, 8)]
    assert same(replayed["state"], plain["state"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_ivis_has_the_bits_of_one_without_graphs(captured, monkeypatch):
    points = np.random.default_rng(0).random((300, 1500), np.float32)
    indices = (np.arange(300)[:, None] + np.arange(1, 16)) % 300
    graph = Neighbours(indices, np.ones_like(indices, np.float32))
    settings = {
        **{"k": 15, "network": "szubert", "margin": 1, "batch_size": 64},
        **{"epochs": 4, "epochs_without_progress": 4},
    }
    mapping, losses = ivis_torch.fit(points, graph, settings, 0, "cuda")
    assert captured == [(3, 64)]
    monkeypatch.setattr(ivis_torch, "Replayed", lambda module: module)
    other, expected = ivis_torch.fit(points, graph, settings, 0, "cuda")
    assert losses.tolist() == expected.tolist()
    assert mapping.transform(points).tolist() == other.transform(points).tolist()
