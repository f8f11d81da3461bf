"""Predictions are those of a direct pass."""

import numpy as np
import torch

from limbeck.data.dataset import Dataset
from limbeck.runtime import storage
from limbeck.stages.predict import predict


def test_predictions_are_those_of_a_direct_pass(digits, model, samples, direct, tmp_path, device):
    path = tmp_path / "predictions.zarr"
    predict(digits, model, device, path)
    store = storage.open_store(path)
    np.testing.assert_allclose(store["logits"][:], direct["logits"], rtol=1e-4, atol=1e-4)
    assert store["logits"].dtype == np.float32
    assert list(store["labels"][:]) == list(samples.labels)
    assert list(store["sample_ids"][:]) == list(samples.sample_ids)
    assert store.attrs["model_hash"] == torch.load(model, weights_only=True)["hash"]
    assert store.attrs["dataset_hash"] == Dataset(digits).attributes["hash"]
