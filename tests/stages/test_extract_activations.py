"""Activations and predictions, against networks small enough to compute by hand."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.stored import samples_of
from limbeck.data.dataset import Dataset
from limbeck.networks.features import layer_outputs, output_shapes
from limbeck.networks.inference import BATCH, read_batches
from limbeck.networks.model_file import load_network, save_network
from limbeck.networks.network import Network, NetworkSpec
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages.extract_activations import extract_activations
from limbeck.stages.predict import predict
from limbeck.study.settings import ActivationSettings

ALL = ActivationSettings(dtype="float32", images_per_class=None)


def tiny_network(following):
    """Return a network whose layer 0 subtracts each pixel's lower right neighbour from it."""
    convolution = nn.Conv2d(1, 1, 2)
    convolution.weight.data = torch.tensor([[[[1.0, 0.0], [0.0, -1.0]]]])
    convolution.bias.data = torch.tensor([10.0])
    backbone = nn.Sequential(convolution, following, nn.Flatten())
    return Network(backbone, NetworkSpec("tiny", 4, 1, (0.0,), (1 / 255,)))


IMAGE = torch.tensor([[1, 2, 3], [4, 40, 6], [7, 8, 90]], dtype=torch.uint8).view(1, 1, 3, 3)
# 1 - 40 + 10, 2 - 6 + 10, 4 - 8 + 10, 40 - 90 + 10
CONVOLVED = [[-29, 6], [6, -40]]


def outputs(network, layer, call, *batches):
    with torch.inference_mode():
        return [output.clone() for output in layer_outputs(network, layer, call, batches)]


@pytest.mark.parametrize("inplace", [False, True])
def test_outputs_of_layers_by_hand(inplace):
    network = tiny_network(nn.ReLU(inplace=inplace))
    twice = torch.cat([IMAGE, IMAGE])
    for layer, expected in (("0", CONVOLVED), ("1", [[0, 6], [6, 0]])):
        assert output_shapes(network, layer, twice) == [(2, 1, 2, 2)]
        one, two = outputs(network, layer, 1, IMAGE, twice)
        np.testing.assert_allclose(one, [[expected]], atol=1e-4)
        np.testing.assert_allclose(two, [[expected], [expected]], atol=1e-4)


def test_each_call_of_a_shared_module_has_its_output():
    relu = nn.ReLU()
    network = tiny_network(nn.Sequential(relu, nn.Conv2d(1, 1, 2), relu))
    network.backbone[1][1].weight.data = torch.ones(1, 1, 2, 2)
    network.backbone[1][1].bias.data = torch.tensor([-5.0])
    assert output_shapes(network, "1.0", IMAGE) == [(1, 1, 2, 2), (1, 1, 1, 1)]
    (first,), (second,) = outputs(network, "1.0", 1, IMAGE), outputs(network, "1.0", 2, IMAGE)
    np.testing.assert_allclose(first, [[[[0, 6], [6, 0]]]], atol=1e-4)
    np.testing.assert_allclose(second, [[[[6 + 6 - 5]]]], atol=1e-4)


class Unreached(nn.Module):
    def forward(self, x):
        raise AssertionError("nothing beyond the layer is to be computed")


def test_nothing_beyond_the_layer_is_computed():
    network = tiny_network(Unreached())
    (output,) = outputs(network, "0", 1, IMAGE)
    np.testing.assert_allclose(output, [[CONVOLVED]], atol=1e-4)


def hooks(network):
    return sum(len(module._forward_hooks) for module in network.modules())


def test_hooks_are_removed():
    network = tiny_network(nn.ReLU())
    rest = layer_outputs(network, "0", 1, [IMAGE, IMAGE])
    next(rest)
    assert hooks(network) == 1
    assert len(list(rest)) == 1
    output_shapes(network, "0", IMAGE)
    assert hooks(network) == 0
    assert network(IMAGE).shape == (1, 4)


def test_hooks_are_removed_after_errors():
    network = tiny_network(nn.ReLU())
    wrong = torch.zeros(1, 2, 3, 3)  # one channel too many
    with pytest.raises(RuntimeError):
        outputs(network, "0", 1, wrong)
    with pytest.raises(RuntimeError):
        output_shapes(network, "0", wrong)
    assert hooks(network) == 0


def test_modules_that_are_unused_or_give_no_tensor_are_one_clear_line():
    network = tiny_network(nn.ReLU())
    network.backbone.unused = nn.ReLU()
    network.backbone.forward = lambda x: network.backbone[0](x)
    with pytest.raises(InputError, match="^layer unused: no image passes through it$"):
        output_shapes(network, "unused", IMAGE)
    pooled = tiny_network(nn.Sequential(nn.MaxPool2d(2, return_indices=True), First()))
    with pytest.raises(InputError, match=r"^layer 1.0: its output is a tuple of 2, not a tensor$"):
        output_shapes(pooled, "1.0", IMAGE)


class First(nn.Module):
    def forward(self, pair):
        return pair[0]


def direct_pass(model, images):
    """Compute a wide residual network's layers and logits, module after module."""
    network, _ = load_network(model, torch.device("cpu"))
    backbone = network.backbone
    levels = torch.from_numpy(images.transpose(0, 3, 1, 2) / np.float32(255))
    outputs = {}
    with torch.no_grad():
        x = (levels - network.mean / 255) / (network.std / 255)
        for name, module in zip(
            "ABCD", (backbone.conv1, backbone.group1, backbone.group2, backbone.group3), strict=True
        ):
            outputs[name] = x = module(x)
        outputs["E"] = F.relu(backbone.norm(x)).mean((2, 3))
        outputs["logits"] = outputs["E"] @ backbone.head.weight.T + backbone.head.bias
    return {name: output.flatten(1).numpy() for name, output in outputs.items()}


@pytest.fixture(scope="module")
def model(trained):
    return trained / "model.pt"


@pytest.fixture(scope="module")
def samples(digits):
    return samples_of(Dataset(digits), "test")


@pytest.fixture(scope="module")
def direct(model, samples):
    return direct_pass(model, samples.images)


@pytest.mark.parametrize(
    ("layer", "shape"), [("A", [16, 8, 8]), ("C", [32, 4, 4]), ("D", [64, 2, 2]), ("E", [64, 1, 1])]
)
def test_store_holds_the_activations_of_a_direct_pass(
    layer, shape, digits, model, samples, direct, tmp_path
):
    path = tmp_path / "activations.zarr"
    extract_activations(digits, model, layer, ALL, "cpu", path)
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
def test_store_has_the_bits_of_a_whole_pass_with_a_hook(layer, digits, model, samples, tmp_path):
    network, _ = load_network(model, torch.device("cpu"))
    images = torch.from_numpy(samples.images).permute(0, 3, 1, 2)
    kept = []
    module = network.backbone.get_submodule(network.backbone.automatic_layers[layer])
    module.register_forward_hook(lambda module, inputs, output: kept.append(output.numpy().copy()))
    with torch.no_grad():
        for batch in images.split(BATCH):
            network(batch)
    path = tmp_path / "activations.zarr"
    extract_activations(digits, model, layer, ALL, "cpu", path)
    expected = np.concatenate(kept).reshape(360, -1)
    assert len(kept) == 2
    assert np.array_equal(storage.open_store(path)["activations"][:], expected)


def test_any_module_can_be_a_layer(digits, model, samples, direct, tmp_path):
    path = tmp_path / "activations.zarr"
    extract_activations(digits, model, "F", ALL, "cpu", path, "head")
    store = storage.open_store(path)
    np.testing.assert_allclose(store["activations"][:], direct["logits"], rtol=1e-4, atol=1e-4)
    assert store.attrs["layer"] == "F"
    assert store.attrs["module"] == "head"
    with pytest.raises(InputError, match="^layer F = auto: WideResNet has A, B, C, D, E of that"):
        extract_activations(digits, model, "F", ALL, "cpu", path)


def test_values_that_are_not_finite_are_an_error(digits, model, tmp_path):
    network, metadata = load_network(model, torch.device("cpu"))
    for layer in (network.backbone.conv1, network.backbone.group2[0].shortcut):
        layer.weight.data *= 1e25
    save_network(tmp_path / "model.pt", network, metadata)
    with pytest.raises(InputError, match="model.pt: NaN or infinite values in layer D$"):
        path = tmp_path / "activations.zarr"
        extract_activations(digits, tmp_path / "model.pt", "D", ALL, "cpu", path)


def test_store_is_a_handful_of_files(digits, model, tmp_path):
    extract_activations(digits, model, "A", ALL, "cpu", tmp_path / "activations.zarr")
    assert [path.name for path in tmp_path.iterdir()] == ["activations.zarr"]
    assert sum(path.is_file() for path in tmp_path.rglob("*")) <= 6


def test_float16_halves_the_precision_and_nothing_else(digits, model, direct, tmp_path):
    path = tmp_path / "activations.zarr"
    extract_activations(digits, model, "B", ActivationSettings("float16", None), "cpu", path)
    stored = storage.open_store(path)["activations"][:]
    assert stored.dtype == np.float16
    np.testing.assert_allclose(stored, direct["B"], rtol=2**-10, atol=1e-4)


def test_float16_overflow_is_an_error(digits, model, tmp_path):
    network, metadata = load_network(model, torch.device("cpu"))
    network.backbone.conv1.weight.data *= 1e6
    save_network(tmp_path / "model.pt", network, metadata)
    path = tmp_path / "activations.zarr"
    with pytest.raises(InputError, match="activations.dtype = float16: layer A reaches") as caught:
        settings = ActivationSettings("float16", None)
        extract_activations(digits, tmp_path / "model.pt", "A", settings, "cpu", path)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]
    extract_activations(digits, tmp_path / "model.pt", "A", ALL, "cpu", path)
    assert np.abs(storage.open_store(path)["activations"][:]).max() > 65504


def test_images_per_class_takes_the_first_of_each_class(digits, model, samples, direct, tmp_path):
    path = tmp_path / "activations.zarr"
    extract_activations(digits, model, "E", ActivationSettings("float32", 3), "cpu", path)
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


def test_too_many_images_per_class_are_an_error(digits, model, tmp_path):
    settings = ActivationSettings("float32", 40)
    with pytest.raises(InputError, match="images_per_class = 40"):
        extract_activations(digits, model, "E", settings, "cpu", tmp_path / "activations.zarr")
    assert list(tmp_path.iterdir()) == []


def test_batches_are_the_images_asked_for_in_their_order(digits, samples):
    rows = np.random.default_rng(0).permutation(360)[:300]
    stored = Dataset(digits).images("test")
    batches = list(read_batches(stored, rows, torch.device("cpu")))
    assert [len(batch) for batch in batches] == [256, 44]
    images = torch.cat(batches).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(images, samples.images[rows])


def test_predictions_are_those_of_a_direct_pass(digits, model, samples, direct, tmp_path):
    path = tmp_path / "predictions.zarr"
    predict(digits, model, "cpu", path)
    store = storage.open_store(path)
    np.testing.assert_allclose(store["logits"][:], direct["logits"], rtol=1e-4, atol=1e-4)
    assert store["logits"].dtype == np.float32
    assert list(store["labels"][:]) == list(samples.labels)
    assert list(store["sample_ids"][:]) == list(samples.sample_ids)
    assert store.attrs["model_hash"] == torch.load(model, weights_only=True)["hash"]
    assert store.attrs["dataset_hash"] == Dataset(digits).attributes["hash"]
