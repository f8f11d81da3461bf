"""Residual networks for CIFAR (He et al. 2016), as RepDistiller and mdistiller build them.

A network is named like theirs and its state dict has their keys, so that their checkpoints fit.
``resnet8x4`` and ``resnet32x4`` have four times the channels in their groups and twice in the stem.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F


def build(name: str, classes: int, channels: int) -> "CifarResNet":
    """Build the network ``resnet<depth>`` or, with wider groups, ``resnet<depth>x4``."""
    depth, _, wide = name.removeprefix("resnet").partition("x")
    widths = (32, 64, 128, 256) if wide else (16, 16, 32, 64)
    return CifarResNet(int(depth), widths, classes, channels)


class Block(nn.Module):
    """A residual block of two 3 x 3 convolutions, activated after the sum."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = (
            nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
            if inputs != outputs or stride != 1
            else None
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        identity = x if self.downsample is None else self.downsample(x)
        return F.relu(identity + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


class CifarResNet(nn.Module):
    """A residual network of a stem and three groups of blocks.

    Parameters
    ----------
    depth : int
        Number of layers with weights, 6n + 2: n blocks a group, the stem and the head.
    widths : sequence of int
        Channels of the stem and of the three groups.
    classes : int
        Number of logits.
    channels : int
        Channels of the images.
    """

    automatic_layers = {"A": "relu", "B": "layer1", "C": "layer2", "D": "layer3", "E": "avgpool"}

    def __init__(self, depth: int, widths: Sequence[int], classes: int, channels: int):
        super().__init__()
        blocks = (depth - 2) // 6
        stem, first, second, third = widths
        self.conv1 = nn.Conv2d(channels, stem, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        self.relu = nn.ReLU()
        self.layer1 = _group(stem, first, blocks, 1)
        self.layer2 = _group(first, second, blocks, 2)
        self.layer3 = _group(second, third, blocks, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(third, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images (B, channels, H, W) to logits (B, classes)."""
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(self.avgpool(x).flatten(1))


def _group(inputs: int, outputs: int, blocks: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        Block(inputs, outputs, stride), *(Block(outputs, outputs, 1) for _ in range(blocks - 1))
    )
