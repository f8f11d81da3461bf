"""What a method minimises.

An objective lists the steps of an epoch; each step takes the network and returns its loss. The
order of the images is drawn with the list, so that an epoch that was cut short can go on at any
step. All data lies on the device, so that a step does no Python work per image.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from limbeck.settings import MethodSettings


@dataclass(frozen=True)
class TrainingData:
    """The training images and what is known of them, on the device.

    Attributes
    ----------
    images : torch.Tensor
        All training images, shape (N, C, H, W), uint8.
    labels : torch.Tensor
        Their labels, shape (N,); an objective reads those of `labelled` only.
    labelled, unlabelled : torch.Tensor
        Rows of the labelled images, shape (budget,), and of the others, shape (N - budget,).
    teacher_logits : torch.Tensor or None
        Of the unlabelled images and their mirror images, shape (N - budget, 2, classes).
    """

    images: torch.Tensor
    labels: torch.Tensor
    labelled: torch.Tensor
    unlabelled: torch.Tensor
    teacher_logits: torch.Tensor | None


@dataclass(frozen=True)
class StepResult:
    """The loss of one step; `correct` of its `labelled` images were classified correctly."""

    loss: torch.Tensor
    images: int
    labelled: int
    correct: torch.Tensor | None


Step = Callable[[nn.Module], StepResult]


class CrossEntropy:
    """Cross-entropy on the labelled images, one pass an epoch."""

    def __init__(self, data: TrainingData, settings: MethodSettings):
        self.data = data
        self.settings = settings

    def steps_per_epoch(self) -> int:
        """Return how many steps `epoch` lists."""
        return count_batches(len(self.data.labelled), self.settings.batch_size)

    def epoch(self) -> list[Step]:
        """List the steps of one epoch in a new random order."""
        batches = shuffled_batches(self.data.labelled, self.settings.batch_size)
        return [partial(self._supervised, rows=batch) for batch in batches]

    def _supervised(self, network: nn.Module, rows: torch.Tensor) -> StepResult:
        images, _ = self._augment(self.data.images[rows])
        labels = self.data.labels[rows]
        logits = network(images)
        correct = (logits.detach().argmax(1) == labels).sum()
        return StepResult(F.cross_entropy(logits, labels), len(rows), len(rows), correct)

    def _augment(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if self.settings.augmentation == "none":
            return images, torch.zeros(len(images), dtype=torch.bool, device=images.device)
        return random_flip(images)


class Distillation(CrossEntropy):
    """Cycles of a labelled pass with cross-entropy and an unlabelled pass with Eq. (1)."""

    def steps_per_epoch(self) -> int:
        """Return how many steps `epoch` lists."""
        unlabelled = count_batches(len(self.data.unlabelled), self.settings.batch_size)
        return super().steps_per_epoch() + unlabelled

    def epoch(self) -> list[Step]:
        """List the steps of one cycle, each pass in a new random order."""
        positions = torch.arange(len(self.data.unlabelled), device=self.data.images.device)
        batches = shuffled_batches(positions, self.settings.batch_size)
        return super().epoch() + [partial(self._distil, positions=batch) for batch in batches]

    def _distil(self, network: nn.Module, positions: torch.Tensor) -> StepResult:
        images, flipped = self._augment(self.data.images[self.data.unlabelled[positions]])
        teacher = self.data.teacher_logits[positions, flipped.long()]
        loss = distillation_loss(network(images), teacher, self.settings.temperature)
        return StepResult(loss, len(positions), 0, None)


OBJECTIVES: Mapping[str, type[CrossEntropy]] = {
    "cross_entropy": CrossEntropy,
    "distillation": Distillation,
}


def distillation_loss(
    student: torch.Tensor, teacher: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Return T² · KL(softmax(t / T) ‖ softmax(s / T)), the mean over the batch.

    Parameters
    ----------
    student, teacher : torch.Tensor
        Logits, shape (B, classes).
    temperature : float
        T.

    Notes
    -----
    Eq. (1) of the paper, whose text was lost, taken to be that of Hinton et al. (2015): T² keeps
    the size of the gradient independent of T.
    """
    divergence = F.kl_div(
        F.log_softmax(student / temperature, 1),
        F.log_softmax(teacher / temperature, 1),
        reduction="batchmean",
        log_target=True,
    )
    return divergence * temperature**2


def random_flip(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mirror each image left to right with probability one half.

    Parameters
    ----------
    images : torch.Tensor
        Shape (B, C, H, W).

    Returns
    -------
    images : torch.Tensor
        Same shape.
    flipped : torch.Tensor
        Which were mirrored, shape (B,), bool.
    """
    flipped = (torch.rand(len(images)) < 0.5).to(images.device, non_blocking=True)
    return torch.where(flipped.view(-1, 1, 1, 1), images.flip(3), images), flipped


def count_batches(images: int, batch_size: int) -> int:
    """Return how many batches `shuffled_batches` makes."""
    full, rest = divmod(images, batch_size)
    return full + (rest > 1 or full == 0)


def shuffled_batches(rows: torch.Tensor, batch_size: int) -> list[torch.Tensor]:
    """Return `rows` in a random order, `batch_size` at a time.

    The last batch may be smaller; a single row left over joins the batch before it, since batch
    normalisation has no variance of one value.
    """
    shuffled = rows[torch.randperm(len(rows)).to(rows.device, non_blocking=True)]
    inner = range(batch_size, batch_size * count_batches(len(rows), batch_size), batch_size)
    return list(shuffled.tensor_split(list(inner)))
