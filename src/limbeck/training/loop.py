"""The training loop."""

import dataclasses
import logging
import math
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from tqdm import tqdm

from limbeck import artifacts
from limbeck.data.datasets import Dataset
from limbeck.data.splits import read_split
from limbeck.devices import resolve_precision, select_device, to_device
from limbeck.errors import InputError
from limbeck.fingerprint import fingerprint
from limbeck.method_settings import MethodSettings
from limbeck.models.network import build_network, holds, save_network
from limbeck.training.checkpoints import Checkpoint
from limbeck.training.objectives import TrainingData
from limbeck.training.trainer import HISTORY, Trainer

logger = logging.getLogger(__name__)


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
        If the loss is not finite, or if there are not enough unlabelled images.
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
        "code": fingerprint("training.loop", f"training.objectives.{settings.objective}"),
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
        trainer = Trainer(network, data, settings, precision, place)
        trainer.resume(saved.read())
        logger.info(
            "%d steps in %d epochs, %s on %s", trainer.total, trainer.epochs, precision, place
        )
        _run_epochs(trainer, saved)
        save_network(model, trainer.result(), identity)
        artifacts.write_rows(history, HISTORY, trainer.rows)
        saved.remove()


def _run_epochs(trainer: Trainer, checkpoint: Checkpoint) -> None:
    epochs = trainer.epochs
    with tqdm(
        total=epochs, initial=len(trainer.rows), unit="epoch", disable=not sys.stderr.isatty()
    ) as bar:
        while len(trainer.rows) < epochs:
            row = trainer.train_epoch(checkpoint)
            if not math.isfinite(row["loss"]):
                raise InputError(
                    f"learning_rate = {trainer.settings.learning_rate}: the loss is {row['loss']} "
                    f"in epoch {row['epoch']}; use a smaller one"
                )
            bar.set_postfix(loss=row["loss"], accuracy=row["accuracy"])
            bar.update()
            if bar.disable:
                done = len(trainer.rows)
                left = sum(r[-1] for r in trainer.rows) / done * (epochs - done)
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
