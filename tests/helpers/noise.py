"""Noise as the maps lift it, written as the stages write it and read back."""

import itertools

import numpy as np

from limbeck.noise import maps
from limbeck.runtime import storage
from limbeck.stages.lift_noise import lift_noise
from limbeck.stages.score_noise import score_noise
from limbeck.study.settings import NoiseSettings

SETTINGS = {"points": 60, "dimensions": 8, "degree": 3, "frequency": 2}


def lift(name, plane, seed=0, **changes):
    """Return points lifted by a map, with settings changed where the keywords say so."""
    settings = NoiseSettings(**SETTINGS | changes)
    return maps.lift(name, np.asarray(plane, float), settings, np.random.default_rng(seed))


def residual(design, lifted):
    """Return by how much at most something is no linear function of a design."""
    fitted = design @ np.linalg.lstsq(design, lifted, rcond=None)[0]
    return np.abs(lifted - fitted).max()


def write_noise(folder, names, embeddings):
    """Write 60 points lifted by maps and random pictures of them; return the figure's inputs."""
    settings = NoiseSettings(**SETTINGS)
    lifted, embedded = [], []
    for name in names:
        lifted.append(folder / f"{name}.zarr")
        lift_noise("test", name, settings, 0, lifted[-1])
    for number, (name, embedding) in enumerate(itertools.product(names, embeddings)):
        source = storage.open_store(folder / f"{name}.zarr")
        noise = np.random.default_rng(number).normal(scale=0.1, size=(60, 2))
        arrays = {"points": source["plane"][:] + noise, "sample_ids": source["sample_ids"][:]}
        embedded.append(folder / f"{name}-{embedding}.zarr")
        storage.write_store(embedded[-1], arrays, {**source.attrs, "embedding": embedding})
    table = folder / "noise.csv"
    score_noise([*lifted, *embedded], [table])
    return [table, *lifted, *embedded]


def read_table(path):
    """Return the numbers of a table of noise by map and embedding."""
    return {
        (row.pop("map"), row.pop("embedding")): [float(value or "nan") for value in row.values()]
        for row in storage.read_rows(path)
    }
