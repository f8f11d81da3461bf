"""Points that are like those of a study: 16384 activations of each image."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from limbeck.networks.wide_resnet import WideResNet

CIFAR = Path(__file__).parents[1] / "data/cifar100"
MEAN, STD = [0.507, 0.487, 0.441], [0.267, 0.256, 0.276]


def images_of(count: int) -> np.ndarray:
    """Return images (count, 32, 32, 3), of CIFAR-100's classes in turn, or random ones without it.

    Test images first, training images if those are too few.
    """
    folders = [sorted((CIFAR / part).glob("*")) for part in ("test", "train")]
    if not all(folders):
        print("data/cifar100 is missing: random images")
        return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)
    paths = []
    for part in folders:
        by_class = [sorted(folder.iterdir()) for folder in part]
        paths += [path for row in zip(*by_class, strict=False) for path in row]
    return np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths[:count]])


def layer_a(count: int) -> np.ndarray:
    """Return ReLU activations (count, 16384) behind the first convolution of a new WRN-28-1."""
    torch.manual_seed(0)
    convolution = WideResNet(28, 1, 100, 3).conv1
    mean, deviation = (255 * torch.tensor(numbers).view(1, 3, 1, 1) for numbers in (MEAN, STD))
    images = torch.from_numpy(images_of(count)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        parts = [F.relu(convolution((part - mean) / deviation)) for part in images.split(250)]
        return torch.cat(parts).flatten(1).numpy()
