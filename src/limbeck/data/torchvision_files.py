"""Datasets whose files torchvision reads and downloads."""

from collections.abc import Mapping, Sequence

import numpy as np

from limbeck.data.samples import Samples, SourceData
from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import expand, show
from limbeck.study.settings import DatasetSettings

TRAIN_AND_TEST = {"train": {"train": True}, "test": {"train": False}}


def read_torchvision(
    settings: DatasetSettings,
    name: str,
    class_names: Sequence[str] | None = None,
    parts: Mapping[str, Mapping] = TRAIN_AND_TEST,
) -> SourceData:
    """Read one of torchvision's datasets.

    Parameters
    ----------
    settings : DatasetSettings
        Where it lies, and whether it may be downloaded to there.
    name : str
        Its class in ``torchvision.datasets``.
    class_names : sequence of str, optional
        In the order of the labels; torchvision's by default.
    parts : mapping
        The arguments with which torchvision reads each part.

    Returns
    -------
    SourceData
        Sample ids are ``train-00000`` and so on, in the order of the files.

    Raises
    ------
    InputError
        If the files are missing or damaged, or the download failed.
    """
    import torchvision

    folder = expand(settings.path, "dataset.path")
    try:
        sources = {
            part: getattr(torchvision.datasets, name)(
                root=folder, download=settings.download, **arguments
            )
            for part, arguments in parts.items()
        }
    except Exception as error:  # Readers meet damaged files with exceptions of all types.
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = (
            "files there are damaged, then remove them, or the download failed; fetch it on a "
            "machine with a network connection, copy it there, and set dataset.download: false"
            if settings.download
            else "remove its files and get them again, by hand or with dataset.download: true"
        )
        raise InputError(
            f"dataset.path = {show(folder)}: no valid {name} ({reason}): {remedy}"
        ) from None
    return SourceData(
        **{part: _samples(part, source) for part, source in sources.items()},
        class_names=list(class_names or sources["train"].classes),
    )


def _samples(part: str, source) -> Samples:
    images = np.asarray(source.data)
    if images.ndim == 3:
        images = images[..., None]
    elif images.ndim == 4 and images.shape[1] == 3:
        images = images.transpose(0, 2, 3, 1)
    labels = np.asarray(getattr(source, "targets", getattr(source, "labels", None)))
    ids = np.array([f"{part}-{index:05d}" for index in range(len(labels))])
    return Samples(np.ascontiguousarray(images), labels, ids)
