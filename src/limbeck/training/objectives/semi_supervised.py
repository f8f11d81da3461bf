"""Base class of the semi-supervised objectives: batches of both kinds, ramp-ups, losses."""

import itertools
import math
from collections.abc import Mapping
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from limbeck.runtime.errors import InputError
from limbeck.study.method_settings import MethodSettings
from limbeck.training.augmentation import weak_view
from limbeck.training.objectives.base import (
    Objective,
    Step,
    StepResult,
    TrainingData,
    endless_batches,
    shuffled_batches,
)


class SemiSupervised(Objective):
    """Steps of a labelled batch and `unlabelled_ratio` times as many unlabelled images.

    An epoch is one pass over the unlabelled images in full batches; the few images left over wait
    for the next order. The labelled images are passed over as often as that takes.

    The images of a step go through the network together, in one pass, so that batch normalisation
    sees labelled and unlabelled images, and all views of them, in the same proportion in each step.

    Raises
    ------
    InputError
        If there are fewer unlabelled images than a step takes.
    """

    def __init__(self, data: TrainingData, settings: MethodSettings, network: nn.Module):
        super().__init__(data, settings, network)
        self.unlabelled_batch = self.options["unlabelled_ratio"] * settings.batch_size
        if len(data.unlabelled) < self.unlabelled_batch:
            raise InputError(
                f"unlabelled_ratio = {self.options['unlabelled_ratio']}: with batch_size = "
                f"{settings.batch_size} a step takes {self.unlabelled_batch} unlabelled images, of "
                f"which there are {len(data.unlabelled)}; use a smaller ratio, batch or budget"
            )

    def epoch(self, number: int) -> list[Step]:
        """List the steps of one epoch, counted from 0, in new random orders."""
        count = self.steps_per_epoch()
        batches = endless_batches(self.data.labelled, self.settings.batch_size)
        labelled = list(itertools.islice(batches, count))
        unlabelled = shuffled_batches(self.data.unlabelled, self.unlabelled_batch)
        return [
            partial(
                self._step,
                labelled=rows,
                unlabelled=others[: self.unlabelled_batch],
                weight=unlabelled_weight(self.options, step),
            )
            for step, rows, others in zip(
                range(number * count, (number + 1) * count), labelled, unlabelled, strict=False
            )
        ]

    def _step(
        self, network: nn.Module, labelled: torch.Tensor, unlabelled: torch.Tensor, weight: float
    ) -> StepResult:
        """Return the result of one step.

        Parameters
        ----------
        network : torch.nn.Module
            In training mode.
        labelled, unlabelled : torch.Tensor
            Rows of the step's images, shapes (B,) and (`unlabelled_ratio` * B,).
        weight : float
            Of the unlabelled loss in this step.
        """
        raise NotImplementedError

    def _view(self, rows: torch.Tensor) -> torch.Tensor:
        """Return a new weak view of images, shape (len(rows), C, H, W), uint8."""
        return weak_view(self.data.images[rows], self.settings)[0]

    def _result(
        self,
        logits: torch.Tensor,
        labelled: torch.Tensor,
        unlabelled: torch.Tensor,
        unlabelled_loss: torch.Tensor,
    ) -> StepResult:
        """Return cross-entropy of the labelled images' logits plus the weighted unlabelled loss."""
        loss, correct = self.supervised(logits, labelled)
        images = len(labelled) + len(unlabelled)
        return StepResult(loss + unlabelled_loss, images, len(labelled), correct)


def unlabelled_weight(options: Mapping, step: int) -> float:
    """Return the weight of the unlabelled loss in one step, counted from 0.

    Parameters
    ----------
    options : mapping
        ``unlabelled_weight``, the largest; ``ramp_up`` and ``ramp_up_steps``, from and to where it
        rises to it. It is 0 before that.
    step : int
        Which.

    Notes
    -----
    ``linear``: as in Lee (2013), Eq. (16), and Berthelot et al. (2019). ``gaussian``:
    exp(-5 (1 - x)²), x from 0 to 1, as in Laine & Aila (2017) and Tarvainen & Valpola (2017); it
    starts from 0.007, not from 0.
    """
    largest = options["unlabelled_weight"]
    if options["ramp_up"] is None:
        return largest
    start, end = options["ramp_up_steps"]
    if step < start:
        return 0.0
    part = min((step - start) / (end - start), 1.0)
    return largest * (part if options["ramp_up"] == "linear" else math.exp(-5 * (1 - part) ** 2))


def consistency_loss(predictions: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean over images and classes of the squared difference of probabilities.

    Parameters
    ----------
    predictions, targets : torch.Tensor
        Probabilities, shape (B, classes).
    """
    return (predictions - targets).square().mean()


def pseudo_label_loss(logits: torch.Tensor, judged: torch.Tensor, threshold: float) -> torch.Tensor:
    """Return the cross-entropy with the classes of confident predictions.

    Parameters
    ----------
    logits : torch.Tensor
        What is to predict them, shape (B, classes).
    judged : torch.Tensor
        Logits that say the classes, shape (B, classes); no gradient goes through them.
    threshold : float
        Images whose largest probability is below it count as a loss of 0, in the mean over all B.
    """
    confidence, classes = judged.detach().softmax(1).max(1)
    losses = F.cross_entropy(logits, classes, reduction="none")
    return (losses * (confidence >= threshold)).mean()
