"""Wide residual networks (Zagoruyko & Komodakis 2016)."""

import torch
from torch import nn
from torch.nn import functional as F

from limbeck.runtime.errors import InputError


def build(name: str, classes: int, channels: int) -> "WideResNet":
    """Build the network ``wrn_<depth>_<width>``."""
    _, depth, width = name.split("_")
    return WideResNet(int(depth), int(width), classes, channels)


class Block(nn.Module):
    """A pre-activation residual block of two 3 x 3 convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.shortcut = (
            nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            if inputs != outputs or stride != 1
            else None
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        activated = F.relu(self.norm1(x))
        identity = x if self.shortcut is None else self.shortcut(activated)
        return identity + self.conv2(F.relu(self.norm2(self.conv1(activated))))


class WideResNet(nn.Module):
    """Wide-ResNet-d-k.

    Parameters
    ----------
    depth : int
        Number of convolutions, 6n + 4.
    width : int
        Factor on the 16, 32 and 64 channels of the three groups.
    classes : int
        Number of logits.
    channels : int
        Channels of the images.

    Raises
    ------
    InputError
        If the depth is not 6n + 4 or the width is not positive.

    Notes
    -----
    Depth 28 and width 1, for 100 classes, have 0.37 million parameters, the student of the paper.
    """

    automatic_layers = {"A": "conv1", "B": "group1", "C": "group2", "D": "group3", "E": "pool"}

    def __init__(self, depth: int, width: int, classes: int, channels: int):
        super().__init__()
        if depth < 10 or (depth - 4) % 6 or width < 1:
            raise InputError(
                f"model = wrn_{depth}_{width}: the depth must be 6n + 4 (10, 16, 22, 28, ...) and "
                "the width at least 1"
            )
        blocks = (depth - 4) // 6
        self.conv1 = nn.Conv2d(channels, 16, 3, 1, 1, bias=False)
        self.group1 = self._group(16, 16 * width, blocks, 1)
        self.group2 = self._group(16 * width, 32 * width, blocks, 2)
        self.group3 = self._group(32 * width, 64 * width, blocks, 2)
        self.norm = nn.BatchNorm2d(64 * width)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(64 * width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @staticmethod
    def _group(inputs: int, outputs: int, blocks: int, stride: int) -> nn.Sequential:
        return nn.Sequential(
            Block(inputs, outputs, stride), *(Block(outputs, outputs, 1) for _ in range(blocks - 1))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images (B, channels, H, W) to logits (B, classes)."""
        x = self.group3(self.group2(self.group1(self.conv1(x))))
        return self.head(self.pool(F.relu(self.norm(x))).flatten(1))
