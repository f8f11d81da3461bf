"""Stores of activations hold what a direct pass gives."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from limbeck.data.dataset import Dataset
from limbeck.networks.inference import BATCH
from limbeck.networks.model_file import load_network, save_network
from limbeck.networks.network import build
from limbeck.networks.user_code import VARIABLE
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages.extract_activations import extract_activations
from limbeck.study.settings import ActivationSettings

ALL = ActivationSettings(dtype="float32", images_per_class=None)


@pytest.mark.parametrize(
    ("layer", "shape"), [("A", [16, 8, 8]), ("C", [32, 4, 4]), ("D", [64, 2, 2]), ("E", [64, 1, 1])]
)
def test_store_holds_the_activations_of_a_direct_pass(
    layer, shape, digits, model, samples, direct, tmp_path, device
):
    path = tmp_path / "activations.zarr"
    extract_activations(digits, model, layer, ALL, device, path)
    store = storage.open_store(path)
    assert store["activations"].dtype == np.float32
    assert store["activations"].shape == (360, int(np.prod(shape)))
    np.testing.assert_allclose(store["activations"][:], direct[layer], rtol=1e-4, atol=1e-4)
    assert list(store["sample_ids"][:]) == list(samples.sample_ids)
    expected = {
        "study": "test",
        "method": "teacher",
        "budget": 50,
        "fold": 0,
        "model_hash": torch.load(model, weights_only=True)["hash"],
        "dataset_hash": Dataset(digits).attributes["hash"],
        "layer": layer,
        "module": {"A": "conv1", "C": "group2", "D": "group3", "E": "pool"}[layer],
        "shape": shape,
    }
    assert {key: store.attrs[key] for key in expected} == expected


@pytest.mark.parametrize("layer", "ABCDE")
def test_store_has_the_bits_of_a_whole_pass_with_a_hook(
    layer, digits, model, samples, tmp_path, device
):
    network, _ = load_network(model, torch.device(device))
    images = torch.from_numpy(samples.images).to(device).permute(0, 3, 1, 2)
    kept = []
    module = network.backbone.get_submodule(network.backbone.automatic_layers[layer])
    module.register_forward_hook(
        lambda module, inputs, output: kept.append(output.cpu().numpy().copy())
    )
    with torch.no_grad():
        for batch in images.split(BATCH[device]):
            network(batch)
    path = tmp_path / "activations.zarr"
    extract_activations(digits, model, layer, ALL, device, path)
    expected = np.concatenate(kept).reshape(360, -1)
    assert len(kept) == {"cpu": 6, "cuda": 2}[device]
    assert np.array_equal(storage.open_store(path)["activations"][:], expected)


def test_any_module_can_be_a_layer(digits, model, samples, direct, tmp_path, device):
    path = tmp_path / "activations.zarr"
    extract_activations(digits, model, "F", ActivationSettings(module="head"), device, path)
    store = storage.open_store(path)
    np.testing.assert_allclose(store["activations"][:], direct["logits"], rtol=1e-4, atol=1e-4)
    assert store.attrs["layer"] == "F"
    assert store.attrs["module"] == "head"
    with pytest.raises(InputError, match="^layer F = auto: WideResNet has A, B, C, D, E of that"):
        extract_activations(digits, model, "F", ALL, device, path)


def test_values_that_are_not_finite_are_an_error(digits, model, tmp_path, device):
    network, metadata = load_network(model, torch.device("cpu"))
    for layer in (network.backbone.conv1, network.backbone.group2[0].shortcut):
        layer.weight.data *= 1e25
    save_network(tmp_path / "model.pt", network, metadata)
    with pytest.raises(InputError, match="model.pt: NaN or infinite values in layer D$"):
        path = tmp_path / "activations.zarr"
        extract_activations(digits, tmp_path / "model.pt", "D", ALL, device, path)


def test_store_is_a_handful_of_files(digits, model, tmp_path, device):
    extract_activations(digits, model, "A", ALL, device, tmp_path / "activations.zarr")
    assert [path.name for path in tmp_path.iterdir()] == ["activations.zarr"]
    assert sum(path.is_file() for path in tmp_path.rglob("*")) <= 6


def test_float16_halves_the_precision_and_nothing_else(digits, model, direct, tmp_path, device):
    path = tmp_path / "activations.zarr"
    extract_activations(digits, model, "B", ActivationSettings(dtype="float16"), device, path)
    stored = storage.open_store(path)["activations"][:]
    assert stored.dtype == np.float16
    np.testing.assert_allclose(stored, direct["B"], rtol=2**-10, atol=1e-4)


def test_float16_overflow_is_an_error(digits, model, tmp_path, device):
    network, metadata = load_network(model, torch.device("cpu"))
    network.backbone.conv1.weight.data *= 1e6
    save_network(tmp_path / "model.pt", network, metadata)
    path = tmp_path / "activations.zarr"
    with pytest.raises(InputError, match="activations.dtype = float16: layer A reaches") as caught:
        settings = ActivationSettings(dtype="float16")
        extract_activations(digits, tmp_path / "model.pt", "A", settings, device, path)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]
    extract_activations(digits, tmp_path / "model.pt", "A", ALL, device, path)
    assert np.abs(storage.open_store(path)["activations"][:]).max() > 65504


def test_values_too_small_for_float16_are_an_error(digits, model, tmp_path, device):
    network, metadata = load_network(model, torch.device("cpu"))
    path, settings = tmp_path / "activations.zarr", ActivationSettings(dtype="float16")
    network.backbone.conv1.weight.data *= 1e-4
    save_network(tmp_path / "model.pt", network, metadata)
    with pytest.raises(InputError, match="activations.dtype = float16: layer A reaches only"):
        extract_activations(digits, tmp_path / "model.pt", "A", settings, device, path)
    network.backbone.conv1.weight.data *= 0  # A dead layer is exact.
    save_network(tmp_path / "model.pt", network, metadata)
    extract_activations(digits, tmp_path / "model.pt", "A", settings, device, path)


def test_images_per_class_takes_the_first_of_each_class(
    digits, model, samples, direct, tmp_path, device
):
    path = tmp_path / "activations.zarr"
    extract_activations(digits, model, "E", ActivationSettings(images_per_class=3), device, path)
    seen = dict.fromkeys(range(10), 0)
    rows = []
    for row, label in enumerate(samples.labels):
        seen[label] += 1
        if seen[label] <= 3:
            rows.append(row)
    store = storage.open_store(path)
    assert len(rows) == 30
    assert list(store["sample_ids"][:]) == list(samples.sample_ids[rows])
    np.testing.assert_allclose(store["activations"][:], direct["E"][rows], rtol=1e-4, atol=1e-4)


def test_too_many_images_per_class_are_an_error(digits, model, tmp_path, device):
    settings = ActivationSettings(images_per_class=40)
    with pytest.raises(InputError, match="images_per_class = 40"):
        extract_activations(digits, model, "E", settings, device, tmp_path / "activations.zarr")
    assert list(tmp_path.iterdir()) == []


HALF = """
from torch import nn


class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3).bfloat16()
        self.head = nn.Linear(4, num_classes)

    def forward(self, images):
        return self.head(self.stem(images.bfloat16()).float().mean((2, 3)))
"""


def test_layers_in_bfloat16_are_stored(digits, model, samples, tmp_path, monkeypatch):
    (tmp_path / "half_nets.py").write_text(HALF)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    trained, metadata = load_network(model, torch.device("cpu"))
    network = build(replace(trained.spec, model="half_nets:Net")).eval()
    del metadata["hash"]
    save_network(tmp_path / "half.pt", network, metadata)
    path = tmp_path / "activations.zarr"
    settings = replace(ALL, module="stem")
    extract_activations(digits, tmp_path / "half.pt", "F", settings, "cpu", path)
    images = torch.from_numpy(samples.images).permute(0, 3, 1, 2)
    with torch.no_grad():
        expected = network.backbone.stem(network.prepare(images).bfloat16()).flatten(1).float()
    found = storage.open_store(path)["activations"][:]
    np.testing.assert_allclose(found, expected, rtol=0.01, atol=0.01)
    sys.modules.pop("half_nets")
