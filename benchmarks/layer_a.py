"""Points that are like those of a study: 16384 activations of each image."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from limbeck.activations import capture_layers
from limbeck.models.network import Network
from limbeck.models.wide_resnet import LAYERS, WideResNet

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
    network = Network(WideResNet(28, 1, 100, 3), MEAN, STD, None, LAYERS).eval()
    values = np.empty((count, 16384), np.float32)
    images = torch.from_numpy(images_of(count)).permute(0, 3, 1, 2)
    with torch.inference_mode(), capture_layers(network, ["A"]) as captured:
        for start in range(0, count, 250):
            network(images[start : start + 250])
            values[start : start + 250] = F.relu(captured["A"]).flatten(1).numpy()
    return values
