"""The figure of noise: points, numbers and panels."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from helpers.drawn import legend_labels, texts
from helpers.noise import read_table, write_noise
from limbeck.embeddings.alignment import align
from limbeck.figures import noise as figure_of_noise
from limbeck.noise.maps import quadrants
from limbeck.runtime import storage

pytestmark = pytest.mark.usefixtures("styled")


def draw(inputs, width=183):
    return figure_of_noise.draw(None, inputs, {"width": width})


def panels(drawing):
    """Return the panels by title."""
    return {axis.get_title(): axis for axis in drawing.figure.axes if axis.axison}


def test_figure_shows_points_and_numbers(tmp_path):
    inputs = write_noise(tmp_path, ["linear", "fourier", "network"], ["tsne", "my_ivis"])
    drawing = draw(inputs)
    shown = panels(drawing)
    assert list(shown) == [
        "plane",
        *("linear, t-SNE", "linear, my ivis", "fourier, t-SNE", "fourier, my ivis"),
        *("network, t-SNE", "network, my ivis"),
    ]
    places = [axis.get_subplotspec().rowspan.start for axis in shown.values()]
    assert places == [0, 0, 0, 0, 0, 1, 1]
    assert [axis.get_title(loc="left") for axis in shown.values()] == list("abcdefg")
    table = read_table(inputs[0])
    plane = storage.open_store(inputs[1])["plane"][:]
    labels = quadrants(plane)
    keys = [("plane", ""), *[key for key in table if key[1]]]
    stores = {
        (store.attrs["map"], store.attrs["embedding"]): store["points"][:]
        for store in map(storage.open_store, inputs[1:])
        if "embedding" in store.attrs
    }
    for key, axis in zip(keys, shown.values(), strict=True):
        rho, silhouette, clumps = table[key]
        first, second = axis.get_xlabel().split("\n")
        assert first == f"distances {rho:.2f}, quadrants {silhouette:.2f}"
        assert second == f"clumping {clumps:.2f}"
        expected = align(stores.get(key, plane), plane)
        for quadrant, drawn in enumerate(axis.collections):
            np.testing.assert_allclose(drawn.get_offsets(), expected[labels == quadrant])
        assert np.ptp(axis.get_xlim()) == pytest.approx(np.ptp(axis.get_ylim()))
    colours = [to_hex(drawn.get_facecolor()[0]) for drawn in shown["plane"].collections]
    assert len(set(colours)) == 4
    # The key says which quadrant has which colour; the plane is drawn as it is.
    assert legend_labels(drawing.figure) == list(figure_of_noise.QUADRANTS)
    handles = drawing.figure.legends[0].get_lines()
    assert [to_hex(handle.get_color()) for handle in handles] == colours
    corner = shown["plane"].collections[0].get_offsets()
    assert (corner.mean(axis=0) > 0).all() and legend_labels(drawing.figure)[0] == "upper right"
    assert len(drawing.rows) == 7 * 60


def test_what_collapsed_to_a_point_is_marked(tmp_path):
    inputs = write_noise(tmp_path, ["linear"], ["pca", "ivis"])
    store = storage.open_store(inputs[-1])
    arrays = {name: array[:] for name, array in store.items()}
    storage.write_store(inputs[-1], {**arrays, "points": 1e-4 * arrays["points"]}, store.attrs)
    drawing = draw(inputs)
    marked = [title for title, axis in panels(drawing).items() if texts(axis) == ["collapsed"]]
    assert marked == ["linear, ivis"]
    assert "Red frame: collapsed to a line or a point, not to be read (linear, ivis)" in drawing.alt


@pytest.mark.parametrize("width", [89, 183])
def test_one_map_is_one_row(tmp_path, width):
    drawing = draw(write_noise(tmp_path, ["linear"], ["pca"]), width)
    assert list(panels(drawing)) == ["plane", "linear, PCA"]
    assert {axis.get_subplotspec().rowspan.stop for axis in drawing.figure.axes} == {1}


def test_narrow_figures_have_a_map_a_row(tmp_path):
    drawing = draw(write_noise(tmp_path, ["linear", "network"], ["pca", "tsne"]), 89)
    rows = [axis.get_subplotspec().rowspan.start for axis in panels(drawing).values()]
    assert rows == [0, 0, 0, 1, 1]


def test_numbers_that_are_missing_are_left_out(tmp_path):
    inputs = write_noise(tmp_path, ["linear"], ["pca"])
    rows = storage.read_rows(inputs[0])
    rows[-1] |= {"distance_correlation": "", "clumping": ""}
    storage.write_rows(inputs[0], list(rows[0]), [list(row.values()) for row in rows])
    silhouette = float(rows[-1]["quadrant_silhouette"])
    assert panels(draw(inputs))["linear, PCA"].get_xlabel() == f"quadrants {silhouette:.2f}\n"
