"""Teachers of a student: cached outputs, or live passes over the student's own views."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from limbeck.networks.features import pass_through
from limbeck.networks.inference import BATCH
from limbeck.networks.network import Network
from limbeck.runtime.devices import computing


@dataclass(frozen=True)
class View:
    """Images of a step as the student sees them.

    Attributes
    ----------
    rows : torch.Tensor
        Which training images, shape (B,).
    images : torch.Tensor
        Shape (B, C, H, W), uint8.
    flipped : torch.Tensor or None
        Which are mirrored, shape (B,), bool; None where nothing is.
    """

    rows: torch.Tensor
    images: torch.Tensor
    flipped: torch.Tensor | None


@dataclass(frozen=True)
class Answer:
    """Outputs of the teachers for a view.

    Attributes
    ----------
    logits : list of torch.Tensor
        Of each teacher, shape (B, classes), float32.
    features : list of torch.Tensor
        Of each layer asked for, shape (B, ...), float32.
    """

    logits: list[torch.Tensor]
    features: list[torch.Tensor]


class CachedTeacher:
    """Values that were computed before, of training images and their mirror images.

    Parameters
    ----------
    rows : torch.Tensor
        Which training images they are of, shape (n,).
    count : int
        Number of training images.
    logits : sequence of torch.Tensor
        Of each teacher, shape (n, 2, classes): of the image, then of its mirror image.
    features : sequence of torch.Tensor
        Of each layer, shape (n, 2, ...).
    """

    def __init__(
        self,
        rows: torch.Tensor,
        count: int,
        logits: Sequence[torch.Tensor],
        features: Sequence[torch.Tensor] = (),
    ):
        self._logits, self._features = list(logits), list(features)
        self._places = torch.full((count,), -1, device=rows.device)
        self._places[rows] = torch.arange(len(rows), device=rows.device)

    def knows(self, rows: torch.Tensor) -> bool:
        """Return whether there are values of all these training images."""
        return bool((self._places[rows] >= 0).all())

    def answer(self, view: View) -> Answer:
        """Return the teachers' outputs for a view that is not cropped."""
        places = self._places[view.rows]
        sides = torch.zeros_like(places) if view.flipped is None else view.flipped.long()
        return Answer(
            [values[places, sides] for values in self._logits],
            [values[places, sides] for values in self._features],
        )


class LiveTeacher:
    """Networks that look at each view; nothing in them changes, and no gradient reaches them.

    Parameters
    ----------
    networks : sequence of Network
        In evaluation mode, on the device.
    precisions : sequence of str
        What each computes in, as it was trained.
    layers : sequence of str
        Layers of the first whose outputs are asked for.
    reduce : callable, optional
        Maps the list of these outputs to a list of what is heard of them.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        precisions: Sequence[str],
        layers: Sequence[str] = (),
        reduce: Callable[[list[torch.Tensor]], list[torch.Tensor]] = list,
    ):
        self.networks = [network.eval().requires_grad_(False) for network in networks]
        self.precisions = list(precisions)
        self._layers, self._reduce = list(layers), reduce

    def asked(
        self,
        layers: Sequence[str],
        reduce: Callable[[list[torch.Tensor]], list[torch.Tensor]],
    ) -> "LiveTeacher":
        """Return the same teacher, asked for layers."""
        return LiveTeacher(self.networks, self.precisions, layers, reduce)

    def answer(self, view: View) -> Answer:
        """Return the teachers' outputs for a view."""
        logits, features = [], []
        with torch.inference_mode():
            for number, (network, precision) in enumerate(
                zip(self.networks, self.precisions, strict=True)
            ):
                layers = [] if number else self._layers
                with computing(precision, view.images.device):
                    said, outputs = pass_through(network, view.images, layers)
                logits.append(said)
                features += outputs
            with torch.autocast(view.images.device.type, enabled=False):
                features = self._reduce(features)
        # Copies, because autograd keeps nothing that was made in inference mode.
        return Answer([part.clone() for part in logits], [part.clone() for part in features])

    def cached(self, rows: torch.Tensor, images: torch.Tensor) -> CachedTeacher:
        """Return the answers to the images of these rows and to their mirror images.

        Parameters
        ----------
        rows : torch.Tensor
            Which images, shape (n,).
        images : torch.Tensor
            All training images, shape (N, C, H, W), uint8.
        """
        values: list[torch.Tensor] = []
        for side, mirrored in enumerate((False, True)):
            start = 0
            for batch in rows.split(BATCH[rows.device.type]):
                seen = images[batch].flip(-1) if mirrored else images[batch]
                answer = self.answer(View(batch, seen, None))
                parts = [*answer.logits, *answer.features]
                if not values:
                    values = [part.new_empty(len(rows), 2, *part.shape[1:]) for part in parts]
                for kept, part in zip(values, parts, strict=True):
                    kept[start : start + len(batch), side] = part
                start += len(batch)
        count = len(self.networks)
        return CachedTeacher(rows, len(images), values[:count], values[count:])


Teacher = CachedTeacher | LiveTeacher
