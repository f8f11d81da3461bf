"""The stages of a network."""

import pytest
import torch
from torch import nn

from limbeck.networks.layers import automatic_layers
from limbeck.networks.network import Network, build
from limbeck.networks.summary import Stage, record_shapes, summarise


def stages(network, size, layers=None):
    layers = automatic_layers(network.backbone) if layers is None else layers
    return summarise(network.eval(), torch.zeros(2, 3, size, size, dtype=torch.uint8), layers)


def test_wide_resnet_by_hand(spec):
    # A block without a shortcut has 2 * (9 c c + 2 c) parameters for c channels; the first of a
    # group has 9 c c / 2 + c for half as many channels at first, and c c / 2 of its shortcut.
    assert stages(build(spec(model="wrn_28_1", classes=100)), 32) == [
        Stage("input", "", (3, 32, 32), 0, ""),
        Stage("conv1", "Conv2d", (16, 32, 32), 9 * 3 * 16, "A"),
        Stage("group1", "Sequential", (16, 32, 32), 4 * 2 * (9 * 256 + 32), "B"),
        Stage("group2", "Sequential", (32, 16, 16), 14432 + 3 * 2 * (9 * 1024 + 64), "C"),
        Stage("group3", "Sequential", (64, 8, 8), 57536 + 3 * 2 * (9 * 4096 + 128), "D"),
        Stage("norm", "BatchNorm2d", (64, 8, 8), 128, ""),
        Stage("pool", "AdaptiveAvgPool2d", (64, 1, 1), 0, "E"),
        Stage("head", "Linear", (100,), 6500, ""),
        Stage("logits", "WideResNet", (100,), 375348, ""),
    ]


def test_resized_images_are_a_stage(spec):
    found = stages(build(spec(input_size=16)), 8)
    assert found[1] == Stage("upsampling", "", (3, 16, 16), 0, "")
    assert found[2].shape == (16, 16, 16)


def test_layers_inside_a_stage_come_before_its_end(spec):
    layers = {"C": "group2", "D": "group3", "F": "group2.0.conv2", "G": "group3"}
    found = stages(build(spec()), 8, layers)
    assert [(stage.name, stage.layers) for stage in found[3:6]] == [
        ("group2.0.conv2", "F"),
        ("group2", "C"),
        ("group3", "D G"),
    ]


def test_what_gives_no_tensor_is_left_out(spec):
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(4, 1, batch_first=True)
            self.head = nn.Linear(4, 5)

        def forward(self, x):
            x = x[:, 0]
            return self.head(self.attention(x, x, x)[0].mean(1))

    found = stages(Network(Attention(), spec(channels=3)), 4)
    assert [stage.name for stage in found] == ["input", "head", "logits"]


def test_no_hook_is_left_behind(spec):
    network = build(spec()).eval()
    with pytest.raises(KeyError), record_shapes(network, ["", "head"]) as shapes:
        network(torch.zeros(1, 3, 8, 8))
        assert shapes == {"": (5,), "head": (5,)}
        raise KeyError
    assert not any(module._forward_hooks for module in network.modules())
