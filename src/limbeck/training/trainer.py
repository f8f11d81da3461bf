"""Steps, epochs and the state of a training: the same for every objective."""

import logging
import math
import time

import torch
from torch import nn

from limbeck.runtime.devices import computing
from limbeck.study.method_settings import MethodSettings
from limbeck.training.checkpoints import Checkpoint
from limbeck.training.objectives import Step, TrainingData, build_objective
from limbeck.training.randomness import random_state, set_random_state
from limbeck.training.schedules import learning_rate

logger = logging.getLogger(__name__)

HISTORY = ("epoch", "loss", "accuracy", "learning_rate", "images_per_second", "seconds")


class Trainer:
    """A network in training and how far it is.

    Parameters
    ----------
    network : torch.nn.Module
        On the device.
    data : TrainingData
        Likewise.
    settings : MethodSettings
        How to train.
    precision : str
        What to compute in, as resolved for the device.
    device : torch.device
        Where.

    Attributes
    ----------
    total, epochs : int
        Numbers of steps and of epochs of the whole training.
    rows : list of list of float
        The history so far, a row an epoch (`HISTORY`).
    """

    def __init__(
        self,
        network: nn.Module,
        data: TrainingData,
        settings: MethodSettings,
        precision: str,
        device: torch.device,
    ):
        self._network = network
        self.settings = settings
        self._objective = build_objective(data, settings, network)
        self._optimiser = torch.optim.SGD(
            network.parameters(),
            lr=settings.learning_rate,
            momentum=settings.momentum,
            nesterov=settings.nesterov,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self._per_epoch = self._objective.steps_per_epoch()
        self.total = settings.steps or settings.epochs * self._per_epoch
        self.epochs = math.ceil(self.total / self._per_epoch)
        self.rows: list[list[float]] = []
        self._precision = precision
        self._device = device
        self._between = None
        self._begin()

    def _begin(self) -> None:
        """Start the sums of an epoch: losses and correct answers, images seen and seconds."""
        self._taken = self._images = self._labelled = 0
        self._seconds = 0.0
        self._loss = torch.zeros((), device=self._device)
        self._correct = torch.zeros((), device=self._device, dtype=torch.long)
        self._random = random_state()

    def result(self) -> nn.Module:
        """Return the network to keep, which may be an average of those that were."""
        return self._objective.result(self._network)

    def train_epoch(self, checkpoint: Checkpoint) -> dict[str, float]:
        """Take the steps that are left of an epoch; return its row of the history."""
        self._network.train()
        epoch = len(self.rows)
        first = epoch * self._per_epoch
        count = min(self._per_epoch, self.total - first)
        started = time.perf_counter() - self._seconds
        for step in self._steps()[self._taken : count]:
            self._set_rate(first + self._taken)
            self._optimiser.zero_grad(set_to_none=True)
            with computing(self._precision, self._device):
                result = step(self._network)
            result.loss.backward()
            self._optimiser.step()
            self._objective.after_step(self._network)
            self._loss += result.loss.detach() * result.images
            self._images += result.images
            self._labelled += result.labelled
            if result.correct is not None:
                self._correct += result.correct
            self._taken += 1
            self._seconds = time.perf_counter() - started
            checkpoint.keep(self._state)
        rate = learning_rate(self.settings, epoch, first + count - 1, self.total)
        loss, correct = self._loss.item() / self._images, self._correct.item()
        accuracy = correct / self._labelled if self._labelled else math.nan
        seconds = time.perf_counter() - started
        self.rows.append([epoch, loss, accuracy, rate, self._images / seconds, seconds])
        self._begin()
        return dict(zip(HISTORY, self.rows[-1], strict=True))

    def _steps(self) -> list[Step]:
        """Draw the epoch's order again, then go on with the random numbers of where it was left."""
        set_random_state(self._random)
        steps = self._objective.epoch(len(self.rows))
        if self._between is not None:
            set_random_state(self._between)
            self._between = None
        return steps

    def _set_rate(self, step: int) -> None:
        rate = learning_rate(self.settings, len(self.rows), step, self.total)
        for group in self._optimiser.param_groups:
            group["lr"] = rate

    def _state(self) -> dict:
        return {
            "network": self._network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "objective": self._objective.state_dict(),
            "rows": self.rows,
            "sums": [self._taken, self._images, self._labelled, self._seconds],
            "loss": self._loss,
            "correct": self._correct,
            "random": self._random,
            "between": random_state(),
        }

    def resume(self, state: dict | None) -> None:
        """Go on from what a checkpoint holds, if it holds anything."""
        if state is None:
            return
        self._network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._objective.load_state_dict(state["objective"])
        self.rows = state["rows"]
        self._taken, self._images, self._labelled, self._seconds = state["sums"]
        self._loss = state["loss"].to(self._device)
        self._correct = state["correct"].to(self._device)
        self._random, self._between = state["random"], state["between"]
        logger.info("resuming in epoch %d, after %d steps of it", len(self.rows) + 1, self._taken)
