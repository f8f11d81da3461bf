"""What every dataset function returns."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


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
    """A dataset as it was read; `superclasses` maps class to superclass, empty without any."""

    train: Samples
    test: Samples
    class_names: list[str]
    superclasses: Mapping[str, str]
