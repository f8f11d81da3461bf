"""What layers have in common: by hand, by definition and over permutations."""

import itertools

import numpy as np
import pytest

from limbeck.metrics import gram
from limbeck.metrics.similarity import align, neighbour_overlap, neighbour_overlap_null
from limbeck.neighbours import row_blocks


@pytest.fixture
def small_blocks(monkeypatch):
    """Make tiles of fewer rows than there are points."""
    monkeypatch.setattr(gram, "BLOCK_BYTES", 9000)
    monkeypatch.setattr(row_blocks, "ROW_BYTES", 9000)


# --- Linear CKA -------------------------------------------------------------------------------


def cka_by_definition(first, second):
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    joint = np.linalg.norm(second.T @ first) ** 2
    return joint / (np.linalg.norm(first.T @ first) * np.linalg.norm(second.T @ second))


def unbiased_hsic(first, second):
    """Return Eq. 5 of Song et al. (2012), of points as they are."""
    k, l = first @ first.T, second @ second.T
    count, ones = len(k), np.ones(len(k))
    np.fill_diagonal(k, 0)
    np.fill_diagonal(l, 0)
    value = np.trace(k @ l) + (ones @ k @ ones) * (ones @ l @ ones) / ((count - 1) * (count - 2))
    value -= 2 / (count - 2) * (ones @ k @ l @ ones)
    return value / (count * (count - 3))


def debiased_by_definition(first, second):
    scale = unbiased_hsic(first, first) * unbiased_hsic(second, second)
    return unbiased_hsic(first, second) / np.sqrt(scale)


def test_alignment_equals_the_formulas(layers, small_blocks):
    alignment = align(layers)
    for values, define in (
        (alignment.cka, cka_by_definition),
        (alignment.cka_debiased, debiased_by_definition),
    ):
        expected = [[define(one, other) for other in layers] for one in layers]
        np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert 0.05 < alignment.cka[0, 2] < alignment.cka[0, 1] < 0.9


def test_alignment_by_hand():
    # About their means: (-1, 0, 1, 0) and (0, 1, 0, -1), which are orthogonal; the third has both.
    layers = [np.array([[4.0], [5], [6], [5]]), np.array([[0.0], [3], [0], [-3]])]
    layers.append(np.concatenate(layers, axis=1))
    # <K1, K3> = 2² and ||K1|| = 2; K2 in the same way 18² and 18; ||K3||² = 2² + 18².
    one, other = 4 / (2 * 328**0.5), 324 / (18 * 328**0.5)
    alignment = align(layers)
    expected = [[1, 0, one], [0, 1, other], [one, other, 1]]
    np.testing.assert_allclose(alignment.cka, expected, atol=1e-12)
    # Products of the traces 2, 18 and 20, over three, and over the norms.
    null = [[4 / 3 / 4, 36 / 3 / 36, 40 / 3 / (2 * 328**0.5)]]
    np.testing.assert_allclose(alignment.cka_null[:1], null)


def test_null_is_the_mean_over_all_permutations():
    generator = np.random.default_rng(1)
    layers = [generator.normal(size=(6, 3)), generator.normal(size=(6, 9))]
    orders = map(list, itertools.permutations(range(6)))
    values = [cka_by_definition(layers[0], layers[1][order]) for order in orders]
    assert align(layers).cka_null[0, 1] == pytest.approx(np.mean(values))


def test_debiased_is_about_zero_for_layers_that_have_nothing_in_common():
    generator = np.random.default_rng(2)
    pairs = [
        align([generator.normal(size=(40, 300)), generator.normal(size=(40, 500))])
        for _ in range(20)
    ]
    assert np.mean([pair.cka_debiased[0, 1] for pair in pairs]) == pytest.approx(0, abs=0.02)
    assert min(pair.cka[0, 1] for pair in pairs) > 0.8
    assert pairs[0].cka[0, 1] == pytest.approx(pairs[0].cka_null[0, 1], abs=0.02)


def test_alignment_of_wide_layers_is_that_of_the_formulas(wide):
    points = wide[0].astype(np.float64)
    other = points @ np.random.default_rng(0).normal(size=(1500, 4))
    alignment = align([wide[0], other])
    expected = cka_by_definition(points, other)
    assert alignment.cka[0, 1] == pytest.approx(expected, rel=1e-5)
    expected = debiased_by_definition(points, other)
    assert alignment.cka_debiased[0, 1] == pytest.approx(expected, rel=1e-5)


def test_alignment_ignores_rotation_scale_and_place(layers):
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(30, 30)))[0]
    changed = [layers[0] @ turn * 7 + 3, layers[1] * -0.01, layers[2]]
    before, after = align(layers), align(changed)
    for name in ("cka", "cka_debiased", "cka_null"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), rtol=1e-8)
    np.testing.assert_allclose(align([layers[0], changed[0]]).cka, 1, rtol=1e-9)
    stretched = layers[0] * np.linspace(0.1, 5, 30)
    assert align([layers[0], stretched]).cka[0, 1] < 0.99


def test_alignment_of_a_dead_layer_is_not_measured(layers):
    alignment = align([layers[0], np.full((50, 4), 0.1)])
    for values in (alignment.cka, alignment.cka_debiased):
        assert values[0, 0] == pytest.approx(1)
        assert np.isnan([values[0, 1], values[1, 0], values[1, 1]]).all()


@pytest.mark.parametrize("images", [3, 4])
def test_debiased_alignment_needs_four_images(layers, images):
    alignment = align([layer[:images] for layer in layers])
    assert np.isfinite(alignment.cka).all()
    assert np.isfinite(alignment.cka_debiased.diagonal()).any() == (images == 4)


def test_points_are_left_as_they_were(layers):
    before = [layer.copy() for layer in layers]
    align(layers)
    for layer, copy in zip(layers, before, strict=True):
        np.testing.assert_array_equal(layer, copy)


# --- Shared neighbours ------------------------------------------------------------------------


def test_neighbour_overlap_by_hand():
    first = np.array([[1, 2, 3], [0, 2, 3], [4, 3, 1], [0, 1, 2]])
    second = np.array([[3, 2, 1], [4, 3, 0], [0, 4, 5], [4, 5, 6]])
    # 3, 2, 1 and 0 of 3, whatever their order.
    assert neighbour_overlap(first, second) == neighbour_overlap(second, first) == 6 / 12
    assert neighbour_overlap(first, first) == 1


def test_null_of_neighbour_overlap_is_that_of_permuted_images(nearest):
    generator = np.random.default_rng(3)
    points = generator.normal(size=(200, 3))
    graph, _ = nearest(points, 20)
    values = [
        neighbour_overlap(graph, nearest(points[generator.permutation(200)], 20)[0])
        for _ in range(40)
    ]
    assert neighbour_overlap_null(graph) == 20 / 199
    assert np.mean(values) == pytest.approx(20 / 199, rel=0.02)
