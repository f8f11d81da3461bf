"""Steps of distillation with a live teacher, Limbeck's and a plain PyTorch loop's.

    python benchmarks/distillation.py [--device cuda] [objective ...]

WRN-40-2 to WRN-16-2 on CIFAR-100 with crops and mirror images, 64 a step, cross-entropy and the
objective's loss in each step: the setting of RepDistiller. The plain loop is written as its loop
is: worker processes crop and flip Pillow images, the teacher looks at each batch, both networks in
float32 with memory and optimiser as torch has them by default, loss and accuracy of each step read.
Its losses are Limbeck's own functions, so that only the loops are compared. The sides take turns,
each with its queues filled.
"""

import argparse
import contextlib
from functools import partial

import numpy as np
import torch
from plain_loop import ATTRIBUTES, IMAGES, read_images, torch_defaults
from side_by_side import Row, best_of, print_table
from torch import nn
from torch.nn import functional as F
from torchvision import transforms
from training_steps import QUEUED, LimbeckSteps, Pictures, endless, options_of, sgd, timed

from limbeck.networks.features import find_layer
from limbeck.networks.network import Network, build_network
from limbeck.runtime.devices import resolve_precision, select_device
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
        self.defaults = contextlib.ExitStack()

    def __enter__(self) -> "Plain":
        self.defaults.enter_context(torch_defaults())
        self.loader = endless(self.pictures, 64, self.device)
        return self

    def __exit__(self, *_) -> None:
        self.loader.close()
        self.defaults.close()

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


def compare(objective: str, device: torch.device) -> Row:
    """Return the seconds of a step of either side."""
    images, labels = read_images()
    settings = settings_of(objective)

    def networks() -> list[Network]:
        torch.manual_seed(0)
        return [
            build_network(settings_of(model=model), ATTRIBUTES, 3).to(device)
            for model in (STUDENT, TEACHER)
        ]

    def data(teacher: Network, precision: str) -> TrainingData:
        rows = torch.arange(IMAGES, device=device)
        on_device = torch.from_numpy(images).to(device).permute(0, 3, 1, 2)
        live = LiveTeacher([teacher], [precision])
        return TrainingData(on_device, torch.from_numpy(labels).to(device), rows, rows[:0], live)

    student, teacher = networks()
    precision = resolve_precision("auto", device)
    limbeck = LimbeckSteps(data(teacher, precision), settings, student, device)
    pair = networks()
    plain = Plain(images, data(pair[1], "float32"), settings, pair)
    sides = {"limbeck": limbeck, "plain": plain}
    best = best_of(
        {name: partial(timed, side, "step", STEPS) for name, side in sides.items()}, ROUNDS
    )
    return Row(objective, best["limbeck"], "plain loop", best["plain"], GOAL)


def main() -> None:
    """Print a row for each objective."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("objectives", nargs="*", default=TAUGHT, metavar="objective")
    arguments = parser.parse_args()
    device = select_device(arguments.device)
    rows = [compare(objective, device) for objective in arguments.objectives]
    print_table(f"Distillation: a step of 64 images, {TEACHER} to {STUDENT}", rows, "torch")


if __name__ == "__main__":
    main()
