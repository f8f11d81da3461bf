"""Base class of objectives with a teacher: passes over the images, views, weights."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from limbeck.networks.features import pass_through
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
from limbeck.training.teacher import Answer, CachedTeacher, View


@dataclass(frozen=True)
class Batch:
    """The images of a step, their labels and their rows.

    Attributes
    ----------
    rows : torch.Tensor
        Of the images, shape (B,), those with labels first.
    labels : torch.Tensor
        Of the first of them, shape (at most B,).
    epoch : int
        From 0.
    """

    rows: torch.Tensor
    labels: torch.Tensor
    epoch: int


class Distilling(Objective):
    """A teacher's loss, and cross-entropy with the labels.

    ``images`` says on which images the teacher is heard.

    - ``unlabelled``, the paper's way: an epoch is a cycle, a pass over the labelled images with
      ``label_weight`` times the cross-entropy, then one over the others with ``weight`` times the
      teacher's loss.
    - ``labelled``: one pass over the labelled images, both losses in each step. This is the
      objective γ CE + α KD + β loss of Tian et al. (2020), where all training images are labelled:
      γ is ``label_weight``, α is ``kd_weight`` and β is ``weight``, for KD itself α.
    - ``all``: one pass over the unlabelled images, a labelled batch beside each of theirs; the
      teacher is heard on both. Without unlabelled images the same as ``labelled``.

    A loss between layers does not train the network's head, so that cycles, where few of the steps
    have labels, suit logits only.

    Raises
    ------
    InputError
        If there are no images to hear the teacher on, or nothing is known of what it says of them.
    """

    def __init__(self, data: TrainingData, settings: MethodSettings, network: nn.Module):
        super().__init__(data, settings, network)
        self.images, self.teacher = self.options["images"], data.teacher
        if self.images == "unlabelled" and not len(data.unlabelled):
            raise InputError(
                f"images = unlabelled: all {len(data.labelled)} training images are labelled, none "
                "is left to hear the teacher on; use images: labelled or all, or a smaller budget"
            )
        if isinstance(self.teacher, CachedTeacher) and not self.teacher.knows(self.heard()):
            raise InputError(
                f"images = {self.images}: the teacher's logits are not of all these images; remove "
                "the store, so that it is made again"
            )

    def heard(self) -> torch.Tensor:
        """Return the rows of the images on which the teacher is heard, shape (n,)."""
        parts = {"labelled": [self.data.labelled], "unlabelled": [self.data.unlabelled]}
        return torch.cat(parts.get(self.images, [self.data.labelled, self.data.unlabelled]))

    def epoch(self, number: int) -> list[Step]:
        """List the steps of one epoch, each pass in a new random order."""
        size, data = self.settings.batch_size, self.data
        if self.images == "all" and len(data.unlabelled):
            batches = endless_batches(data.labelled, min(size, len(data.labelled)))
            labelled = list(itertools.islice(batches, self.steps_per_epoch()))
            pairs = zip(labelled, shuffled_batches(data.unlabelled, size), strict=True)
            return [self._listed(self._distil, number, *pair) for pair in pairs]
        labelled = shuffled_batches(data.labelled, size)
        if self.images != "unlabelled":
            return [self._listed(self._distil, number, rows) for rows in labelled]
        unlabelled, none = shuffled_batches(data.unlabelled, size), data.labelled[:0]
        return [
            *(self._listed(self._label, number, rows) for rows in labelled),
            *(self._listed(self._distil, number, none, rows) for rows in unlabelled),
        ]

    def _listed(self, step: Callable, epoch: int, *parts: torch.Tensor) -> Step:
        """Return a step of labelled rows and of others."""
        return partial(step, batch=Batch(torch.cat(parts), self.data.labels[parts[0]], epoch))

    def _label(self, network: nn.Module, batch: Batch) -> StepResult:
        images, _ = weak_view(self.data.images[batch.rows], self.settings)
        loss, correct = self.supervised(network(images), batch.rows)
        count = len(batch.rows)
        return StepResult(self.options["label_weight"] * loss, count, count, correct)

    def _distil(self, network: nn.Module, batch: Batch) -> StepResult:
        images, flipped = weak_view(self.data.images[batch.rows], self.settings)
        logits, features = pass_through(network, images, self.layers)
        answer = self.teacher.answer(View(batch.rows, images, flipped))
        labelled = len(batch.labels)
        with torch.autocast(images.device.type, enabled=False):
            loss = self.loss(logits, features, answer, batch)
            if not labelled:
                return StepResult(loss, len(images), 0, None)
            supervised, correct = self.supervised(logits[:labelled], batch.rows[:labelled])
        loss = self.options["label_weight"] * supervised + loss
        return StepResult(loss, len(images), labelled, correct)

    def loss(
        self, logits: torch.Tensor, features: list[torch.Tensor], answer: Answer, batch: Batch
    ) -> torch.Tensor:
        """Return the teacher's loss with its weights.

        Parameters
        ----------
        logits : torch.Tensor
            Of the student, shape (B, classes), float32.
        features : list of torch.Tensor
            Outputs of its `layers`, shape (B, ...), float32.
        answer : Answer
            What the teacher says of the same view.
        batch : Batch
            Which images.
        """
        raise NotImplementedError
