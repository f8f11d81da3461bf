"""Wide residual networks: sizes and blocks."""

import pytest
import torch
from torch.nn import functional as F

from limbeck.networks.wide_resnet import WideResNet, build


def formula(depth, width, classes, channels=3):
    """Count the weights of Zagoruyko & Komodakis' network, convolution by convolution."""
    total = 9 * channels * 16
    inputs = 16
    for group, outputs in enumerate((16 * width, 32 * width, 64 * width)):
        for block in range((depth - 4) // 6):
            total += 2 * inputs + 9 * inputs * outputs  # batch normalisation, 3 x 3
            total += 2 * outputs + 9 * outputs * outputs
            if block == 0 and (group > 0 or inputs != outputs):
                total += inputs * outputs  # 1 x 1 shortcut
            inputs = outputs
    return total + 2 * inputs + (inputs + 1) * classes


def count(depth, width, classes, channels=3):
    with torch.device("meta"):
        network = WideResNet(depth, width, classes, channels)
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("depth", "width", "classes", "channels"),
    [(28, 1, 100, 3), (28, 2, 100, 3), (10, 1, 10, 1), (16, 4, 10, 3), (40, 2, 10, 3)],
)
def test_parameters_are_those_of_the_formula(depth, width, classes, channels):
    assert count(depth, width, classes, channels) == formula(depth, width, classes, channels)


def test_the_papers_student_has_0_37_million_parameters():
    # 432 + 4 * 4672 + (14432 + 3 * 18560) + (57536 + 3 * 73984) + 128 + 6500
    assert count(28, 1, 100) == 375_348


def test_28_10_has_its_published_36_5_million_parameters():
    assert count(28, 10, 10) == 36_479_194


def test_a_name_says_depth_and_width():
    network = build("wrn_16_2", 7, 1)
    assert sum(parameter.numel() for parameter in network.parameters()) == formula(16, 2, 7, 1)


@pytest.mark.parametrize("model", ["wrn_27_1", "wrn_4_1", "wrn_28_0"])
def test_wrong_depth_or_width_is_an_error(model, refusal):
    message = refusal(build, model, 5, 3)
    assert message.startswith(f"model = {model}: the depth must be 6n + 4")


def test_block_is_the_pre_activation_block():
    torch.manual_seed(0)
    block = build("wrn_10_1", 10, 1).eval().group2[0]
    x = torch.randn(2, 16, 8, 8)
    with torch.no_grad():
        # Without statistics, batch normalisation in evaluation mode divides by sqrt(1 + 1e-5).
        scale = (1 + 1e-5) ** -0.5
        activated = (x * scale).clamp(min=0)
        inner = F.conv2d(activated, block.conv1.weight, stride=2, padding=1)
        residual = F.conv2d((inner * scale).clamp(min=0), block.conv2.weight, padding=1)
        shortcut = F.conv2d(activated, block.shortcut.weight, stride=2)
        torch.testing.assert_close(block(x), shortcut + residual)


def test_convolutions_start_as_he_initialised_by_their_outputs():
    torch.manual_seed(0)
    weight = build("wrn_10_1", 10, 3).group2[0].conv1.weight
    assert weight.shape == (32, 16, 3, 3)
    # He et al. (2015), Eq. (14): the variance is 2 over 3 x 3 pixels of 32 outputs.
    assert weight.std().item() == pytest.approx((2 / 288) ** 0.5, rel=0.05)
    assert abs(weight.mean().item()) < 0.005  # four standard errors
