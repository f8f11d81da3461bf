"""Batches of images."""

import numpy as np
import torch

from limbeck.data.dataset import Dataset
from limbeck.networks.inference import read_batches


def test_batches_are_the_images_asked_for_in_their_order(digits, samples):
    rows = np.random.default_rng(0).permutation(360)[:300]
    stored = Dataset(digits).images("test")
    batches = list(read_batches(stored, rows, torch.device("cpu")))
    assert [len(batch) for batch in batches] == [64, 64, 64, 64, 44]
    images = torch.cat(batches).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(images, samples.images[rows])
