"""Steps of distillation with a live teacher, Limbeck's and a plain PyTorch loop's.

    python benchmarks/distillation.py [--device cuda] [objective ...]

WRN-40-2 to WRN-16-2 on CIFAR-100 with crops and mirror images, 64 a step, cross-entropy and the
objective's loss in each step: the setting of RepDistiller. The plain loop is written as its loop
is: worker processes crop and flip Pillow images, the teacher looks at each batch, both networks in
float32 with memory and optimiser as torch has them by default, loss and accuracy of each step read.
Its losses are Limbeck's own functions, so that only the loops are compared. The sides take turns,
each in a process of its own with its queues filled.
"""

import argparse
from functools import partial

import numpy as np
import torch
from plain_loop import ATTRIBUTES, IMAGES, read_images
from side_by_side import Row, print_table
from torch import nn
from torch.nn import functional as F
from torchvision import transforms
from training_steps import QUEUED, LimbeckSteps, Pictures, endless, options_of, sgd, take_turns

from limbeck.networks.features import find_layer
from limbeck.networks.network import Network, build_network
from limbeck.runtime.devices import resolve_precision, select_device, to_device
from limbeck.study.method_settings import MethodSettings
from limbeck.study.objectives import OBJECTIVES
from limbeck.training.objectives import TrainingData, build_objective
from limbeck.training.objectives.distilling import Batch
from limbeck.training.teacher import Answer, LiveTeacher

STEPS, ROUNDS, GOAL = 4, 2, 2.0
TEACHER, STUDENT = "wrn_40_2", "wrn_16_2"
TAUGHT = [name for name, objective in OBJECTIVES.items() if objective.teacher]


def settings_of(objective: str = "cross_entropy", model: str = STUDENT) -> MethodSettings:
    """Return RepDistiller's settings."""
    return MethodSettings(
        **{"objective": objective, "options": options_of(objective, images="all")},
        **{"model": model, "weights": None, "input_size": None, "normalisation": "dataset"},
        **{"augmentation": "crop_flip", "crop_padding": 4, "batch_size": 64},
        **{"epochs": 240, "steps": None, "learning_rate": 0.05, "momentum": 0.9},
        **{"nesterov": False, "weight_decay": 5e-4, "schedule": "constant", "decay_epochs": ()},
        **{"decay_factor": None, "precision": "auto"},
    )


class Plain:
    """Steps of a plain loop; workers prepare images as long as it is entered."""

    warm_up = QUEUED

    def __init__(
        self, images: np.ndarray, data: TrainingData, settings: MethodSettings, networks: list
    ):
        self.data, self.device = data, data.images.device
        self.student, self.teacher = (
            network.to(memory_format=torch.contiguous_format) for network in networks
        )
        self.objective = build_objective(data, settings, self.student)
        self.student.backbone.train()
        pairs = self.objective.options.get("layers", {})
        self.features = [
            keep(self.student, pairs.keys()),
            keep(self.teacher, pairs.values()),
        ]
        own = list(self.objective.parameters())
        trained = [*self.student.backbone.parameters(), *own]
        self.optimiser = sgd(trained, settings, fused=False)
        parts = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()]
        parts.append(transforms.ToTensor())
        parts.append(transforms.Normalize(ATTRIBUTES["mean"], ATTRIBUTES["std"]))
        self.pictures = Pictures(images, np.arange(IMAGES), [transforms.Compose(parts)])
        self.losses, self.accuracies = [], []

    def __enter__(self) -> "Plain":
        # As those repositories do: the quickest kernels, not the same bits.
        torch.backends.cudnn.benchmark = True
        self.loader = endless(self.pictures, 64, self.device)
        return self

    def __exit__(self, *_) -> None:
        self.loader.close()

    def step(self) -> None:
        """Take a step."""
        images, rows = (part.to(self.device) for part in next(self.loader))
        labels = self.data.labels[rows]
        logits = self.student.backbone(images)
        with torch.no_grad():
            said = self.teacher.backbone(images)
        ours, theirs = (list(kept.values()) for kept in self.features)
        if theirs:
            theirs = self.objective.hear([feature.detach() for feature in theirs])
        answer, batch = Answer([said], theirs), Batch(rows, labels, 0)
        loss = F.cross_entropy(logits, labels) + self.objective.loss(logits, ours, answer, batch)
        self.accuracies.append((logits.argmax(1) == labels).float().mean().item())
        self.losses.append(loss.item())
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.objective.after_step(self.student)


def keep(network: Network, layers) -> dict:
    """Keep the outputs of layers of each pass in the mapping that is returned."""
    kept = dict.fromkeys(layers)

    def hook(layer: str, module: nn.Module, given: tuple, output: torch.Tensor) -> None:
        kept[layer] = output

    for layer in kept:
        find_layer(network, layer).register_forward_hook(partial(hook, layer))
    return kept


def limbeck(objective: str, device: str) -> LimbeckSteps:
    """Return Limbeck's steps."""
    place = select_device(device)
    student, teacher = networks(place)
    settings = settings_of(objective)
    data = data_of(teacher, resolve_precision("auto", place), place)
    return LimbeckSteps(data, settings, student, place)


def plain(objective: str, device: str) -> Plain:
    """Return the plain loop's steps."""
    place = torch.device(device)
    pair = networks(place)
    return Plain(read_images()[0], data_of(pair[1], "float32", place), settings_of(objective), pair)


def networks(device: torch.device) -> list[Network]:
    """Return a student and a teacher, the same on either side."""
    torch.manual_seed(0)
    return [
        build_network(settings_of(model=model), ATTRIBUTES, 3).to(device)
        for model in (STUDENT, TEACHER)
    ]


def data_of(teacher: Network, precision: str, device: torch.device) -> TrainingData:
    """Return labelled images and a live teacher of them."""
    images, labels = read_images()
    rows = torch.arange(IMAGES, device=device)
    labels, live = torch.from_numpy(labels).to(device), LiveTeacher([teacher], [precision])
    return TrainingData(to_device(images, device), labels, rows, rows[:0], live)


def compare(objective: str, device: str) -> Row:
    """Return the seconds of a step of either side."""
    sides = {"limbeck": (limbeck, objective, device), "plain": (plain, objective, device)}
    best = take_turns(sides, "step", STEPS, ROUNDS)
    return Row(objective, best["limbeck"], "plain loop", best["plain"], GOAL)


def main() -> None:
    """Print a row for each objective."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("objectives", nargs="*", default=TAUGHT, metavar="objective")
    arguments = parser.parse_args()
    rows = [compare(objective, arguments.device) for objective in arguments.objectives]
    print_table(f"Distillation: a step of 64 images, {TEACHER} to {STUDENT}", rows, "torch")


if __name__ == "__main__":
    main()
