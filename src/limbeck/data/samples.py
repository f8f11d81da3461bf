"""The images, labels and sample ids that a dataset's reader returns."""

from dataclasses import dataclass

import numpy as np

from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show


@dataclass(frozen=True)
class Samples:
    """Images (N, H, W, C) uint8, labels (N,) int64 and sample ids (N,) text."""

    images: np.ndarray
    labels: np.ndarray
    sample_ids: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays by name, in the types in which they are stored."""
        return {
            "images": self.images,
            "labels": self.labels.astype(np.int64),
            "sample_ids": self.sample_ids.astype(np.dtypes.StringDType()),
        }


@dataclass(frozen=True)
class SourceData:
    """A dataset as it was read."""

    train: Samples
    test: Samples
    class_names: list[str]

    def check(self, name: str) -> None:
        """Refuse a dataset that cannot be studied.

        Parameters
        ----------
        name : str
            The dataset's, for the message.

        Raises
        ------
        InputError
            If there is one class only, a class has no training or no test images, numbers of images
            and labels differ, a label is none of a class, images are not of 8 bits and one or three
            channels, or all training images have one and the same colour.
        """
        classes = len(self.class_names)
        if classes < 2:
            raise InputError(
                f"{name}: has only one class, '{show(self.class_names[0])}'; needed are two or more"
            )
        for part, samples in (("training", self.train), ("test", self.test)):
            images, labels = samples.images, samples.labels
            if len(images) != len(labels):
                raise InputError(
                    f"{name}: has {len(images)} {part} images and {len(labels)} labels; its files "
                    "are damaged, get them again"
                )
            if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
                raise InputError(
                    f"{name}: its {part} images are {images.dtype} of shape {images.shape}; needed "
                    "are uint8 of shape (images, height, width, 1 or 3)"
                )
            outside = np.flatnonzero((labels < 0) | (labels >= classes))
            if len(outside):
                raise InputError(
                    f"{name}: {part} image {outside[0]} has label {labels[outside[0]]}; allowed: 0 "
                    f"to {classes - 1}"
                )
            missing = np.setdiff1d(np.arange(classes), labels)
            if len(missing):
                raise InputError(
                    f"{name}: class '{show(self.class_names[missing[0]])}' has no {part} images"
                )
        if self.train.images.shape[1:] != self.test.images.shape[1:]:
            raise InputError(
                f"{name}: training images have shape {self.train.images.shape[1:]}, test images "
                f"{self.test.images.shape[1:]}"
            )
        images = self.train.images
        if all(
            (images[start : start + 1000] == images[0, 0, 0]).all()
            for start in range(0, len(images), 1000)
        ):
            raise InputError(f"{name}: all pixels of the training images have one colour")
