"""Steps of training and of distillation, Limbeck's and a plain PyTorch loop's.

    python benchmarks/training.py [--device cuda]

The plain loop is that of the well-known repositories of distillation (RepDistiller, say): worker
processes flip Pillow images one by one, the teacher looks at each batch, Hinton's loss, SGD and
memory as torch has them by default, float32, loss and accuracy of each step read. Both train the
same networks with the same settings on images of CIFAR-100 where data/cifar100 is, on random ones
elsewhere. The sides take turns, each in a process of its own with its queues filled.

A step of distillation is one of an unlabelled pass; Limbeck's has its share of computing the
teacher's logits of images and mirror images once, which `CYCLES` cycles read. Below the table
stands what bounds a step.
"""

import argparse
import functools
import time
from collections.abc import Iterator

import numpy as np
import torch
from plain_loop import ATTRIBUTES, CLASSES, IMAGES, Plain, read_images
from side_by_side import Row, print_table
from torch.utils.flop_counter import FlopCounterMode
from training_steps import LimbeckSteps, options_of, take_turns

from limbeck.networks.inference import batch_logits
from limbeck.networks.network import Network, build_network
from limbeck.runtime.devices import computing, resolve_precision, select_device, to_device
from limbeck.runtime.memory import keep_freed_memory
from limbeck.runtime.threads import available_threads
from limbeck.study.method_settings import MethodSettings
from limbeck.training.objectives import TrainingData
from limbeck.training.teacher import CachedTeacher

STEPS, ROUNDS = {"cpu": 20, "cuda": 40}, 5
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


def limbeck(
    device: str, settings: MethodSettings, labelled: np.ndarray | None = None
) -> LimbeckSteps:
    """Return Limbeck's steps of training on labelled rows, (n,), by default all."""
    place = select_device(device)
    images, labels = read_images()
    labelled = np.arange(IMAGES) if labelled is None else labelled
    teacher = None
    if settings.objective == "distillation":
        labelled = labelled[: settings.batch_size]  # one step, of those before the clock
        rows = torch.arange(len(labelled), IMAGES, device=place)
        logits = torch.randn(len(rows), 2, CLASSES, device=place)
        teacher = CachedTeacher(rows, IMAGES, [logits])
    others = np.setdiff1d(np.arange(IMAGES), labelled)
    labels, labelled, others = (
        torch.from_numpy(values).to(place) for values in (labels, labelled, others)
    )
    data = TrainingData(to_device(images, place), labels, labelled, others, teacher)
    return LimbeckSteps(data, settings, network(settings, place), place)


def plain(device: str, settings: MethodSettings) -> Plain:
    """Return a plain loop's steps, with a live teacher for distillation."""
    place = torch.device(device)
    teacher = None
    if settings.objective == "distillation":
        teacher = network(settings_of(**TEACHER), place)
    return Plain(*read_images(), settings, network(settings, place), place, teacher)


def network(settings: MethodSettings, device: torch.device) -> Network:
    """Return a new network."""
    return build_network(settings, ATTRIBUTES, 3).to(device)


def supervised(what: str, device: str, **changes) -> Row:
    """Compare training with labels."""
    return _row(what, device, "plain loop", GOALS[device][0], settings_of(**changes))


def distilled(what: str, device: str, **changes) -> Row:
    """Compare distillation."""
    settings = settings_of(objective="distillation", **changes)
    share = share_of_logits(device, settings.precision)
    return _row(what, device, "live teacher", GOALS[device][1], settings, share)


def _row(
    what: str, device: str, other: str, goal: float, settings: MethodSettings, extra: float = 0.0
) -> Row:
    """Let two sides take turns; `extra` seconds count for each of Limbeck's steps."""
    sides = {"limbeck": (limbeck, device, settings), "other": (plain, device, settings)}
    best = take_turns(sides, "step", STEPS[device], ROUNDS)
    return Row(what, best["limbeck"] + extra, other, best["other"], goal)


@functools.cache
def share_of_logits(device: str, precision: str) -> float:
    """Return a step's share of the seconds that the teacher's logits of both views take."""
    sides = {"limbeck": (TeacherLogits, device, precision)}
    seconds = take_turns(sides, "both_views", 1, ROUNDS)["limbeck"]
    return seconds / TeacherLogits.count * settings_of().batch_size / CYCLES


class TeacherLogits:
    """A teacher's logits of images and of their mirror images, as the job computes them."""

    count, warm_up = 512, 1

    def __init__(self, device: str, precision: str):
        keep_freed_memory()
        self.device = select_device(device)
        self.precision = resolve_precision(precision, self.device)
        self.teacher = network(settings_of(**TEACHER), self.device).eval()
        self.images = read_images()[0]

    def __enter__(self) -> "TeacherLogits":
        return self

    def __exit__(self, *_) -> None:
        pass

    def both_views(self) -> None:
        """Compute them."""
        rows = np.arange(self.count)
        with computing(self.precision, self.device):
            for flip in (False, True):
                for _ in batch_logits(self.teacher, self.images, rows, self.device, flip=flip):
                    pass


def bound(training: Row, distillation: Row) -> str:
    """Say how near to the processor's rate of multiplications a step of WRN-28-1 is."""
    side = limbeck("cpu", settings_of())
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


def rows_of(device: str) -> Iterator[Row]:
    """Yield the table's rows."""
    yield supervised("WRN-28-1, labels", device)
    yield supervised("ResNet-18 at 32 pixels, labels", device, model="resnet18")
    yield distilled("WRN-28-1, distilled from ResNet-18 at 64 pixels", device)


def main() -> None:
    """Print the table and what bounds a step."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    device = parser.parse_args().device
    rows = print_table("Training: a step of 64 images", rows_of(device), "torch", "torchvision")
    share = share_of_logits(device, settings_of().precision)
    print(f"\nOf Limbeck's distillation {share:.2g} s a step are its share of teacher's logits.")
    if device == "cpu":
        print(f"\n{bound(rows[0], rows[-1])}")


if __name__ == "__main__":
    main()
