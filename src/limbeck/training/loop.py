"""The training loop."""

import dataclasses
import logging
import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from limbeck import artifacts
from limbeck.data.datasets import Dataset
from limbeck.data.splits import read_split
from limbeck.devices import computing, resolve_precision, select_device, to_device
from limbeck.errors import InputError
from limbeck.models.network import build_network, holds, save_network
from limbeck.settings import MethodSettings
from limbeck.training.checkpoints import Checkpoint, random_state, set_random_state
from limbeck.training.objectives import OBJECTIVES, Step, TrainingData

logger = logging.getLogger(__name__)

HISTORY = ("epoch", "loss", "accuracy", "learning_rate", "images_per_second", "seconds")


def train(
    *,
    dataset: str | Path,
    split: str | Path,
    teacher_logits: str | Path | None,
    settings: MethodSettings,
    run: Mapping,
    seed: int,
    device: str,
    checkpoint: str | Path,
    model: str | Path,
    history: str | Path,
) -> None:
    """Train one run and write its network and history.

    A run that was killed goes on from `checkpoint` and ends with the same weights as one that was
    not. The checkpoint is removed at the end; one of other settings or data is passed over. Of two
    copies of the same run one waits for the other, and has nothing to do if that one ends well.

    Parameters
    ----------
    dataset, split : str or Path
        The dataset store and the labelled images.
    teacher_logits : str or Path or None
        The teacher's logits of the unlabelled images, for the distillation objective.
    settings : MethodSettings
        How to train.
    run : mapping
        ``study``, ``method``, ``budget`` and ``fold``, written with the network.
    seed : int
        Same seed, same machine: same bits.
    device : str
        ``cpu`` or ``cuda``.
    checkpoint : str or Path
        Where the state for resuming lies; see `limbeck.training.checkpoints`.
    model, history : str or Path
        Outputs: the network, and a CSV row an epoch (`HISTORY`), where accuracy is that of the
        labelled training images as they were seen.

    Raises
    ------
    InputError
        If the loss is not finite, or if there is nothing to distil on.
    Stopped
        If SIGTERM came; the state is saved.
    """
    place = select_device(device)
    precision = resolve_precision(settings.precision, place)
    source = Dataset(dataset)
    data = _load(source, split, teacher_logits, settings, place)
    identity = {
        "settings": dataclasses.asdict(settings),
        "dataset": source.attributes,
        "channels": data.images.shape[1],
        "run": dict(run),
        "seed": seed,
        "precision": precision,
        "device": device,
        "labelled_hash": artifacts.digest(data.labelled.cpu().numpy()),
        "teacher_hash": None
        if teacher_logits is None
        else artifacts.open_store(teacher_logits).attrs["model_hash"],
    }
    with Checkpoint(checkpoint, identity) as saved:
        if saved.waited and Path(history).is_file() and holds(model, identity):
            logger.info("%s: written by the other copy", model)
            return
        torch.manual_seed(seed)
        network = build_network(settings, source.attributes, data.images.shape[1]).to(place)
        training = _Training(network, data, settings, precision, place)
        training.resume(saved.read())
        logger.info(
            "%d steps in %d epochs, %s on %s", training.total, training.epochs, precision, place
        )
        _run_epochs(training, saved)
        save_network(model, network, identity)
        artifacts.write_rows(history, HISTORY, training.rows)
        saved.remove()


def learning_rate(settings: MethodSettings, epoch: int, step: int, total: int) -> float:
    """Return the learning rate of one step.

    Parameters
    ----------
    settings : MethodSettings
        ``learning_rate``, ``schedule``, ``decay_epochs`` and ``decay_factor`` count.
    epoch, step : int
        Both from 0.
    total : int
        Number of steps of the whole training.

    Notes
    -----
    ``cosine`` goes from the full rate to 0 (Loshchilov & Hutter 2017), ``step`` multiplies by the
    factor every so many epochs, ``multi_step`` at the epochs listed.
    """
    match settings.schedule:
        case "constant":
            factor = 1.0
        case "cosine":
            factor = (1 + math.cos(math.pi * step / total)) / 2
        case "step":
            factor = settings.decay_factor ** (epoch // settings.decay_epochs[0])
        case "multi_step":
            factor = settings.decay_factor ** sum(epoch >= at for at in settings.decay_epochs)
    return settings.learning_rate * factor


class _Training:
    """A network in training and how far it is."""

    def __init__(
        self,
        network: nn.Module,
        data: TrainingData,
        settings: MethodSettings,
        precision: str,
        device: torch.device,
    ):
        self.network = network
        self.settings = settings
        self.objective = OBJECTIVES[settings.objective](data, settings)
        self.optimiser = torch.optim.SGD(
            network.parameters(),
            lr=settings.learning_rate,
            momentum=settings.momentum,
            nesterov=settings.nesterov,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.per_epoch = self.objective.steps_per_epoch()
        self.total = settings.steps or settings.epochs * self.per_epoch
        self.epochs = math.ceil(self.total / self.per_epoch)
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

    def train_epoch(self, checkpoint: Checkpoint) -> dict[str, float]:
        """Take the steps that are left of an epoch; return its row of the history."""
        self.network.train()
        epoch = len(self.rows)
        first = epoch * self.per_epoch
        count = min(self.per_epoch, self.total - first)
        started = time.perf_counter() - self._seconds
        for step in self._steps()[self._taken : count]:
            self._set_rate(first + self._taken)
            self.optimiser.zero_grad(set_to_none=True)
            with computing(self._precision, self._device):
                result = step(self.network)
            result.loss.backward()
            self.optimiser.step()
            self._loss += result.loss.detach() * result.images
            self._images += result.images
            self._labelled += result.labelled
            if result.correct is not None:
                self._correct += result.correct
            self._taken += 1
            self._seconds = time.perf_counter() - started
            checkpoint.keep(self._state)
        accuracy = self._correct.item() / self._labelled if self._labelled else math.nan
        rate = learning_rate(self.settings, epoch, first + count - 1, self.total)
        loss = self._loss.item() / self._images
        speed = self._images / self._seconds
        self.rows.append([epoch, loss, accuracy, rate, speed, self._seconds])
        self._begin()
        return dict(zip(HISTORY, self.rows[-1], strict=True))

    def _steps(self) -> list[Step]:
        """Draw the epoch's order again, then go on with the random numbers of where it was left."""
        set_random_state(self._random)
        steps = self.objective.epoch()
        if self._between is not None:
            set_random_state(self._between)
            self._between = None
        return steps

    def _set_rate(self, step: int) -> None:
        rate = learning_rate(self.settings, len(self.rows), step, self.total)
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def _state(self) -> dict:
        return {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
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
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.rows = state["rows"]
        self._taken, self._images, self._labelled, self._seconds = state["sums"]
        self._loss = state["loss"].to(self._device)
        self._correct = state["correct"].to(self._device)
        self._random, self._between = state["random"], state["between"]
        logger.info("resuming in epoch %d, after %d steps of it", len(self.rows) + 1, self._taken)


def _run_epochs(training: _Training, checkpoint: Checkpoint) -> None:
    epochs = training.epochs
    with tqdm(
        total=epochs, initial=len(training.rows), unit="epoch", disable=not sys.stderr.isatty()
    ) as bar:
        while len(training.rows) < epochs:
            row = training.train_epoch(checkpoint)
            if not math.isfinite(row["loss"]):
                raise InputError(
                    f"learning_rate = {training.settings.learning_rate}: the loss is {row['loss']} "
                    f"in epoch {row['epoch']}; use a smaller one"
                )
            bar.set_postfix(loss=row["loss"], accuracy=row["accuracy"])
            bar.update()
            if bar.disable:
                done = len(training.rows)
                left = sum(r[-1] for r in training.rows) / done * (epochs - done)
                logger.info(
                    "epoch %d of %d: loss %.4f, accuracy %.3f, rate %.4g, "
                    "%.0f images/s, %.0f s left",
                    *(done, epochs, *list(row.values())[1:-1], left),
                )


def _load(
    source: Dataset,
    split: str | Path,
    teacher_logits: str | Path | None,
    settings: MethodSettings,
    device: torch.device,
) -> TrainingData:
    sample_ids = source.array("train", "sample_ids")
    labelled, unlabelled = read_split(split, sample_ids)
    logits = None
    if settings.objective == "distillation":
        if teacher_logits is None:
            raise InputError("--teacher-logits is missing: the distillation objective needs it")
        if not len(unlabelled):
            raise InputError(
                f"{split}: all {len(labelled)} training images are labelled, none is left to "
                "distil on; use a smaller budget"
            )
        store = artifacts.open_store(teacher_logits)
        if list(store["sample_ids"][:]) != list(sample_ids[unlabelled]):
            raise InputError(f"{teacher_logits}: not the unlabelled images of {split}")
        logits = torch.from_numpy(store["logits"][:]).to(device)
    return TrainingData(
        images=to_device(source.array("train", "images"), device),
        labels=torch.from_numpy(source.array("train", "labels")).to(device),
        labelled=torch.from_numpy(labelled).to(device),
        unlabelled=torch.from_numpy(unlabelled).to(device),
        teacher_logits=logits,
    )
