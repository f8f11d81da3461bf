"""Steps of training and of distillation, Limbeck's and a plain PyTorch loop's.

    python benchmarks/training.py [--device cuda]

The plain loop is that of the well-known repositories of distillation (RepDistiller, say): worker
processes flip Pillow images one by one, the teacher looks at each batch, Hinton's loss, SGD and
memory as torch has them by default, float32, loss and accuracy of each step read. Both train the
same networks with the same settings on images of CIFAR-100 where data/cifar100 is, on random ones
elsewhere. The sides take turns, each with its queues filled.

A step of distillation is one of an unlabelled pass; Limbeck's has its share of computing the
teacher's logits of images and mirror images once, which `CYCLES` cycles read. Below the table
stands what bounds a step.
"""

import argparse
import time
from functools import partial

import numpy as np
import torch
from plain_loop import ATTRIBUTES, CLASSES, IMAGES, Plain, read_images
from side_by_side import Row, best_of, print_table
from torch.utils.flop_counter import FlopCounterMode
from training_steps import LimbeckSteps, options_of, timed

from limbeck.networks.inference import BATCH, batch_logits
from limbeck.networks.network import Network, build_network
from limbeck.runtime.devices import select_device
from limbeck.runtime.threads import available_threads
from limbeck.study.method_settings import MethodSettings
from limbeck.training.objectives import TrainingData
from limbeck.training.teacher import CachedTeacher, Teacher

STEPS, ROUNDS = 6, 2
# Of distillation, in config/cifar100.yaml: how often the teacher's logits are read.
CYCLES = 60
TEACHER = {"model": "resnet18", "input_size": 64}
# Of training and of distillation.
GOALS = {"cpu": (2.0, 3.5), "cuda": (10.0, 15.0)}


def settings_of(**changes) -> MethodSettings:
    """Return the settings of the paper's study, config/cifar100.yaml."""
    values = {
        **{"model": "wrn_28_1", "weights": None, "input_size": None, "normalisation": "dataset"},
        **{"augmentation": "flip", "batch_size": 64, "epochs": 60, "steps": None},
        **{"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4},
        **{"schedule": "constant", "decay_epochs": (), "decay_factor": None, "precision": "auto"},
    }
    settings = {"objective": "cross_entropy", "options": {}, **values, **changes}
    options = options_of(settings["objective"], **settings["options"])
    return MethodSettings(**{**settings, "options": options})


class Comparison:
    """The images, on the device too, and what is timed on them."""

    def __init__(self, device: torch.device):
        self.device = device
        self.images, self.labels = read_images()
        self.on_device = torch.from_numpy(self.images).to(device).permute(0, 3, 1, 2)

    def network(self, settings: MethodSettings) -> Network:
        """Return a new network."""
        return build_network(settings, ATTRIBUTES, 3).to(self.device)

    def data(self, labelled: np.ndarray, teacher: Teacher | None = None) -> TrainingData:
        """Return training data of labelled rows, (n,), and the others."""
        others = np.setdiff1d(np.arange(IMAGES), labelled)
        labels, labelled, others = (
            torch.from_numpy(values).to(self.device) for values in (self.labels, labelled, others)
        )
        return TrainingData(self.on_device, labels, labelled, others, teacher)

    def row(self, what: str, limbeck, other: str, side, goal=None, extra=0.0) -> Row:
        """Let two sides take turns; `extra` seconds count for each of Limbeck's steps."""
        sides = {"limbeck": limbeck, "other": side}
        turns = {name: partial(timed, each, "step", STEPS) for name, each in sides.items()}
        best = best_of(turns, ROUNDS)
        return Row(what, best["limbeck"] + extra, other, best["other"], goal)

    def supervised(self, what: str, **changes) -> Row:
        """Compare training with labels."""
        settings = settings_of(**changes)
        limbeck = self.steps(settings, np.arange(IMAGES))
        plain = Plain(self.images, self.labels, settings, self.network(settings), self.device)
        return self.row(what, limbeck, "plain loop", plain, GOALS[self.device.type][0])

    def steps(self, settings: MethodSettings, labelled: np.ndarray) -> LimbeckSteps:
        """Return Limbeck's steps of supervised training."""
        return LimbeckSteps(self.data(labelled), settings, self.network(settings), self.device)

    def distilled(self, what: str, **changes) -> tuple[Row, str]:
        """Compare distillation; also say what the teacher's logits cost."""
        settings = settings_of(objective="distillation", **changes)
        teacher = self.network(settings_of(**TEACHER)).eval()
        share = settings.batch_size * self.seconds_of_logits(teacher) / CYCLES
        labelled = np.arange(settings.batch_size)  # one step, of those before the clock
        logits = torch.randn(IMAGES - len(labelled), 2, CLASSES, device=self.device)
        rows = torch.arange(len(labelled), IMAGES, device=self.device)
        data = self.data(labelled, CachedTeacher(rows, IMAGES, [logits]))
        limbeck = LimbeckSteps(data, settings, self.network(settings), self.device)
        others = slice(len(labelled), None)
        plain = Plain(
            *(self.images[others], self.labels[others], settings, self.network(settings)),
            *(self.device, teacher),
        )
        goal = GOALS[self.device.type][1]
        said = f"Of Limbeck's distillation {share:.2g} s a step are its share of teacher's logits."
        return self.row(what, limbeck, "live teacher", plain, goal, share), said

    def seconds_of_logits(self, teacher: Network) -> float:
        """Return what the teacher's logits of an image and its mirror image take."""
        rows = np.arange(2 * BATCH)

        def both_views() -> None:
            for flip in (False, True):
                for _ in batch_logits(teacher, self.images, rows, self.device, flip=flip):
                    pass

        both_views()
        started = time.perf_counter()
        both_views()
        return (time.perf_counter() - started) / len(rows)


def bound(training: Row, distillation: Row, comparison: Comparison) -> str:
    """Say how near to the processor's rate of multiplications a step of WRN-28-1 is."""
    side = comparison.steps(settings_of(), np.arange(IMAGES))
    with side, FlopCounterMode(display=False) as counter:
        side.step()
    flops, threads = counter.get_total_flops(), available_threads()
    one, together = peak(1), peak(threads)
    least = flops / together
    ours, plain = least / training.limbeck, least / training.seconds
    lines = [
        f"A step of WRN-28-1 is {flops / 1e9:.1f} GFLOP. Products of large float32 matrices run at",
        f"{one / 1e9:.0f} GFLOP/s on one thread and {together / 1e9:.0f} on {threads}, which makes",
        f"{least:.3f} s a step. Limbeck's reaches {ours:.0%} of that rate, the plain loop's",
        f"{plain:.0%}. A step at the full rate, with nothing but multiplications, would be",
        f"{training.seconds / least:.1f} times as fast as the plain loop's and",
        f"{distillation.seconds / least:.1f} times as fast as the one with a live teacher.",
    ]
    return "\n".join(lines)


def peak(threads: int) -> float:
    """Return how many operations a second a product of matrices does, on so many threads."""
    before, side = torch.get_num_threads(), 2048
    torch.set_num_threads(threads)
    first, second = torch.rand(2, side, side)
    spent = []
    for _ in range(5):
        started = time.perf_counter()
        first @ second
        spent.append(time.perf_counter() - started)
    torch.set_num_threads(before)
    return 2 * side**3 / min(spent)


def main() -> None:
    """Print the table and what bounds a step."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    comparison = Comparison(select_device(parser.parse_args().device))
    torch.manual_seed(0)
    training = comparison.supervised("WRN-28-1, labels")
    resnet = comparison.supervised("ResNet-18 at 32 pixels, labels", model="resnet18")
    distillation, logits = comparison.distilled("WRN-28-1, distilled from ResNet-18 at 64 pixels")
    rows = [training, resnet, distillation]
    print_table("Training: a step of 64 images", rows, "torch", "torchvision")
    print(f"\n{logits}")
    if comparison.device.type == "cpu":
        print(f"\n{bound(training, distillation, comparison)}")


if __name__ == "__main__":
    main()
