"""Sizes of panels."""

import pytest

from limbeck.figures.shared import scatter


def test_many_rows_of_panels_fit_on_a_page():
    assert scatter.panel_size(183, 3, 5) == pytest.approx((35.8, 183))
    side, width = scatter.panel_size(183, 8, 3)
    assert side == pytest.approx(30)
    assert width == pytest.approx(94)
