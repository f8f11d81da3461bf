"""Outputs of several layers in one pass."""

import copy

import pytest
import torch
from torch import nn

from limbeck.networks.features import feature_shapes, pass_through
from limbeck.networks.network import Network, NetworkSpec, build_network
from limbeck.runtime.errors import InputError

ATTRIBUTES = {"class_names": ["a", "b", "c"], "mean": [0.5], "std": [0.25]}


@pytest.fixture
def network(method_settings):
    torch.manual_seed(0)
    return build_network(method_settings(), ATTRIBUTES, 1)


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (4, 1, 8, 8), generator=generator, dtype=torch.uint8)


def small(*modules):
    backbone = nn.Sequential(*modules, nn.Flatten(), nn.LazyLinear(3))
    return Network(backbone, NetworkSpec("small", 3, 1, (0.5,), (0.25,)))


def test_features_are_what_the_modules_give(network, images):
    logits, (first, second) = pass_through(network, images, ["C", "group1.0.conv1"])
    backbone, x = network.backbone, network.prepare(images)
    stem = backbone.conv1(x)
    block = backbone.group1[0]
    torch.testing.assert_close(second, block.conv1(torch.relu(block.norm1(stem))))
    again = copy.deepcopy(network)  # batch normalisation in training mode, a fresh pass
    torch.testing.assert_close(first, again.backbone.group2(again.backbone.group1(stem)))
    torch.testing.assert_close(logits, again(images))


def test_features_carry_gradients_and_leave_no_hooks(network, images):
    _, (feature,) = pass_through(network, images, ["B"])
    feature.square().sum().backward()
    assert network.backbone.conv1.weight.grad.abs().sum() > 0
    assert network.backbone.group2[0].conv1.weight.grad is None
    assert all(not module._forward_hooks for module in network.modules())


def test_features_are_float32_under_autocast(network, images):
    with torch.autocast("cpu", torch.bfloat16):
        logits, (feature,) = pass_through(network, images, ["C"])
    assert feature.dtype == logits.dtype == torch.float32


def test_what_works_in_place_afterwards_changes_no_feature(images):
    network = small(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True))
    _, (feature,) = pass_through(network, images, ["0"])
    torch.testing.assert_close(feature, network.backbone[0](network.prepare(images)))
    assert (feature < 0).any()
    feature.sum().backward()


def test_shapes_come_from_a_pass_that_changes_nothing(network, images):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.train()
    shapes = feature_shapes(network, images[:1], ["B", "E"])
    assert shapes == {"B": (1, 16, 8, 8), "E": (1, 64, 1, 1)}
    assert network.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("F", "layer F: allowed"),
        ("group3.0.conv9", "layer group3.0.conv9: did you mean 'group3.0.conv2'?"),
        ("", "layer : "),
    ],
)
def test_a_layer_that_is_not_there_is_an_error(layer, expected, network, images):
    with pytest.raises(InputError) as caught:
        pass_through(network, images, [layer])
    assert str(caught.value).startswith(expected.partition(":")[0])
    assert "group3.0.conv2" in str(caught.value)


def test_a_layer_that_gives_no_tensor_is_an_error(images):
    class Pair(nn.Module):
        def forward(self, x):
            return x, x

    class First(nn.Module):
        def forward(self, pair):
            return pair[0]

    network = small(Pair(), First())
    with pytest.raises(InputError, match="^layer 0: its output is a tuple of 2, not a tensor$"):
        pass_through(network, images, ["0"])


def test_a_layer_that_no_image_passes_is_an_error(network, images):
    network.backbone.unused = nn.Linear(2, 2)
    with pytest.raises(InputError, match="^layer unused: no image passes through it$"):
        pass_through(network, images, ["unused"])
