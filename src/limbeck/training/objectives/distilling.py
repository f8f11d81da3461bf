"""What objectives with a teacher have in common: passes over the images, views, weights."""

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
    count_batches,
    shuffled_batches,
)
from limbeck.training.teacher import Answer, CachedTeacher, View


@dataclass(frozen=True)
class Batch:
    """What a step is about: rows (B,) of images, their labels (B,) or None, the epoch from 0."""

    rows: torch.Tensor
    labels: torch.Tensor | None
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
    - ``all``: that pass, then one over the other images with the teacher's loss alone.

    Raises
    ------
    InputError
        If there are no images to hear the teacher on, or nothing is known of what it says of them.
    """

    layers: tuple[str, ...] = ()  # Of the student; their outputs go into the loss.

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

    def steps_per_epoch(self) -> int:
        """Return how many steps `epoch` lists."""
        size, others = self.settings.batch_size, len(self.data.unlabelled)
        count = count_batches(len(self.data.labelled), size)
        return count + (count_batches(others, size) if others and self.images != "labelled" else 0)

    def epoch(self, number: int) -> list[Step]:
        """List the steps of one epoch, each pass in a new random order."""
        size, data = self.settings.batch_size, self.data
        first = self._label if self.images == "unlabelled" else self._distil
        steps = [
            partial(first, batch=Batch(rows, data.labels[rows], number))
            for rows in shuffled_batches(data.labelled, size)
        ]
        if len(data.unlabelled) and self.images != "labelled":
            steps += [
                partial(self._distil, batch=Batch(rows, None, number))
                for rows in shuffled_batches(data.unlabelled, size)
            ]
        return steps

    def _label(self, network: nn.Module, batch: Batch) -> StepResult:
        images, _ = weak_view(self.data.images[batch.rows], self.settings)
        loss, correct = self.supervised(network(images), batch.rows)
        count = len(batch.rows)
        return StepResult(self.options["label_weight"] * loss, count, count, correct)

    def _distil(self, network: nn.Module, batch: Batch) -> StepResult:
        images, flipped = weak_view(self.data.images[batch.rows], self.settings)
        logits, features = pass_through(network, images, self.layers)
        answer = self.teacher.answer(View(batch.rows, images, flipped))
        with torch.autocast(images.device.type, enabled=False):
            loss = self.loss(logits, features, answer, batch)
            if batch.labels is None:
                return StepResult(loss, len(images), 0, None)
            supervised, correct = self.supervised(logits, batch.rows)
        loss = self.options["label_weight"] * supervised + loss
        return StepResult(loss, len(images), len(images), correct)

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
