"""Stores of lifted noise."""

import numpy as np
import pytest

from helpers.noise import SETTINGS, residual
from limbeck.noise.maps import quadrants
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages.lift_noise import lift_noise
from limbeck.study.settings import NoiseSettings


def test_every_map_lifts_the_same_points(tmp_path):
    settings = NoiseSettings(**SETTINGS)
    stores = []
    for number, (name, seed) in enumerate([("linear", 0), ("fourier", 0), ("linear", 1)]):
        lift_noise("study", name, settings, seed, tmp_path / f"{number}.zarr")
        stores.append(storage.open_store(tmp_path / f"{number}.zarr"))
    linear, fourier, other = stores
    np.testing.assert_array_equal(linear["plane"][:], fourier["plane"][:])
    assert not np.array_equal(linear["plane"][:], other["plane"][:])
    assert linear["activations"].shape == (60, 8)
    assert linear["activations"].dtype == np.float32
    assert residual(linear["plane"][:], linear["activations"][:]) < 1e-5
    np.testing.assert_array_equal(linear["quadrants"][:], quadrants(linear["plane"][:]))
    assert len(set(linear["sample_ids"][:])) == 60
    assert dict(fourier.attrs).items() >= {"study": "study", "map": "fourier"}.items()


def test_unknown_map_is_one_line(tmp_path):
    with pytest.raises(InputError, match="--map linaer: did you mean 'linear'"):
        lift_noise("study", "linaer", NoiseSettings(**SETTINGS), 0, tmp_path / "a.zarr")
