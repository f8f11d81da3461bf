"""The training loop."""

import dataclasses
import logging
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from limbeck.data.datasets import Dataset
from limbeck.data.splits import read_split
from limbeck.models.network import build_network, holds, save_network
from limbeck.models.stack import NetworkStack
from limbeck.runtime import storage
from limbeck.runtime.devices import resolve_precision, select_device, to_device
from limbeck.runtime.errors import InputError
from limbeck.runtime.fingerprint import fingerprint
from limbeck.study.method_settings import (
    PACKED_MODELS,
    PACKED_OBJECTIVES,
    MethodSettings,
    is_packable,
)
from limbeck.training.checkpoints import Checkpoint
from limbeck.training.objectives import TrainingData
from limbeck.training.trainer import HISTORY, Trainer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """One run: its files, what it is and where its random numbers start.

    Attributes
    ----------
    split : str or Path
        The labelled images.
    teacher_logits : str or Path or None
        The teacher's logits of the unlabelled images, for the distillation objective.
    identity : mapping
        ``study``, ``method``, ``budget`` and ``fold``, written with the network.
    seed : int
        Same seed, same machine: same bits.
    model, history : str or Path
        Outputs: the network, and a CSV row an epoch (`HISTORY`), where accuracy is that of the
        labelled training images as they were seen.
    """

    split: str | Path
    teacher_logits: str | Path | None
    identity: Mapping
    seed: int
    model: str | Path
    history: str | Path


def train(
    *,
    dataset: str | Path,
    runs: Sequence[Run],
    settings: MethodSettings,
    device: str,
    checkpoint: str | Path,
) -> None:
    """Train one run, or the folds of one method and budget together; write networks and histories.

    What was killed goes on from `checkpoint` and ends with the same weights as what was not. The
    checkpoint is removed at the end; one of other settings or data is passed over. Of two copies of
    the same job one waits for the other, and has nothing to do if that one ends well.

    Parameters
    ----------
    dataset : str or Path
        The dataset store.
    runs : sequence of Run
        What is trained; several only of what `is_packable`. Each sees the same images in the same
        order as it would alone. Its weights differ by rounding, because the kernels of several
        networks sum in another order.
    settings : MethodSettings
        How to train.
    device : str
        ``cpu`` or ``cuda``.
    checkpoint : str or Path
        Where the state for resuming lies; see `limbeck.training.checkpoints`.

    Raises
    ------
    InputError
        If a loss is not finite, if there are not enough unlabelled images, or if the runs cannot be
        trained together.
    Stopped
        If SIGTERM came; the state is saved.
    """
    if len(runs) > 1 and not is_packable(settings.objective, settings.model):
        raise InputError(
            f"--fold: {len(runs)} folds of objective {settings.objective} and model "
            f"{settings.model}; give one, or {' or '.join(PACKED_OBJECTIVES)} and a model whose "
            f"name begins with {', '.join(PACKED_MODELS)}"
        )
    place = select_device(device)
    precision = resolve_precision(settings.precision, place)
    source = Dataset(dataset)
    data = _load(source, runs, settings, place)
    channels = data.images.shape[1]
    shared = {
        "settings": dataclasses.asdict(settings),
        "dataset": source.attributes,
        "channels": channels,
        "precision": precision,
        "device": device,
        "code": fingerprint("train", f"training.objectives.{settings.objective}"),
    }
    labelled = data.labelled.view(len(runs), -1).cpu().numpy()
    identities = [
        {**shared, **_identity(run, rows)} for run, rows in zip(runs, labelled, strict=True)
    ]
    with Checkpoint(checkpoint, identities) as saved:
        if saved.waited and all(
            Path(run.history).is_file() and holds(run.model, identity)
            for run, identity in zip(runs, identities, strict=True)
        ):
            logger.info("%s: written by the other copy", ", ".join(str(run.model) for run in runs))
            return
        networks, generators = [], []
        for run in runs:
            torch.manual_seed(run.seed)
            networks.append(build_network(settings, source.attributes, channels).to(place))
            generators.append(torch.default_generator.clone_state())
        network = networks[0]
        if len(runs) > 1:
            network = NetworkStack(networks)
            data = dataclasses.replace(data, generators=generators)
        trainer = Trainer(network, data, settings, precision, place)
        trainer.resume(saved.read())
        logger.info(
            "%d steps in %d epochs, %s on %s", trainer.total, trainer.epochs, precision, place
        )
        _run_epochs(trainer, saved)
        result = trainer.result()
        networks = [result] if len(runs) == 1 else result.split()
        histories = zip(*trainer.rows, strict=True)
        for run, network, identity, rows in zip(runs, networks, identities, histories, strict=True):
            save_network(run.model, network, identity)
            storage.write_rows(run.history, HISTORY, rows)
        saved.remove()


def _identity(run: Run, labelled: np.ndarray) -> dict:
    """Return what tells a run from others of the same settings and dataset."""
    logits = run.teacher_logits
    return {
        "run": dict(run.identity),
        "seed": run.seed,
        "labelled_hash": storage.digest(labelled),
        "teacher_hash": None if logits is None else storage.open_store(logits).attrs["model_hash"],
    }


def _run_epochs(trainer: Trainer, checkpoint: Checkpoint) -> None:
    epochs = trainer.epochs
    with tqdm(
        total=epochs, initial=len(trainer.rows), unit="epoch", disable=not sys.stderr.isatty()
    ) as bar:
        while len(trainer.rows) < epochs:
            rows = trainer.train_epoch(checkpoint)
            # Means over the folds that are trained together.
            row = {name: sum(row[name] for row in rows) / len(rows) for name in HISTORY}
            if not math.isfinite(row["loss"]):
                raise InputError(
                    f"learning_rate = {trainer.settings.learning_rate}: the loss is {row['loss']} "
                    f"in epoch {row['epoch']:.0f}; use a smaller one"
                )
            bar.set_postfix(loss=row["loss"], accuracy=row["accuracy"])
            bar.update()
            if bar.disable:
                done = len(trainer.rows)
                spent = sum(row[-1] for rows in trainer.rows for row in rows)
                logger.info(
                    "epoch %d of %d: loss %.4f, accuracy %.3f, rate %.4g, "
                    "%.0f images/s, %.0f s left",
                    *(done, epochs, *list(row.values())[1:-1], spent / done * (epochs - done)),
                )


def _load(
    source: Dataset, runs: Sequence[Run], settings: MethodSettings, device: torch.device
) -> TrainingData:
    sample_ids = source.array("train", "sample_ids")
    splits = [read_split(run.split, sample_ids) for run in runs]
    if len(counts := {len(labelled) for labelled, _ in splits}) > 1:
        raise InputError(f"--split: {sorted(counts)} labelled images; folds need as many each")
    logits = None
    if settings.objective == "distillation":
        logits = torch.cat(
            [_read_logits(run, sample_ids, *split) for run, split in zip(runs, splits, strict=True)]
        ).to(device)
    labelled, unlabelled = (
        torch.from_numpy(np.stack(rows) if len(runs) > 1 else rows[0]).to(device)
        for rows in zip(*splits, strict=True)
    )
    return TrainingData(
        images=to_device(source.array("train", "images"), device),
        labels=torch.from_numpy(source.array("train", "labels")).to(device),
        labelled=labelled,
        unlabelled=unlabelled,
        teacher_logits=logits,
    )


def _read_logits(
    run: Run, sample_ids: np.ndarray, labelled: np.ndarray, unlabelled: np.ndarray
) -> torch.Tensor:
    if run.teacher_logits is None:
        raise InputError("--teacher-logits is missing: the distillation objective needs it")
    if not len(unlabelled):
        raise InputError(
            f"{run.split}: all {len(labelled)} training images are labelled, none is left to "
            "distil on; use a smaller budget"
        )
    store = storage.open_store(run.teacher_logits)
    if list(store["sample_ids"][:]) != list(sample_ids[unlabelled]):
        raise InputError(f"{run.teacher_logits}: not the unlabelled images of {run.split}")
    return torch.from_numpy(store["logits"][:])
