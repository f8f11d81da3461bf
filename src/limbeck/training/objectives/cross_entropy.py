"""Cross-entropy on the labelled images."""

from collections.abc import Iterator

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
        """Return how many steps `epoch` yields."""
        return count_batches(len(self.data.labelled), self.settings.batch_size)

    def epoch(self, number: int) -> Iterator[Step]:
        """Yield the steps of one epoch in a new random order."""
        for batch in shuffled_batches(self.data.labelled, self.settings.batch_size):
            yield lambda network, batch=batch: self._step(network, batch)

    def _step(self, network: nn.Module, rows: torch.Tensor) -> StepResult:
        logits = network(weak_view(self.data.images[rows], self.settings))
        loss, correct = self.supervised(logits, rows)
        return StepResult(loss, len(rows), len(rows), correct)
