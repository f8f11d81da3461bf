"""Sizes of panels, points that are aligned and named."""

import numpy as np
import pytest

from helpers.drawn import SAMPLES, write_embedding
from limbeck.figures.shared import scatter
from limbeck.runtime import storage


def test_many_rows_of_panels_fit_on_a_page():
    assert scatter.panel_size(183, 3, 5) == pytest.approx((36.6, 183))
    side, width = scatter.panel_size(183, 8, 3)
    assert 8 * (side + scatter.TITLE_MM) == pytest.approx(scatter.TALLEST_MM)
    assert width == pytest.approx(max(3 * side, 80))


def test_images_are_aligned_by_their_ids(tmp_path):
    points = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    first = storage.open_store(write_embedding(tmp_path / "a", points))
    # The same picture a quarter of a turn further, its images in another order, one unknown.
    turned = (points @ [[0, 1], [-1, 0]])[::-1]
    ids = SAMPLES[::-1][:40][::-1].copy()
    ids[0] = "another"
    arrays = {"points": turned.astype(np.float32), "sample_ids": ids}
    storage.write_store(tmp_path / "b", arrays, {"method": "teacher"})
    one, other = scatter.aligned([first, storage.open_store(tmp_path / "b")], first)
    scale = np.ptp(points, axis=0).max() / 2
    np.testing.assert_allclose(
        one * scale, points - points.mean(0) + (one * scale).mean(0), atol=1e-5
    )
    np.testing.assert_allclose(other[::-1][:39], one[:39], atol=1e-5)


def test_the_densest_point_has_its_neighbours_closest():
    line = np.stack([np.arange(30.0) ** 2, np.zeros(30)], axis=1)
    # Nine points from 0 to 64; the fifth has the others within 48.
    assert scatter.densest_point(line).tolist() in [[25, 0], [36, 0]]


def test_points_in_a_square_keep_their_shape():
    from limbeck.figures.shared import style

    with style.applied():
        _, axes = style.new_figure(40, 40)
        scatter.fit(axes[0, 0], np.array([[0.0, 0], [10, 4]]))
        (left, right), (bottom, top) = axes[0, 0].get_xlim(), axes[0, 0].get_ylim()
    assert right - left == pytest.approx(top - bottom) and left < 0 < 10 < right
    assert (bottom + top) / 2 == pytest.approx(2)
