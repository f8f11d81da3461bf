"""Residual networks for CIFAR: sizes, names of weights, and a block by hand."""

import pytest
import torch
from torch.nn import functional as F

from limbeck.networks.cifar_resnet import build

# Counted on RepDistiller's and on mdistiller's networks of the same names, for 100 classes. With
# the same weights, logits and features (their f0 to f4, our A to E) differed by less than 1e-8.
PARAMETERS = {
    "resnet8": 83_892,
    "resnet14": 181_108,
    "resnet20": 278_324,
    "resnet32": 472_756,
    "resnet44": 667_188,
    "resnet56": 861_620,
    "resnet110": 1_736_564,
    "resnet8x4": 1_233_540,
    "resnet32x4": 7_433_860,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_those_of_repdistiller(name):
    with torch.device("meta"):
        network = build(name, 100, 3)
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMETERS[name]


def keys_of_norm(name):
    return [
        f"{name}.{part}"
        for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    ]


@pytest.mark.parametrize(
    ("name", "blocks", "with_downsample"),
    [("resnet20", 3, ["layer2", "layer3"]), ("resnet8x4", 1, ["layer1", "layer2", "layer3"])],
)
def test_names_of_weights_are_those_of_repdistiller(name, blocks, with_downsample):
    expected = ["conv1.weight", *keys_of_norm("bn1")]
    for layer in ("layer1", "layer2", "layer3"):
        for block in range(blocks):
            for number in (1, 2):
                expected.append(f"{layer}.{block}.conv{number}.weight")
                expected += keys_of_norm(f"{layer}.{block}.bn{number}")
            if block == 0 and layer in with_downsample:
                expected.append(f"{layer}.0.downsample.0.weight")
                expected += keys_of_norm(f"{layer}.0.downsample.1")
    assert list(build(name, 100, 3).state_dict()) == [*expected, "fc.weight", "fc.bias"]


def test_block_is_activated_after_the_sum():
    torch.manual_seed(0)
    block = build("resnet8", 10, 3).eval().layer2[0]
    x = torch.randn(2, 16, 8, 8)
    with torch.no_grad():
        # Without statistics, batch normalisation in evaluation mode divides by sqrt(1 + 1e-5).
        scale = (1 + 1e-5) ** -0.5
        inner = (F.conv2d(x, block.conv1.weight, stride=2, padding=1) * scale).clamp(min=0)
        residual = F.conv2d(inner, block.conv2.weight, padding=1) * scale
        shortcut = F.conv2d(x, block.downsample[0].weight, stride=2) * scale
        torch.testing.assert_close(block(x), (shortcut + residual).clamp(min=0))


def test_convolutions_start_as_he_initialised_by_their_outputs():
    torch.manual_seed(0)
    weight = build("resnet8", 10, 3).layer2[0].conv1.weight
    assert weight.shape == (32, 16, 3, 3)
    # He et al. (2015), Eq. (14): the variance is 2 over 3 x 3 pixels of 32 outputs.
    assert weight.std().item() == pytest.approx((2 / 288) ** 0.5, rel=0.05)
    assert abs(weight.mean().item()) < 0.005  # four standard errors
