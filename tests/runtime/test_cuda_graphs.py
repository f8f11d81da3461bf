"""Replayed passes beside the plain ones: the same bits. Only a GPU has graphs."""

import numpy as np
import pytest
import torch
from torch import nn

from helpers.outputs import read_model
from limbeck.embeddings import Neighbours, ivis_torch
from limbeck.runtime.cuda_graphs import Replayed
from limbeck.runtime.devices import computing, select_device
from limbeck.training import trainer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


@pytest.fixture
def captured(monkeypatch):
    """Return a list that grows with each capture."""
    captures, make = [], torch.cuda.make_graphed_callables

    def noting(call, values, **options):
        captures.append(values[0].shape)
        return make(call, values, **options)

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", noting)
    return captures


@pytest.fixture
def modules():
    """Return two copies of a module that has statistics and draws random numbers."""

    def new():
        torch.manual_seed(0)
        layers = nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Dropout(0.5), nn.Linear(5, 2)
        return nn.Sequential(*layers).to(device)

    device = select_device("cuda")
    return new(), new()


def states(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(left, right):
    return left.keys() == right.keys() and all(
        torch.equal(left[name], right[name]) for name in left
    )


def passes(call, module, batches):
    """Pass batches; return all gradients, what the module is then and the generator's state."""
    torch.manual_seed(1)
    gradients = []
    for batch in batches:
        module.zero_grad(set_to_none=True)
        with computing("bfloat16", batch.device):
            loss = call(batch).square().sum()
        loss.backward()
        gradients += [parameter.grad.clone() for parameter in module.parameters()]
    return gradients, states(module), torch.cuda.get_rng_state()


def test_replays_have_the_bits_of_plain_passes(modules, captured):
    plain, other = modules
    torch.manual_seed(2)
    sizes = [8, 8, 8, 3, 8, 3, 3, 3, 8, 8]
    batches = [torch.randn(size, 6, device="cuda") for size in sizes]
    expected, weights, random = passes(plain, plain, batches)
    gradients, found, state = passes(Replayed(other), other, batches)
    assert captured == [(8, 6), (3, 6)]
    assert all(map(torch.equal, gradients, expected))
    assert same(found, weights)
    assert torch.equal(state, random)


def test_a_pass_before_the_gradients_of_the_last_is_not_replayed(modules, captured):
    plain, other = modules
    replayed = Replayed(other)
    batches = [torch.randn(8, 6, device="cuda") for _ in range(4)]
    for call, module in ((plain, plain), (replayed, other)):
        torch.manual_seed(3)
        for batch in batches[:2]:
            call(batch).square().sum().backward()
        module.zero_grad(set_to_none=True)
        (call(batches[2]).square().sum() + call(batches[3]).square().sum()).backward()
    assert captured == [(8, 6)]
    gradients = [[parameter.grad for parameter in module.parameters()] for module in modules]
    assert all(map(torch.equal, *gradients))


def test_passes_without_gradient_are_not_replayed(modules, captured):
    replayed = Replayed(modules[1])
    batch = torch.randn(8, 6, device="cuda")
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


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_a_training_has_the_bits_of_one_without_graphs(
    run_training, method_settings, tmp_path, captured, monkeypatch, precision
):
    settings = method_settings(precision=precision, augmentation="flip", batch_size=20, epochs=8)
    replayed = read_model(run_training(tmp_path / "replayed", settings))
    assert captured == [(20, 1, 8, 8)]
    monkeypatch.setattr(trainer, "Replayed", lambda network: network)
    plain = read_model(run_training(tmp_path / "plain", settings))
    assert captured == [(20, 1, 8, 8)]
    assert same(replayed["state"], plain["state"])


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
