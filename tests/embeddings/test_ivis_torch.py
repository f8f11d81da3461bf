"""Ivis in torch: each part against the package's, or by hand."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.preprocessing import MinMaxScaler

from limbeck.embeddings import Neighbours, ivis_torch, triplets
from limbeck.embeddings.ivis_torch import (
    FirstLayer,
    Triplets,
    build_network,
    embed,
    fit,
    pn_loss,
)
from limbeck.runtime.extras import missing_requirements

SETTINGS = {
    "algorithm": "ivis_torch",
    "k": 15,
    "network": "szubert",
    "margin": 1,
    "batch_size": 128,
    "epochs": 15,
    "epochs_without_progress": 5,
}


@pytest.fixture(scope="module")
def digits():
    """Return training and test pixels, their labels, and the training points' graph."""
    pixels, labels = load_digits(return_X_y=True)
    pixels = pixels.astype(np.float32)
    train = pixels[:1200]
    distances, indices = NearestNeighbors(n_neighbors=20).fit(train).kneighbors()
    return train, pixels[1200:], labels[:1200], labels[1200:], Neighbours(indices, distances)


@pytest.fixture(scope="module")
def tf():
    """Return TensorFlow as the package is run with it here."""
    if missing := missing_requirements("ivis"):
        pytest.skip(missing)
    from limbeck.embeddings.ivis import tf

    tf.keras.utils.set_random_seed(0)
    return tf


@pytest.fixture(scope="module")
def package(tf):
    """Return the package's networks and losses."""
    import ivis.nn.losses
    import ivis.nn.network

    return ivis.nn


# --- The parts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("margin", [1, 2.5])
def test_loss_is_the_packages(package, margin):
    points = np.random.default_rng(0).normal(size=(3, 40, 2)).astype(np.float32)
    points[1, :5] = points[0, :5]  # a point that is its own positive
    expected = package.losses.EuclideanPnLoss(margin)(None, points)
    found = pn_loss(*torch.from_numpy(points), margin)
    assert found.item() == pytest.approx(float(expected), rel=1e-6)


def test_loss_by_hand():
    anchors, positives = torch.tensor([[0.0, 0], [0, 0]]), torch.tensor([[3.0, 4], [0, 1]])
    negatives = torch.tensor([[0.0, 2], [0, 10]])
    # First: d(a, p) = 5, d(a, n) = 2, d(p, n) = sqrt(13); second: 1, 10 and 9, far enough.
    expected = ((5 - 2 + 1) + (5 - math.sqrt(13) + 1) + 0 + 0) / 4
    assert pn_loss(anchors, positives, negatives, 1).item() == pytest.approx(expected)


@pytest.mark.parametrize("name", ["szubert", "hinton", "maaten"])
def test_network_is_the_packages(package, name):
    values = np.random.default_rng(1).random((30, 20)).astype(np.float32)
    base = package.network.base_network(name, (20,))
    reference, _ = package.network.triplet_network(base)
    encoder = reference.layers[3]
    network = build_network(name, 20).eval()
    linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    dense = [layer for layer in encoder.layers if layer.weights]
    for ours, theirs in zip(linear, dense, strict=True):
        kernel, bias = (torch.from_numpy(part) for part in theirs.get_weights())
        assert ours.weight.shape == kernel.T.shape
        assert ours.bias.abs().max() == 0 == bias.abs().max()
        if kernel.numel() > 5000:
            # Same distribution: deviation and largest value, of at least 5000 draws each.
            assert ours.weight.std().item() == pytest.approx(kernel.std().item(), rel=0.05)
            assert ours.weight.abs().max().item() == pytest.approx(
                kernel.abs().max().item(), rel=0.1
            )
        with torch.no_grad():
            ours.weight.copy_(kernel.T)
    with torch.no_grad():
        found = network(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(found, encoder(values, training=False).numpy(), atol=1e-5)


def test_dropout_is_the_packages(package):
    base = package.network.base_network("szubert", (20,))
    theirs = [layer for layer in base.layers if not layer.weights]
    ours = [
        layer for layer in build_network("szubert", 20) if isinstance(layer, torch.nn.AlphaDropout)
    ]
    assert [layer.rate for layer in theirs] == [layer.p for layer in ours] == [0.1, 0.1]
    # What is kept and what is dropped become the same two values.
    found = ours[0](torch.ones(10_000)).unique()
    expected = np.unique(theirs[0](np.ones(10_000, np.float32), training=True).numpy())
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


def test_training_is_the_packages(tf, package, digits, monkeypatch):
    """Same weights, same triplets and no dropout: same losses, and the same points at the end."""
    train, *_, graph = digits
    torch.manual_seed(4)
    source = Triplets(torch.from_numpy(triplets.neighbour_rows(len(train), graph, SETTINGS)), 128)
    epochs = [[batch.numpy() for batch in source.epoch()] for _ in range(3)]
    reference, _ = package.network.triplet_network(package.network.base_network("szubert", (64,)))
    encoder = reference.layers[3]
    network = build_network("szubert", 64)
    dense = [layer for layer in encoder.layers if layer.weights]
    linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    for ours, theirs in zip(linear, dense, strict=True):
        ours.weight.data = torch.from_numpy(theirs.get_weights()[0].T.copy())
    for layer in network:
        if isinstance(layer, torch.nn.AlphaDropout):
            layer.p = 0
    for layer in encoder.layers:
        layer.rate = 0
    scaled = MinMaxScaler().fit_transform(train)
    loss = package.losses.EuclideanPnLoss(1)
    reference.compile(tf.keras.optimizers.legacy.Adam(), loss, run_eagerly=True)
    expected = [
        sum(
            reference.train_on_batch(list(scaled[chosen]), np.zeros(chosen.shape[1]))
            * chosen.shape[1]
            for chosen in batches
        )
        for batches in epochs
    ]

    class Prepared:
        def __init__(self, rows, batch_size):
            self.left = iter(epochs)

        def epoch(self):
            return map(torch.from_numpy, next(self.left))

    monkeypatch.setattr(ivis_torch, "build_network", lambda *arguments: network)
    monkeypatch.setattr(ivis_torch, "Triplets", Prepared)
    mapping, losses = fit(train, graph, {**SETTINGS, "epochs": 3}, 0, "cpu")
    assert losses[-1] < 0.7 * losses[0]
    # Rounding grows with every step: 4e-5, 5e-4 and 3e-3 when this was written.
    np.testing.assert_allclose(losses * len(train), expected, rtol=0.01)
    # But for a shift: no loss depends on it, so rounding alone decides on it.
    points, found = encoder(scaled, training=False).numpy(), mapping.transform(train)
    points, found = points - points.mean(axis=0), found - found.mean(axis=0)
    assert np.sqrt(np.square(found - points).mean()) < 0.03 * points.std()


def test_negatives_are_uniform_over_what_is_no_neighbour():
    torch.manual_seed(0)
    rows = torch.tensor(
        [[0, 2, 5], [1, 0, 7], [2, 3, 1], [3, 4, 2], [4, 5, 6], [5, 0, 7], [6, 7, 0], [7, 6, 5]]
    )
    source = Triplets(rows, 4)
    drawn = torch.stack([source.negatives() for _ in range(5000)])
    for point, row in enumerate(rows.tolist()):
        counts = torch.bincount(drawn[:, point], minlength=8)
        assert counts[row].sum() == 0
        others = [other for other in range(8) if other not in row]
        assert chisquare(counts[others].numpy()).pvalue > 0.001


def test_an_epoch_has_every_anchor_once_and_one_rank_a_batch():
    torch.manual_seed(3)
    rows = torch.stack([(torch.arange(10) + step) % 10 for step in range(4)], dim=1)
    orders, ranks = set(), set()
    for _ in range(30):
        batches = list(Triplets(rows, 4).epoch())
        orders.add(tuple(batch[0, 0].item() for batch in batches))
        assert sorted(anchor for batch in batches for anchor in batch[0].tolist()) == list(
            range(10)
        )
        for anchors, positives, _ in batches:
            assert anchors.tolist() == list(range(anchors[0], anchors[-1] + 1))
            (rank,) = set(((positives - anchors) % 10).tolist())
            ranks.add(rank)
    assert {len(order) for order in orders} == {3}
    assert len(orders) == 6  # all orders of three batches
    assert ranks == {0, 1, 2, 3}


# --- The first layer ---------------------------------------------------------------------------


def first_layers():
    """Return a `FirstLayer`, a plain one with the same weights, and values for them."""
    torch.manual_seed(0)
    layer, plain = FirstLayer(700, 16), torch.nn.Linear(700, 16)
    plain.load_state_dict(layer.state_dict())
    return layer, plain, torch.rand(60, 700)


def test_first_layer_in_float32_is_a_linear_one():
    layer, plain, values = first_layers()
    # Two thirds of the points have no gradient.
    factors = (torch.arange(60) % 3 == 0).float()[:, None] * torch.randn(60, 16)
    for each in (layer, plain):
        (each(values) * factors).sum().backward()
    torch.testing.assert_close(layer(values), plain(values))
    torch.testing.assert_close(layer.weight.grad, plain.weight.grad)
    torch.testing.assert_close(layer.bias.grad, plain.bias.grad)


def test_first_layer_without_any_gradient():
    layer, _, values = first_layers()
    (layer(values) * 0).sum().backward()
    assert not layer.weight.grad.any()


def test_first_layer_in_bfloat16_rounds_what_it_multiplies_and_returns_float32():
    layer, plain, values = first_layers()
    short = values.bfloat16()
    with torch.no_grad():
        plain.weight.copy_(layer.weight.bfloat16())
    found, expected = layer(short), plain(short.float())
    assert found.dtype == layer.weight.dtype == torch.float32
    # One rounding of the result to eight bits.
    torch.testing.assert_close(found - layer.bias, expected - plain.bias, rtol=2**-8, atol=1e-6)
    found[::2].sum().backward()
    expected[::2].sum().backward()
    assert layer.weight.grad.dtype == torch.float32
    torch.testing.assert_close(layer.weight.grad, plain.weight.grad, rtol=2**-8, atol=1e-6)


@pytest.mark.parametrize(("wide", "native", "short"), [(63, 1, 0), (64, 1, 1), (64, 0, 0)])
def test_wide_points_are_bfloat16_where_the_processor_multiplies_it(
    digits, monkeypatch, wide, native, short
):
    monkeypatch.setattr(ivis_torch, "WIDE", 64)
    monkeypatch.setattr("limbeck.runtime.devices.has_bfloat16", lambda: bool(native))
    train, *_, graph = digits
    settings = {**SETTINGS, "epochs": 1}
    _, losses = fit(train[:, :wide], graph, settings, 0, "cpu")
    types = ("float32", "bfloat16")
    _, expected = fit(train[:, :wide], graph, settings, 0, "cpu", types[short])
    _, other = fit(train[:, :wide], graph, settings, 0, "cpu", types[not short])
    assert losses == expected
    assert losses != other
    assert losses == pytest.approx(other, rel=0.02)


# --- The whole ---------------------------------------------------------------------------------


def test_stops_without_progress(digits):
    same = np.ones_like(digits[0])  # nothing to learn: the loss is noise
    settings = {**SETTINGS, "epochs": 50, "epochs_without_progress": 2}
    result = embed(same, digits[4], settings, 0)
    losses = result.losses
    assert 3 <= len(losses) < 50
    assert np.argmin(losses) == len(losses) - 3  # the best one, and two without progress
    assert result.measures["ivis_converged"] == 1


def test_embeds_points_it_has_not_seen(digits, device):
    train, test, train_labels, test_labels, graph = digits
    mapping, losses = fit(train, graph, SETTINGS, 0, device)
    points = mapping.transform(train)
    assert len(losses) == 15
    np.testing.assert_array_equal(points, embed(train, graph, SETTINGS, 0, device).points)
    classifier = KNeighborsClassifier(15).fit(points, train_labels)
    seen, unseen = (
        classifier.score(points, train_labels),
        classifier.score(mapping.transform(test), test_labels),
    )
    # Ten classes in two dimensions; chance is 0.1.
    assert seen > 0.5
    assert unseen > seen - 0.15
