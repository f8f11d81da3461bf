"""The training loop."""

import dataclasses
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from limbeck.data.dataset import Dataset
from limbeck.data.splits import read_split
from limbeck.networks.model_file import check_reload, load_network, matches, save_network
from limbeck.networks.network import Network, build_network
from limbeck.networks.user_code import source_digest
from limbeck.runtime import storage
from limbeck.runtime.devices import hardware_name, resolve_precision, select_device, to_device
from limbeck.runtime.errors import InputError
from limbeck.runtime.fingerprint import fingerprint
from limbeck.runtime.seeding import derive_seed
from limbeck.study.method_settings import MethodSettings
from limbeck.study.objectives import teacher_input
from limbeck.study.registry import training_modules
from limbeck.training.checkpoints import Checkpoint
from limbeck.training.objectives import TrainingData
from limbeck.training.teacher import CachedTeacher, LiveTeacher, Teacher
from limbeck.training.trainer import HISTORY, LOOKED_AT, Trainer, find_fault

logger = logging.getLogger(__name__)

Paths = Sequence[str | Path]


@dataclass(frozen=True)
class Run:
    """One run: its files, what it is and where its random numbers start.

    Attributes
    ----------
    split : str or Path or None
        The labelled images; None where nothing is trained.
    identity : mapping
        ``study``, ``method``, ``budget`` and ``fold``, written with the network.
    seed : int
        Same seed, same machine: same bits.
    model, history : str or Path
        Outputs: the network, and a CSV row an epoch (`HISTORY`), where accuracy is that of the
        labelled training images as they were seen.
    teacher_logits, teacher_models : sequence of str or Path
        Of each teacher its logits of the training images, or its network, as
        `limbeck.study.objectives.teacher_input` says; else empty.
    """

    split: str | Path | None
    identity: Mapping
    seed: int
    model: str | Path
    history: str | Path
    teacher_logits: Paths = ()
    teacher_models: Paths = ()


def train(
    *,
    dataset: str | Path,
    run: Run,
    settings: MethodSettings,
    device: str,
    checkpoint: str | Path,
) -> None:
    """Train one run; write its network and history.

    What was killed goes on from `checkpoint` and ends with the same weights as what was not. The
    checkpoint is removed at the end; one of other settings or data is passed over. Of two copies of
    the same job one waits for the other, and has nothing to do if that one ends well.

    Parameters
    ----------
    dataset : str or Path
        The dataset store.
    run : Run
        What is trained.
    settings : MethodSettings
        How to train.
    device : str
        ``cpu`` or ``cuda``.
    checkpoint : str or Path
        Where the state for resuming lies; see `limbeck.training.checkpoints`.

    Raises
    ------
    InputError
        If what the objective needs is missing or not finite, or if training diverged; then no
        network is written.
    Stopped
        If SIGTERM or SIGINT came; the state is saved.
    """
    place = select_device(device)
    precision = resolve_precision(settings.precision, place)
    source = Dataset(dataset)
    sample_ids = source.array("train", "sample_ids")
    labelled, unlabelled = read_split(run.split, sample_ids, source.classes("train"))
    teacher, teachers = _read_teacher(run, settings, source, sample_ids, place)
    data = TrainingData(
        images=to_device(source.array("train", "images"), place),
        labels=torch.from_numpy(source.array("train", "labels")).to(place),
        labelled=torch.from_numpy(labelled).to(place),
        unlabelled=torch.from_numpy(unlabelled).to(place),
        teacher=teacher,
    )
    channels = data.images.shape[1]
    identity = {
        "settings": dataclasses.asdict(settings),
        "dataset": source.attributes,
        "channels": channels,
        "precision": precision,
        "torch": str(torch.__version__),
        "device": device,
        "code": _code(settings),
        "run": dict(run.identity),
        "seed": run.seed,
        "labelled_hash": storage.digest(labelled),
        "teachers": teachers,
    }
    with Checkpoint(checkpoint, identity) as saved:
        if saved.waited and Path(run.history).is_file() and matches(run.model, identity):
            logger.info("%s: written by the other copy", run.model)
            return
        torch.manual_seed(run.seed)
        network = build_network(settings, source.attributes, channels).to(place)
        _check_start(network, settings, data.images[:LOOKED_AT])
        # However many numbers a network took, all see the labelled images in the same first order.
        torch.manual_seed(derive_seed(run.seed, "images"))
        trainer = Trainer(network, data, settings, precision, place)
        trainer.resume(saved.read())
        logger.info(
            "%d steps in %d epochs, %s on %s", trainer.total, trainer.epochs, precision, place
        )
        _run_epochs(trainer, saved)
        trained_with = {name: identity[name] for name in ("precision", "torch")}
        trained_with["hardware"] = hardware_name(place)
        save_network(run.model, trainer.result(), identity | {"trained_with": trained_with})
        storage.write_rows(run.history, HISTORY, trainer.rows)
        saved.remove()


def keep_as_is(dataset: str | Path, run: Run, settings: MethodSettings, device: str) -> None:
    """Write a network that is not trained here, and an empty history.

    Parameters
    ----------
    dataset, run, settings, device
        As for `train`; the weights are random (``untrained``) or those of a file (``pretrained``).

    Raises
    ------
    InputError
        If the weights cannot be read or do not fit, or logits of the first images are not finite.
    """
    place = select_device(device)
    source = Dataset(dataset)
    images = to_device(source.images("train")[:LOOKED_AT], place)
    torch.manual_seed(run.seed)
    network = build_network(settings, source.attributes, images.shape[1]).to(place).eval()
    _check_start(network, settings, images)
    identity = {
        "settings": dataclasses.asdict(settings),
        "dataset": source.attributes,
        "precision": "float32",
        "code": _code(settings),
        "run": dict(run.identity),
        "seed": run.seed,
    }
    save_network(run.model, network, identity)
    storage.write_rows(run.history, HISTORY, [])


def _code(settings: MethodSettings) -> str:
    """Return the hash of the code that a network comes from."""
    modules = training_modules(settings.objective, settings.model)
    return fingerprint("train", *modules) + source_digest(settings.model)


def _check_start(network: Network, settings: MethodSettings, images: torch.Tensor) -> None:
    """Raise InputError where what a training starts from causes a NaN, or cannot be kept."""
    if fault := find_fault(network, images):
        raise InputError(
            f"model = {settings.model}, weights = {settings.weights}: {fault} before training"
        )
    check_reload(network, images)


def _run_epochs(trainer: Trainer, checkpoint: Checkpoint) -> None:
    epochs = trainer.epochs
    with tqdm(
        total=epochs, initial=len(trainer.rows), unit="epoch", disable=not sys.stderr.isatty()
    ) as bar:
        while len(trainer.rows) < epochs:
            row = trainer.train_epoch(checkpoint)
            bar.set_postfix(loss=row["loss"], accuracy=row["accuracy"])
            bar.update()
            if bar.disable:
                done = len(trainer.rows)
                spent = sum(row[-1] for row in trainer.rows)
                logger.info(
                    "epoch %d of %d: loss %.4f, accuracy %.3f, rate %.4g, "
                    "%.0f images/s, %.0f s left",
                    *(done, epochs, *list(row.values())[1:-1], spent / done * (epochs - done)),
                )


def _read_teacher(
    run: Run,
    settings: MethodSettings,
    source: Dataset,
    sample_ids: np.ndarray,
    device: torch.device,
) -> tuple[Teacher | None, list[str]]:
    """Return whom the objective hears, and the teachers' hashes."""
    needed = teacher_input(settings.objective, settings.augmentation)
    if needed is None:
        return None, []
    paths, flag = (
        (run.teacher_logits, "--teacher-logits")
        if needed == "logits"
        else (run.teacher_models, "--teacher-model")
    )
    if not paths:
        raise InputError(f"{flag} is missing: the objective {settings.objective} needs it")
    if needed == "logits":
        return _read_logits(run, source, sample_ids, device)
    networks, metadata = zip(*(load_network(path, device) for path in paths), strict=True)
    for path, content in zip(paths, metadata, strict=True):
        _check_origin(path, content["run"], content["dataset"]["hash"], run, source)
    precisions = [content["precision"] for content in metadata]
    return LiveTeacher(networks, precisions), [content["hash"] for content in metadata]


def _read_logits(
    run: Run, source: Dataset, sample_ids: np.ndarray, device: torch.device
) -> tuple[CachedTeacher, list[str]]:
    classes = len(source.attributes["class_names"])
    stores = [storage.open_store(path) for path in run.teacher_logits]
    names = stores[0]["sample_ids"][:]
    places = {name: row for row, name in enumerate(sample_ids)}
    logits = []
    for path, store in zip(run.teacher_logits, stores, strict=True):
        if list(store["sample_ids"][:]) != list(names) or not places.keys() >= set(names):
            raise InputError(f"{path}: logits of other images than those of the dataset")
        logits.append(torch.from_numpy(store["logits"][:]).to(device))
        if (found := logits[-1].shape[-1]) != classes:
            raise InputError(f"{path}: a teacher of {found} classes; the dataset has {classes}")
        _check_origin(path, store.attrs, store.attrs.get("dataset_hash"), run, source)
    rows = torch.tensor([places[name] for name in names], device=device)
    teacher = CachedTeacher(rows, len(sample_ids), logits)
    return teacher, [store.attrs["model_hash"] for store in stores]


def _check_origin(
    path: str | Path, origin: Mapping, dataset_hash: str, run: Run, source: Dataset
) -> None:
    """Refuse a teacher of another dataset, or of other labelled images than the student's."""
    source.check(path, dataset_hash)
    for name in ("budget", "fold"):
        found, expected = origin.get(name), run.identity.get(name)
        if found != expected:
            raise InputError(f"{path}: a teacher of {name} {found}, the student is of {expected}")
