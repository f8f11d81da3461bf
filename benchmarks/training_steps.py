"""Training steps of Limbeck, image loaders and the clock for the benchmarks."""

import contextlib
import itertools
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from PIL import Image
from side_by_side import best_of
from torch import nn
from torch.utils.data import DataLoader, Dataset

from limbeck.runtime.devices import computing, multiplying, resolve_precision
from limbeck.runtime.memory import keep_freed_memory
from limbeck.study.keys import section
from limbeck.study.method_settings import MethodSettings
from limbeck.study.objectives import OBJECTIVES
from limbeck.study.validation import fill_in
from limbeck.training.objectives import TrainingData, build_objective
from limbeck.training.trainer import passes_in_training

WORKERS = 2
# Calls before the clock: as many as the workers have batches ready, and where there are none.
QUEUED, UNQUEUED = 5, 2


class Pictures(Dataset):
    """Views of images, made one by one with Pillow as is usual, and their labels."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, views: Sequence[Callable]):
        self.images, self.labels, self.views = images, labels, views

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple:
        image = Image.fromarray(self.images[row])
        return *(view(image) for view in self.views), int(self.labels[row])


def endless(pictures: Pictures, batch_size: int, device: torch.device) -> Iterator[list]:
    """Yield full batches in random orders, made by worker processes, without end."""
    loader = DataLoader(
        pictures,
        batch_size,
        shuffle=True,
        num_workers=WORKERS,
        drop_last=True,
        persistent_workers=True,
        pin_memory=device.type == "cuda",
    )
    while True:
        yield from loader


class LimbeckSteps:
    """Steps of Limbeck's training loop, epoch after epoch."""

    warm_up = UNQUEUED

    def __init__(
        self, data: TrainingData, settings: MethodSettings, network: nn.Module, device: torch.device
    ):
        keep_freed_memory()  # as a job does
        self.network, self.device = network.train(), device
        self.objective = build_objective(data, settings, network)
        self.passes = passes_in_training(network, self.objective, device)
        trained = [*network.parameters(), *self.objective.parameters()]
        self.optimiser = sgd(trained, settings, fused=True)
        self.precision = resolve_precision(settings.precision, device)

    def __enter__(self) -> "LimbeckSteps":
        self.steps = (step for _ in itertools.count() for step in self.objective.epoch(0))
        return self

    def __exit__(self, *_) -> None:
        self.steps.close()

    def step(self) -> None:
        """Take a step."""
        chosen = next(self.steps)
        self.optimiser.zero_grad(set_to_none=True)
        with multiplying(self.precision):
            with computing(self.precision, self.device):
                result = chosen(self.passes)
            result.loss.backward()
        self.optimiser.step()
        self.objective.after_step(self.network)


def sgd(parameters: Iterable, settings: MethodSettings, fused: bool) -> torch.optim.SGD:
    """Return the optimiser of a method; torch's default one is not fused."""
    return torch.optim.SGD(
        parameters,
        lr=settings.learning_rate,
        momentum=settings.momentum,
        nesterov=settings.nesterov,
        weight_decay=settings.weight_decay,
        fused=fused,
    )


def options_of(objective: str, **given) -> dict:
    """Return the options of an objective, by default those of its declaration."""
    return fill_in(section("", OBJECTIVES[objective].options), {"teacher": "teacher", **given})


def take_turns(sides: Mapping[str, tuple], what: str, count: int, rounds: int) -> dict[str, float]:
    """Let sides take turns, each in a process of its own, so that none's settings touch another.

    Parameters
    ----------
    sides : mapping of str to tuple
        Of each a function that builds it there, and what that takes. A side is entered; it has
        methods to time, a `device`, and `warm_up`: how many calls see to it that no queue of
        batches helps or hinders.
    what : str
        The method.
    count : int
        How often it is called in a turn.
    rounds : int
        How many turns each gets.

    Returns
    -------
    dict of str to float
        The fewest seconds of a call of each.
    """
    spawn = multiprocessing.get_context("spawn")
    with contextlib.ExitStack() as processes:
        turns = {}
        for name, side in sides.items():
            process = processes.enter_context(ProcessPoolExecutor(1, spawn, _build, side))
            turns[name] = lambda process=process: process.submit(_timed, what, count).result()
        return best_of(turns, rounds)


def _build(make: Callable, *arguments) -> None:
    global side
    side = make(*arguments)


def _timed(what: str, count: int) -> float:
    call = getattr(side, what)
    with side:
        for _ in range(side.warm_up):
            call()
        _synchronise(side.device)
        started = time.perf_counter()
        for _ in range(count):
            call()
        _synchronise(side.device)
        return (time.perf_counter() - started) / count


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
