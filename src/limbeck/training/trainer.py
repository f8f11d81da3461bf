"""Steps, epochs and the state of a training: the same for every objective."""

import logging
import math
import time

import torch
from torch import nn

from limbeck.networks.network import Network
from limbeck.runtime.cuda_graphs import Replayed
from limbeck.runtime.devices import computing, multiplying
from limbeck.runtime.errors import InputError
from limbeck.study.method_settings import MethodSettings
from limbeck.study.networks import is_replayable
from limbeck.training.checkpoints import Checkpoint
from limbeck.training.objectives import Objective, Step, TrainingData, build_objective
from limbeck.training.objectives.base import StepResult
from limbeck.training.randomness import random_state, set_random_state
from limbeck.training.schedules import learning_rate

logger = logging.getLogger(__name__)

HISTORY = ("epoch", "loss", "accuracy", "learning_rate", "images_per_second", "seconds")
# Number of images of the check for finite values before and after training.
LOOKED_AT = 8


class Trainer:
    """A network in training and how far it is.

    Parameters
    ----------
    network : Network
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
        network: Network,
        data: TrainingData,
        settings: MethodSettings,
        precision: str,
        device: torch.device,
    ):
        self._network = network
        self._images = data.images
        self.settings = settings
        self._objective = build_objective(data, settings, network)
        self._passes = passes_in_training(network, self._objective, device)
        self._optimiser = torch.optim.SGD(
            [*network.parameters(), *self._objective.parameters()],
            lr=settings.learning_rate,
            momentum=settings.momentum,
            nesterov=settings.nesterov,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        if settings.momentum:
            # Fused steps refuse to make those of only some parameters, the others without gradient.
            for parameter in self._optimiser.param_groups[0]["params"]:
                self._optimiser.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
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
        self._taken = self._seen = self._labelled = 0
        self._seconds = 0.0
        self._loss = torch.zeros((), device=self._device)
        self._correct = torch.zeros((), device=self._device, dtype=torch.long)
        # The first step of the epoch, from 1, whose loss was not finite; 0: none.
        self._failed = torch.zeros((), device=self._device, dtype=torch.long)
        self._random = random_state()

    def result(self) -> Network:
        """Return the network to keep, which may be an average of those that were.

        Raises
        ------
        InputError
            If its weights, or what it says of images, are not finite.
        """
        with computing(self._precision, self._device):
            network = self._objective.result(self._network)
        if fault := find_fault(network, self._images[:LOOKED_AT]):
            raise self._diverged(f"{fault} after the last step")
        return network

    def train_epoch(self, checkpoint: Checkpoint) -> dict[str, float]:
        """Take the steps that are left of an epoch; return its row of the history.

        Raises
        ------
        InputError
            If the loss of a step was not finite.
        """
        self._network.train()
        epoch = len(self.rows)
        first = epoch * self._per_epoch
        count = min(self._per_epoch, self.total - first)
        started = time.perf_counter() - self._seconds
        for step in self._steps()[self._taken : count]:
            self._set_rate(first + self._taken)
            self._take(step)
            self._seconds = time.perf_counter() - started
            checkpoint.keep(self._state)
        self._check()
        rate = learning_rate(self.settings, epoch, first + count - 1, self.total)
        loss = self._loss.item() / self._seen
        accuracy = self._correct.item() / self._labelled
        seconds = time.perf_counter() - started
        self.rows.append([epoch, loss, accuracy, rate, self._seen / seconds, seconds])
        self._begin()
        return dict(zip(HISTORY, self.rows[-1], strict=True))

    def _take(self, step: Step) -> None:
        self._optimiser.zero_grad(set_to_none=True)
        with multiplying(self._precision):
            result = self._forward(step)
            result.loss.backward()
        self._optimiser.step()
        self._objective.after_step(self._network)
        self._count(result)

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

    def _forward(self, step: Step) -> StepResult:
        try:
            with computing(self._precision, self._device):
                return step(self._passes)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise InputError(
                f"batch_size = {self.settings.batch_size}: batch normalisation in "
                f"{self.settings.model} has no variance of a step of one image; use 2 or more"
            ) from None

    def _count(self, result: StepResult) -> None:
        self._taken += 1
        self._loss += result.loss.detach() * result.images
        self._failed[...] = torch.where(
            self._failed.bool() | result.loss.detach().isfinite(), self._failed, self._taken
        )
        self._seen += result.images
        self._labelled += result.labelled
        if result.correct is not None:
            self._correct += result.correct

    def _check(self) -> None:
        step = int(self._failed)
        if step:
            place = f"step {step} of epoch {len(self.rows) + 1} of {self.epochs}"
            raise self._diverged(f"the loss is not finite at {place}")

    def _diverged(self, what: str) -> InputError:
        rate = self.settings.learning_rate
        return InputError(f"learning_rate = {rate:g}: {what}; use a smaller one")

    def _state(self) -> dict:
        self._check()
        return {
            "network": self._network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "objective": self._objective.state_dict(),
            "rows": self.rows,
            "sums": [self._taken, self._seen, self._labelled, self._seconds],
            "loss": self._loss,
            "correct": self._correct,
            "random": self._random,
            "between": random_state(),
        }

    def resume(self, state: dict | None) -> None:
        """Resume from the state of a checkpoint, if there is one."""
        if state is None:
            return
        self._network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._objective.load_state_dict(state["objective"])
        self.rows = state["rows"]
        self._taken, self._seen, self._labelled, self._seconds = state["sums"]
        self._loss = state["loss"].to(self._device)
        self._correct = state["correct"].to(self._device)
        self._random, self._between = state["random"], state["between"]
        logger.info("resuming in epoch %d, after %d steps of it", len(self.rows) + 1, self._taken)


def passes_in_training(network: Network, objective: Objective, device: torch.device) -> nn.Module:
    """Return the network as a step is to call it: replayed on a GPU where that is possible."""
    if device.type != "cuda" or objective.layers or not is_replayable(network.spec.model):
        return network
    return Replayed(network)


def are_finite(tensors) -> bool:
    """Return whether all values of some tensors are finite."""
    return all(bool(tensor.isfinite().all()) for tensor in tensors)


def find_fault(network: Network, images: torch.Tensor) -> str | None:
    """Return a clause that names a part of the network that is not finite, None if all is.

    Parameters
    ----------
    network : Network
        Its mode stays as it was.
    images : torch.Tensor
        What to let it look at, in float32, shape (B, C, H, W).
    """
    if not are_finite([*network.parameters(), *network.buffers()]):
        return "the network's weights are not finite"
    training = network.training
    with torch.no_grad():
        prepared, logits = network.prepare(images), network.eval()(images)
    network.train(training)
    if not are_finite([prepared]):
        return "the normalised images are not finite"
    return None if are_finite([logits]) else "the network's logits are not finite"
