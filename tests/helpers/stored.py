"""Reading back what a test has stored, and storing what a test reads."""

import itertools

import numpy as np

from helpers.pictures import samples_of as samples_of
from limbeck.runtime import storage
from limbeck.stages.lift_noise import lift_noise
from limbeck.stages.score_noise import score_noise
from limbeck.study.settings import NoiseSettings


def write_noise(folder, maps, embeddings):
    """Write 60 points lifted by maps and random pictures of them; return the figure's inputs."""
    settings = NoiseSettings(points=60, dimensions=8, degree=3, frequency=2)
    lifted, embedded = [], []
    for name in maps:
        lifted.append(folder / f"{name}.zarr")
        lift_noise("test", name, settings, 0, lifted[-1])
    for number, (name, embedding) in enumerate(itertools.product(maps, embeddings)):
        source = storage.open_store(folder / f"{name}.zarr")
        noise = np.random.default_rng(number).normal(scale=0.1, size=(60, 2))
        arrays = {"points": source["plane"][:] + noise, "sample_ids": source["sample_ids"][:]}
        embedded.append(folder / f"{name}-{embedding}.zarr")
        storage.write_store(embedded[-1], arrays, {**source.attrs, "embedding": embedding})
    table = folder / "noise.csv"
    score_noise([*lifted, *embedded], [table])
    return [table, *lifted, *embedded]
