"""Outputs of layers, one image batch at a time: by hand, and hooks that are removed."""

import numpy as np
import pytest
import torch
from torch import nn

from limbeck.networks.features import layer_outputs, output_shapes
from limbeck.networks.network import Network, NetworkSpec
from limbeck.runtime.errors import InputError


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


class Bright(nn.Module):
    """Take a layer once more for bright images."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        x = self.layer(x)
        return self.layer(x) if x.max() > 50 else x


def test_a_layer_that_some_images_pass_less_often_is_refused():
    network = tiny_network(Bright(nn.ReLU()))
    bright = 3 * IMAGE
    assert len(outputs(network, "1.layer", 2, bright, bright)) == 2
    with pytest.raises(
        InputError, match=r"^layer 1\.layer: some images pass through it less often"
    ):
        outputs(network, "1.layer", 2, bright, IMAGE)


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


class First(nn.Module):
    def forward(self, pair):
        return pair[0]


def test_modules_that_are_unused_or_give_no_tensor_are_one_clear_line():
    network = tiny_network(nn.ReLU())
    network.backbone.unused = nn.ReLU()
    network.backbone.forward = lambda x: network.backbone[0](x)
    with pytest.raises(InputError, match="^layer unused: no image passes through it$"):
        output_shapes(network, "unused", IMAGE)
    pooled = tiny_network(nn.Sequential(nn.MaxPool2d(2, return_indices=True), First()))
    with pytest.raises(InputError, match=r"^layer 1.0: its output is a tuple of 2, not a tensor$"):
        output_shapes(pooled, "1.0", IMAGE)
