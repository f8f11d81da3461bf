"""Cross-entropy on the labelled images."""

from functools import partial

import torch
from torch import nn

from limbeck.training.augmentation import weak_view
from limbeck.training.objectives.base import (
    Objective,
    Step,
    StepResult,
    count_batches,
    shuffled_batches,
)


class CrossEntropy(Objective):
    """Cross-entropy on the labelled images, one pass an epoch."""

    def steps_per_epoch(self) -> int:
        """Return how many steps `epoch` lists."""
        return count_batches(len(self.data.labelled), self.settings.batch_size)

    def epoch(self, number: int) -> list[Step]:
        """List the steps of one epoch in a new random order."""
        batches = shuffled_batches(self.data.labelled, self.settings.batch_size)
        return [partial(self._step, rows=batch) for batch in batches]

    def _step(self, network: nn.Module, rows: torch.Tensor) -> StepResult:
        images, _ = weak_view(self.data.images[rows], self.settings)
        loss, correct = self.supervised(network(images), rows)
        return StepResult(loss, len(rows), len(rows), correct)
