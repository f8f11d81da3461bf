"""FixMatch steps, Limbeck's and a plain PyTorch implementation's, in images per second.

    python benchmarks/fixmatch_step.py [--device cuda] [--model wrn_28_2] [--batch-size 64]

The plain one augments PIL images in the worker processes of data loaders, one by one, as is usual.
Both train the same network with the same settings and precision on random images of CIFAR-100's
shape. They take turns, each in a process of its own with its workers started and its queues
filled, so that a busy machine is busy for both. One line is the whole step, one the preparation of
the images alone, without a network. A step's images are counted once, however many views there are
of them.
"""

import argparse
import copy
import random
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch.nn import functional as F
from torchvision import transforms
from training_steps import QUEUED, LimbeckSteps, Pictures, endless, options_of, sgd, take_turns

from limbeck.networks.network import build_network
from limbeck.runtime.devices import computing, resolve_precision, select_device
from limbeck.study.method_settings import MethodSettings
from limbeck.training.augmentation import weak_view
from limbeck.training.objectives import TrainingData
from limbeck.training.strong_augmentation import strong_view

IMAGES, LABELLED, CLASSES, SIZE = 8000, 2500, 100, 32
ROUNDS = 2
MEAN, STD = [0.5] * 3, [0.25] * 3


def settings_of(model: str, batch_size: int) -> MethodSettings:
    """Return the published settings of FixMatch for CIFAR-100."""
    return MethodSettings(
        **{"objective": "fixmatch", "options": options_of("fixmatch"), "model": model},
        **{"weights": None, "input_size": None, "normalisation": "dataset"},
        **{"augmentation": "crop_flip", "crop_padding": 4, "batch_size": batch_size},
        **{"epochs": None, "steps": 2**20, "learning_rate": 0.03, "momentum": 0.9},
        **{"nesterov": True, "weight_decay": 0.001, "schedule": "cosine_7_16"},
        **{"decay_epochs": (), "decay_factor": None, "precision": "auto", "ema_decay": 0.999},
    )


def cut_out(image: Image.Image) -> Image.Image:
    """Grey a square of half the side."""
    x, y = (random.randrange(SIZE) - SIZE // 4 for _ in range(2))
    ImageDraw.Draw(image).rectangle([x, y, x + SIZE // 2 - 1, y + SIZE // 2 - 1], (127,) * 3)
    return image


class Plain:
    """A step of plain PyTorch; workers augment as long as the object is entered."""

    warm_up = QUEUED

    def __init__(self, images, labels, settings: MethodSettings, network, device: torch.device):
        self.settings, self.device, self.network = settings, device, network.backbone
        self.average = copy.deepcopy(self.network)
        self.optimiser = sgd(self.network.parameters(), settings, fused=True)
        self.precision = resolve_precision(settings.precision, device)
        flip, finish = transforms.RandomHorizontalFlip(), transforms.ToTensor()
        crop = transforms.RandomCrop(SIZE, padding=4, padding_mode="reflect")
        finish = transforms.Compose([finish, transforms.Normalize(MEAN, STD)])
        weak = transforms.Compose([flip, crop, finish])
        strong = transforms.Compose([flip, crop, transforms.RandAugment(2, 10), cut_out, finish])
        known = Pictures(images[:LABELLED], labels[:LABELLED], [weak])
        others = Pictures(images[LABELLED:], labels[LABELLED:], [weak, strong])
        batch, ratio = settings.batch_size, settings.options["unlabelled_ratio"]
        self.open = lambda: [
            endless(known, batch, device),
            endless(others, ratio * batch, device),
        ]

    def __enter__(self) -> "Plain":
        self.loaders = self.open()
        return self

    def __exit__(self, *_) -> None:
        for loader in self.loaders:
            loader.close()

    def prepare(self) -> list[torch.Tensor]:
        """Return the images and labels of a step."""
        (x, y), (weak, strong, _) = map(next, self.loaders)
        return [part.to(self.device, non_blocking=True) for part in (x, y, weak, strong)]

    def step(self) -> None:
        """Take a step."""
        x, y, weak, strong = self.prepare()
        self.optimiser.zero_grad(set_to_none=True)
        with computing(self.precision, self.device):
            joined = torch.cat([x, weak, strong]).contiguous(memory_format=torch.channels_last)
            logits = self.network(joined).float()
            known, judged, predicted = logits.split([len(x), len(weak), len(strong)])
            confidence, classes = judged.detach().softmax(1).max(1)
            losses = F.cross_entropy(predicted, classes, reduction="none")
            loss = F.cross_entropy(known, y)
            loss = loss + (losses * (confidence >= self.settings.options["threshold"])).mean()
        loss.backward()
        self.optimiser.step()
        decay, pairs = self.settings.ema_decay, (self.average, self.network)
        with torch.no_grad():
            for kept, value in zip(*(part.parameters() for part in pairs), strict=True):
                kept.mul_(decay).add_(value, alpha=1 - decay)


class Limbeck(LimbeckSteps):
    """A step of Limbeck's training loop."""

    def __init__(self, images, labels, settings: MethodSettings, network, device: torch.device):
        self.settings = settings
        rows = torch.arange(IMAGES, device=device)
        self.images = torch.from_numpy(images).to(device).permute(0, 3, 1, 2)
        known = torch.from_numpy(labels).to(device)
        data = TrainingData(self.images, known, rows[:LABELLED], rows[LABELLED:])
        super().__init__(data, settings, network, device)

    def prepare(self) -> None:
        """Augment the images of a step."""
        settings = self.settings
        others = self.images[: settings.options["unlabelled_ratio"] * settings.batch_size]
        weak_view(self.images[: settings.batch_size], settings)
        weak_view(others, settings)
        strong_view(
            weak_view(others, settings)[0],
            settings.options["strong_operations"],
            settings.options["cutout"],
        )


def limbeck(device: str, settings: MethodSettings) -> Limbeck:
    """Return Limbeck's side."""
    return _side(Limbeck, select_device(device), settings)


def plain(device: str, settings: MethodSettings) -> Plain:
    """Return the plain side."""
    return _side(Plain, torch.device(device), settings)


def _side(make: Callable, device: torch.device, settings: MethodSettings):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (IMAGES, SIZE, SIZE, 3), np.uint8)
    labels = generator.integers(0, CLASSES, IMAGES)
    attributes = {"class_names": [""] * CLASSES, "mean": MEAN, "std": STD}
    torch.manual_seed(0)
    network = build_network(settings, attributes, 3).to(device)
    return make(images, labels, settings, network, device)


def main() -> None:
    """Print a line for whole steps and one for the preparation of images."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--model", default="wrn_28_1")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=3)
    arguments = parser.parse_args()
    settings = settings_of(arguments.model, arguments.batch_size)
    names = {"Limbeck": limbeck, "plain PyTorch": plain}
    sides = {name: (make, arguments.device, settings) for name, make in names.items()}
    per_step = settings.batch_size * (1 + settings.options["unlabelled_ratio"])
    for what, count in (("prepare", 10 * arguments.steps), ("step", arguments.steps)):
        best = take_turns(sides, what, count, ROUNDS)
        rates = {name: per_step / spent for name, spent in best.items()}
        shown = ", ".join(f"{name} {rate:.0f} images/s" for name, rate in rates.items())
        print(f"{what}: {shown}, ratio {rates['Limbeck'] / rates['plain PyTorch']:.2f}", flush=True)


if __name__ == "__main__":
    main()
