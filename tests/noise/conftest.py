"""The points that maps of noise lift."""

import numpy as np
import pytest

from limbeck.noise.maps import draw_plane


@pytest.fixture(scope="session")
def plane():
    return draw_plane(500, np.random.default_rng(3))
