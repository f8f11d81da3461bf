"""Base class of objectives.

An objective lists the steps of an epoch; each step takes the network and returns its loss. The
order of the images is drawn with the list, so that an epoch that was cut short can go on at any
step. All data lies on the device, so that a step does no Python work per image.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from limbeck.study.epochs import count_batches, steps_per_epoch
from limbeck.study.method_settings import MethodSettings
from limbeck.training.randomness import send
from limbeck.training.teacher import Teacher


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
    teacher : CachedTeacher or LiveTeacher or None
        Whom the objective hears.
    """

    images: torch.Tensor
    labels: torch.Tensor
    labelled: torch.Tensor
    unlabelled: torch.Tensor
    teacher: Teacher | None = None


@dataclass(frozen=True)
class StepResult:
    """The loss of one step; `correct` of its `labelled` images were classified correctly.

    Both are scalars. `images` counts each image once, however many views of it the network saw.
    """

    loss: torch.Tensor
    images: int
    labelled: int
    correct: torch.Tensor | None


Step = Callable[[nn.Module], StepResult]


class Objective:
    """An objective: its loss, its own parameters, and the average of the network's weights.

    Parameters
    ----------
    data : TrainingData
        The images.
    settings : MethodSettings
        ``options``, ``batch_size``, ``augmentation`` and ``ema_decay`` count.
    network : torch.nn.Module
        What is trained, before the first step.

    Attributes
    ----------
    layers : tuple of str
        Layers of the network whose outputs go into the loss. Where there are none, a step gets the
        network as something to call and nothing else, since a GPU replays its passes.
    own : torch.nn.ModuleList
        What is trained beside the network and kept in checkpoints only.
    average : torch.optim.swa_utils.AveragedModel or None
        The exponential moving average of the weights. Statistics of batch normalisation are
        averaged alike, so that they are of the same age as the weights; buffers of whole numbers
        are the network's.

    Notes
    -----
    An epoch starts its random orders anew, that of the labelled images first, so that torch's
    random states at its beginning and now, the number of its steps taken and `state_dict` are all
    that resuming takes.
    """

    def __init__(self, data: TrainingData, settings: MethodSettings, network: nn.Module):
        self.data = data
        self.settings = settings
        self.options = settings.options
        self.layers: tuple[str, ...] = ()
        self.own = nn.ModuleList()
        self.average = None
        if settings.ema_decay is not None:
            from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

            average = get_ema_multi_avg_fn(settings.ema_decay)
            self.average = AveragedModel(network, multi_avg_fn=average, use_buffers=True)

    def steps_per_epoch(self) -> int:
        """Return the number of steps that `epoch` lists."""
        labelled, unlabelled = len(self.data.labelled), len(self.data.unlabelled)
        return steps_per_epoch(self.options, self.settings.batch_size, labelled, unlabelled)

    def epoch(self, number: int) -> list[Step]:
        """List the steps of one epoch, counted from 0, in a new random order."""
        raise NotImplementedError

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield the parameters that are trained beside the network."""
        return self.own.parameters()

    def after_step(self, network: nn.Module) -> None:
        """Take the network's new weights into the average; its first ones are copied."""
        if self.average is None:
            return
        self.average.update_parameters(network)
        pairs = zip(self.average.module.buffers(), network.buffers(), strict=True)
        for kept, buffer in pairs:
            if not kept.is_floating_point():  # Indices have no average.
                kept.copy_(buffer)

    def result(self, network: nn.Module) -> nn.Module:
        """Return the network to keep, after the last step: the average, or else the one trained."""
        return network if self.average is None else self.average.module

    def state_dict(self) -> Mapping:
        """Return the state of the objective that resuming needs."""
        average = None if self.average is None else self.average.state_dict()
        return {"own": self.own.state_dict(), "average": average}

    def load_state_dict(self, state: Mapping) -> None:
        """Take back what `state_dict` gave."""
        self.own.load_state_dict(state["own"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])

    def supervised(
        self, logits: torch.Tensor, rows: torch.Tensor, smoothing: float = 0.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the cross-entropy of labelled images and how many are classified correctly.

        Parameters
        ----------
        logits : torch.Tensor
            Shape (B, classes).
        rows : torch.Tensor
            Which images they are of, shape (B,).
        smoothing : float
            Part of each label that is spread evenly over all classes.
        """
        labels = self.data.labels[rows]
        correct = (logits.detach().argmax(1) == labels).sum()
        return F.cross_entropy(logits, labels, label_smoothing=smoothing), correct


def shuffled_batches(rows: torch.Tensor, batch_size: int) -> list[torch.Tensor]:
    """Return `rows`, shape (n,), in a random order, `batch_size` at a time.

    The last batch may be smaller; a single row left over joins the batch before it, since batch
    normalisation has no variance of one value.
    """
    order = send(torch.randperm(len(rows)), rows.device)
    inner = range(batch_size, batch_size * count_batches(len(rows), batch_size), batch_size)
    return list(rows[order].tensor_split(list(inner)))


def endless_batches(rows: torch.Tensor, batch_size: int) -> Iterator[torch.Tensor]:
    """Yield batches of exactly `batch_size` without end, pass after pass in new random orders.

    A batch may hold the end of a pass and the beginning of the next, or several passes.
    """
    waiting = rows[:0]
    while True:
        while len(waiting) < batch_size:
            order = send(torch.randperm(len(rows)), rows.device)
            waiting = torch.cat([waiting, rows[order]])
        yield waiting[:batch_size]
        waiting = waiting[batch_size:]
