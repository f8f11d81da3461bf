"""Lift uniform noise in the plane to more dimensions."""

from pathlib import Path

import numpy as np

from limbeck.noise.maps import draw_plane, lift, quadrants
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError, suggest
from limbeck.runtime.seeding import derive_seed
from limbeck.study.maps import MAPS
from limbeck.study.settings import NoiseSettings


def lift_noise(study: str, map: str, settings: NoiseSettings, seed: int, activations: Path) -> None:
    """Write lifted noise in the form of a layer's activations. Every map lifts the same points.

    Parameters
    ----------
    study : str
        Name of the study.
    map : str
        Name of the map.
    settings : NoiseSettings
        How many points and dimensions, and what the maps need.
    seed : int
        The study's seed.
    activations : Path
        Store to write: ``activations`` (n, D) and ``sample_ids`` (n,) as a layer's has, and
        ``plane`` (n, 2) and ``quadrants`` (n,), from which they were made.

    Raises
    ------
    InputError
        If there is no such map.
    """
    if map not in MAPS:
        raise InputError(f"--map {map}: {suggest(map, MAPS)}")
    plane = draw_plane(settings.points, np.random.default_rng(derive_seed(seed, "noise")))
    generator = np.random.default_rng(derive_seed(seed, "noise", map))
    arrays = {
        "activations": lift(map, plane, settings, generator).astype(np.float32),
        "sample_ids": np.array([f"noise-{index:05d}" for index in range(len(plane))]),
        "plane": plane,
        "quadrants": quadrants(plane),
    }
    storage.write_store(activations, arrays, {"study": study, "map": map})
