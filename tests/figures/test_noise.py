"""The figure of noise: points, numbers and panels."""

import math

import numpy as np
import pytest
from matplotlib.colors import to_hex
from scipy.linalg import orthogonal_procrustes
from sklearn.metrics import pairwise_distances

from helpers.stored import write_noise
from limbeck.figures import noise as figure_of_noise
from limbeck.figures.shared import style
from limbeck.noise.maps import draw_plane, quadrants
from limbeck.runtime import storage


def read_table(path):
    return {
        (row.pop("map"), row.pop("embedding")): [float(value or "nan") for value in row.values()]
        for row in storage.read_rows(path)
    }


def panels(figure):
    """Return the panels by title, and the rest of the figure's text."""
    shown = {axis.get_title(): axis for axis in figure.axes if axis.axison}
    texts = [text.get_text() for axis in figure.axes for text in axis.texts]
    return shown, texts + [figure.get_supxlabel()]


def test_figure_shows_points_and_numbers(styled, tmp_path):
    inputs = write_noise(tmp_path, ["linear", "fourier", "network"], ["tsne", "my_ivis"])
    figure = figure_of_noise.draw(None, inputs, {"width": 183})
    shown, texts = panels(figure)
    assert list(shown) == [
        "plane",
        *("linear, t-SNE", "linear, my_ivis", "fourier, t-SNE", "fourier, my_ivis"),
        *("network, t-SNE", "network, my_ivis"),
    ]
    places = [axis.get_subplotspec().rowspan.start for axis in shown.values()]
    assert places == [0, 0, 0, 0, 0, 1, 1]
    assert any("clumping" in text for text in texts)
    table = read_table(inputs[0])
    plane = storage.open_store(inputs[1])["plane"][:]
    labels = quadrants(plane)
    keys = [("plane", ""), *[key for key in table if key[1]]]
    for key, axis in zip(keys, shown.values(), strict=True):
        rho, silhouette, clumps = table[key]
        assert axis.get_xlabel() == f"ρ {rho:.2f}  s {silhouette:.2f}  c {clumps:.2f}"
        drawn = [collection.get_offsets() for collection in axis.collections]
        assert [len(points) for points in drawn] == np.bincount(labels).tolist()
        colours = [to_hex(drawn.get_facecolor()[0]).upper() for drawn in axis.collections]
        assert len(set(colours)) == 4
        assert set(colours) <= set(style.PALETTE)
        for points in drawn:
            assert (points > [axis.get_xlim()[0], axis.get_ylim()[0]]).all()
            assert (points < [axis.get_xlim()[1], axis.get_ylim()[1]]).all()
        assert np.ptp(axis.get_xlim()) == pytest.approx(np.ptp(axis.get_ylim()))
    first = shown["plane"].collections
    np.testing.assert_allclose(first[2].get_offsets(), plane[labels == 2])


@pytest.mark.parametrize("width", [89, 183])
def test_one_map_is_one_row(styled, tmp_path, width):
    inputs = write_noise(tmp_path, ["linear"], ["pca"])
    figure = figure_of_noise.draw(None, inputs, {"width": width})
    shown, texts = panels(figure)
    assert list(shown) == ["plane", "linear, PCA"]
    assert {axis.get_subplotspec().rowspan.stop for axis in figure.axes} == {1}
    assert any("clumping" in text for text in texts)


def test_narrow_figures_have_a_map_a_row(styled, tmp_path):
    inputs = write_noise(tmp_path, ["linear", "network"], ["pca", "tsne"])
    shown, _ = panels(figure_of_noise.draw(None, inputs, {"width": 89}))
    rows = [axis.get_subplotspec().rowspan.start for axis in shown.values()]
    assert rows == [0, 0, 0, 1, 1]


def test_numbers_that_are_missing_are_left_out(styled, tmp_path):
    inputs = write_noise(tmp_path, ["linear"], ["pca"])
    rows = storage.read_rows(inputs[0])
    rows[-1] |= {"distance_correlation": "", "clumping": ""}
    storage.write_rows(inputs[0], list(rows[0]), [list(row.values()) for row in rows])
    shown, _ = panels(figure_of_noise.draw(None, inputs, {"width": 183}))
    silhouette = float(rows[-1]["quadrant_silhouette"])
    assert shown["linear, PCA"].get_xlabel() == f"s {silhouette:.2f}"


def test_embeddings_are_turned_to_the_plane():
    plane = draw_plane(500, np.random.default_rng(3))
    angle = 2.0
    turn = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    picture = 5 * plane @ turn * [1, -1] + [30, -4]
    expected = 5 * (plane - plane.mean(axis=0))
    np.testing.assert_allclose(figure_of_noise.turn_to(picture, plane), expected, atol=1e-9)
    bent = picture + np.sin(picture)
    turned = figure_of_noise.turn_to(bent, plane)
    centred = bent - bent.mean(axis=0)
    best = orthogonal_procrustes(centred, plane - plane.mean(axis=0))[0]
    np.testing.assert_allclose(turned, centred @ best, atol=1e-9)
    np.testing.assert_allclose(pairwise_distances(turned), pairwise_distances(bent), atol=1e-9)
