"""Cross-entropy on the labelled images, with smoothed labels (Szegedy et al. 2016) where asked."""

from functools import partial

import torch
from torch import nn

from limbeck.training.augmentation import weak_view
from limbeck.training.objectives.base import (
    Objective,
    Step,
    StepResult,
    shuffled_batches,
)


class CrossEntropy(Objective):
    """Cross-entropy on the labelled images, one pass an epoch.

    ``smoothing`` ε makes labels (1 - ε) of the class and ε / K of each of the K classes.
    ``batch_norm_images: all`` is a control for what a student gains by having seen all images: the
    weights are those of the labelled images, the statistics of batch normalisation the mean over
    the batches of one pass over views of all training images afterwards.
    """

    def epoch(self, number: int) -> list[Step]:
        """List the steps of one epoch in a new random order."""
        batches = shuffled_batches(self.data.labelled, self.settings.batch_size)
        return [partial(self._step, rows=batch) for batch in batches]

    def _step(self, network: nn.Module, rows: torch.Tensor) -> StepResult:
        images, _ = weak_view(self.data.images[rows], self.settings)
        loss, correct = self.supervised(network(images), rows, self.options["smoothing"])
        return StepResult(loss, len(rows), len(rows), correct)

    def result(self, network: nn.Module) -> nn.Module:
        """Return the network to keep, its statistics of batch normalisation as the options say."""
        network = super().result(network)
        if self.options["batch_norm_images"] == "all":
            from torch.optim.swa_utils import update_bn

            every = torch.arange(len(self.data.images), device=self.data.images.device)
            batches = shuffled_batches(every, self.settings.batch_size)
            views = (weak_view(self.data.images[rows], self.settings)[0] for rows in batches)
            update_bn(views, network)
        return network


OBJECTIVE = CrossEntropy
