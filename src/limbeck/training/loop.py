"""The training loop."""

import dataclasses
import json
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
from limbeck.method_settings import MethodSettings
from limbeck.models.network import build_network, save_network
from limbeck.training.objectives import TrainingData, build_objective

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 10.0
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
    not. The checkpoint is removed at the end; one of other settings or data is passed over.

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
        Where the state for resuming lies; written at the ends of epochs, at most every
        `CHECKPOINT_SECONDS`.
    model, history : str or Path
        Outputs: the network, and a CSV row an epoch (`HISTORY`), where accuracy is that of the
        labelled training images as they were seen.

    Raises
    ------
    InputError
        If the loss is not finite, or if there are not enough unlabelled images.
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
    torch.manual_seed(seed)
    network = build_network(settings, source.attributes, data.images.shape[1]).to(place)
    objective = build_objective(data, settings, network)
    optimiser = torch.optim.SGD(
        network.parameters(),
        lr=settings.learning_rate,
        momentum=settings.momentum,
        nesterov=settings.nesterov,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    per_epoch = objective.steps_per_epoch()
    total = settings.steps or settings.epochs * per_epoch
    epochs = math.ceil(total / per_epoch)
    rows = _resume(Path(checkpoint), identity, network, optimiser, objective)
    logger.info("%d steps in %d epochs, %s on %s", total, epochs, precision, place)
    saved = time.monotonic()
    with tqdm(
        total=epochs, initial=len(rows), unit="epoch", disable=not sys.stderr.isatty()
    ) as bar:
        for epoch in range(len(rows), epochs):
            first = epoch * per_epoch
            count = min(per_epoch, total - first)
            rows.append(
                _train_epoch(
                    network, objective, optimiser, settings, precision, place, epoch, count, total
                )
            )
            row = dict(zip(HISTORY, rows[-1], strict=True))
            if not math.isfinite(row["loss"]):
                raise InputError(
                    f"learning_rate = {settings.learning_rate}: the loss is {row['loss']} in epoch "
                    f"{epoch}; use a smaller one"
                )
            bar.set_postfix(loss=row["loss"], accuracy=row["accuracy"])
            bar.update()
            if bar.disable:
                left = sum(r[-1] for r in rows) / len(rows) * (epochs - epoch - 1)
                logger.info(
                    "epoch %d of %d: loss %.4f, accuracy %.3f, rate %.4g, "
                    "%.0f images/s, %.0f s left",
                    *(epoch + 1, epochs, *rows[-1][1:-1], left),
                )
            if epoch + 1 < epochs and time.monotonic() - saved >= CHECKPOINT_SECONDS:
                _save(Path(checkpoint), identity, network, optimiser, objective, rows)
                saved = time.monotonic()
    save_network(model, objective.result(network), identity)
    artifacts.write_rows(history, HISTORY, rows)
    Path(checkpoint).unlink(missing_ok=True)


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
    ``cosine`` goes from the full rate to 0 (Loshchilov & Hutter 2017), ``cosine_7_16`` along
    cos(7πx / 16) to a fifth of it (Sohn et al. 2020, Sec. 2.4), ``step`` multiplies by the factor
    every so many epochs, ``multi_step`` at the epochs listed.
    """
    match settings.schedule:
        case "constant":
            factor = 1.0
        case "cosine":
            factor = (1 + math.cos(math.pi * step / total)) / 2
        case "cosine_7_16":
            factor = math.cos(7 * math.pi * step / (16 * total))
        case "step":
            factor = settings.decay_factor ** (epoch // settings.decay_epochs[0])
        case "multi_step":
            factor = settings.decay_factor ** sum(epoch >= at for at in settings.decay_epochs)
    return settings.learning_rate * factor


def _train_epoch(
    network: nn.Module,
    objective,
    optimiser: torch.optim.Optimizer,
    settings: MethodSettings,
    precision: str,
    device: torch.device,
    epoch: int,
    count: int,
    total: int,
) -> list[float]:
    network.train()
    started = time.perf_counter()
    loss_sum = torch.zeros((), device=device)
    correct = torch.zeros((), device=device, dtype=torch.long)
    images = labelled = 0
    first = epoch * objective.steps_per_epoch()
    for number, step in zip(range(count), objective.epoch(epoch), strict=False):
        rate = learning_rate(settings, epoch, first + number, total)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        with computing(precision, device):
            result = step(network)
        result.loss.backward()
        optimiser.step()
        objective.after_step(network)
        loss_sum += result.loss.detach() * result.images
        images += result.images
        labelled += result.labelled
        if result.correct is not None:
            correct += result.correct
    loss = loss_sum.item() / images
    accuracy = correct.item() / labelled if labelled else math.nan
    seconds = time.perf_counter() - started
    return [epoch, loss, accuracy, rate, images / seconds, seconds]


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


def _save(path: Path, identity: Mapping, network, optimiser, objective, rows: list) -> None:
    state = {
        "identity": json.dumps(identity, sort_keys=True),
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "objective": objective.state_dict(),
        "rows": rows,
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    with artifacts.atomic_path(path) as temporary:
        torch.save(state, temporary)


def _resume(path: Path, identity: Mapping, network, optimiser, objective) -> list:
    if not path.is_file():
        return []
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["identity"] != json.dumps(identity, sort_keys=True):
        logger.warning("%s: of other settings or data; starting from the first epoch", path)
        return []
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    objective.load_state_dict(state["objective"])
    torch.set_rng_state(state["random"])
    if state["random_cuda"]:
        torch.cuda.set_rng_state_all(state["random_cuda"])
    logger.info("%s: resuming after epoch %d", path, len(state["rows"]))
    return state["rows"]
