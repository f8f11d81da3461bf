"""Ivis (Szubert et al. 2019) in torch, on a CPU or a GPU.

The algorithm is that of the ivis package 2.0.11: its networks and their initial weights, its way to
draw triplets, its loss, optimiser and stopping rule. What differs is the random numbers and the
rounding: torch adds Adam's epsilon after the correction of bias, and wide inputs are multiplied in
bfloat16 where the hardware does. ``benchmarks/ivis_parity.py`` shows that the results agree.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from limbeck.embeddings import Embedding, Neighbours
from limbeck.embeddings.triplets import measures_of, neighbour_rows, unit_scale
from limbeck.runtime.cuda_graphs import Replayed
from limbeck.runtime.devices import computing, resolve_precision, select_device

WIDTHS = {"szubert": (128, 128, 128), "hinton": (2000, 1000, 500), "maaten": (500, 500, 2000)}
# The package's: Keras' defaults for Adam, and the least square that it takes a root of.
LEARNING_RATE, EPSILON = 0.001, 1e-7
# Points that are scaled, or embedded, at once.
BATCH = 1024
# From this many values of a point on, the first layer's products are nearly all of the work.
WIDE = 1024


@dataclass(frozen=True)
class IvisMapping:
    """A trained mapping to two dimensions.

    Attributes
    ----------
    network : torch.nn.Module
        In evaluation mode; takes scaled values.
    low, extent : torch.Tensor
        Shape (D,), on the network's device: values are scaled by ``(values - low) / extent``.
    """

    network: nn.Module
    low: torch.Tensor
    extent: torch.Tensor

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Embed values (m, D), new ones too; returns (m, 2), float32."""
        with torch.inference_mode(), computing("float32", self.low.device):
            parts = [
                self.network((part.to(self.low.device) - self.low) / self.extent).cpu()
                for part in torch.from_numpy(values).split(BATCH)
            ]
        return torch.cat(parts).numpy()


def embed(
    activations: np.ndarray,
    neighbours: Neighbours,
    settings: Mapping,
    seed: int,
    device: str = "cpu",
) -> Embedding:
    """Train a siamese network on triplets of activations (n, D) and embed them with it.

    Measures: see `limbeck.embeddings.triplets.measures_of`.
    """
    mapping, losses = fit(activations, neighbours, settings, seed, device)
    measures = measures_of(losses, settings["epochs_without_progress"])
    return Embedding(mapping.transform(activations), measures, losses)


def fit(
    activations: np.ndarray,
    neighbours: Neighbours,
    settings: Mapping,
    seed: int,
    device: str,
    precision: str = "auto",
) -> tuple[IvisMapping, np.ndarray]:
    """Train the mapping; all data lie on the device.

    Parameters
    ----------
    activations : numpy.ndarray
        Shape (n, D), float32.
    neighbours : Neighbours
        Of the activations, at least ``k - 1`` each.
    settings : mapping
        ``k``, ``network``, ``margin``, ``batch_size``, ``epochs`` and ``epochs_without_progress``.
    seed : int
        Same seed, same machine: same bits.
    device : str
        ``cpu`` or ``cuda``.
    precision : str
        What the first layer multiplies, ``float32`` or ``bfloat16``; ``auto`` is bfloat16 for at
        least `WIDE` values a point, where the hardware has it. Its weights are float32.

    Returns
    -------
    mapping : IvisMapping
        What was trained.
    losses : numpy.ndarray
        The mean loss of each epoch's triplets, shape (epochs,).

    Raises
    ------
    InputError
        If the settings ask for more than there is.
    """
    where = select_device(device)
    if precision == "auto":
        wide = activations.shape[1] >= WIDE
        precision = resolve_precision("auto", where) if wide else "float32"
    rows = neighbour_rows(len(activations), neighbours, settings)
    triplets = Triplets(torch.from_numpy(rows).to(where), settings["batch_size"])
    low, extent = (torch.from_numpy(part).to(where) for part in unit_scale(activations))
    values = torch.empty(activations.shape, dtype=getattr(torch, precision), device=where)
    for part, scaled in zip(
        torch.from_numpy(activations).split(BATCH), values.split(BATCH), strict=True
    ):
        scaled.copy_(part.to(where).sub(low).div_(extent))
    torch.manual_seed(seed)
    network = build_network(settings["network"], values.shape[1]).to(where)
    loss_of = TripletLoss(network, values, settings["margin"])
    if where.type == "cuda":
        loss_of = Replayed(loss_of)
    optimiser = torch.optim.Adam(network.parameters(), LEARNING_RATE, eps=EPSILON, fused=True)
    losses = []
    best, waited = math.inf, 0
    with computing("float32", where):
        while len(losses) < settings["epochs"] and waited < settings["epochs_without_progress"]:
            total = torch.zeros((), device=where)
            for chosen in triplets.epoch():
                optimiser.zero_grad(set_to_none=True)
                loss = loss_of(chosen)
                loss.backward()
                optimiser.step()
                total += loss.detach() * chosen.shape[1]
            losses.append(total.item() / len(values))
            best, waited = (losses[-1], 0) if losses[-1] < best else (best, waited + 1)
    return IvisMapping(network.eval(), low, extent), np.array(losses)


class Triplets:
    """Anchors, positives and negatives, drawn on the device.

    As in the package, a batch's anchors are consecutive points, its positives the neighbours of one
    random rank, the same for the whole batch, and its negatives any points that are not neighbours.

    Parameters
    ----------
    rows : torch.Tensor
        What positives are drawn from, shape (n, k), integer.
    batch_size : int
        Anchors a batch; the last batch has what is left.
    """

    def __init__(self, rows: torch.Tensor, batch_size: int):
        self._rows = rows
        self._batch_size = batch_size
        # A point's j-th neighbour by index, less the j neighbours before it, is the number of
        # points before it that are no neighbours.
        ranks = torch.arange(rows.shape[1], device=rows.device)
        self._others_before = rows.sort(dim=1).values - ranks

    def negatives(self) -> torch.Tensor:
        """Draw one of the points that are not neighbours for each point, uniformly; shape (n,)."""
        count, k = self._rows.shape
        drawn = torch.randint(count - k, (count, 1), device=self._rows.device)
        # Counting the neighbours at or before it turns "the r-th other" into a point's index.
        return (drawn + (self._others_before <= drawn).sum(dim=1, keepdim=True)).squeeze(1)

    def epoch(self):
        """Yield each batch once, in random order: indices of points, shape (3, batch)."""
        count, k = self._rows.shape
        batches = math.ceil(count / self._batch_size)
        order, ranks = torch.randperm(batches).tolist(), torch.randint(k, (batches,)).tolist()
        anchors = torch.arange(count, device=self._rows.device)
        negatives = self.negatives()
        for batch in order:
            part = slice(batch * self._batch_size, (batch + 1) * self._batch_size)
            positives = self._rows[part, ranks[batch]]
            yield torch.stack([anchors[part], positives, negatives[part]])


class TripletLoss(nn.Module):
    """The loss of a batch of triplets.

    Parameters
    ----------
    network : torch.nn.Module
        The mapping.
    values : torch.Tensor
        The scaled points, shape (n, D).
    margin : float
        Of `pn_loss`.
    """

    def __init__(self, network: nn.Module, values: torch.Tensor, margin: float):
        super().__init__()
        self._network, self._values, self._margin = network, values, margin

    def forward(self, chosen: torch.Tensor) -> torch.Tensor:
        """Return the loss of the points of these indices, shape (3, batch)."""
        points = self._network(self._values.index_select(0, chosen.flatten()))
        return pn_loss(*points.unflatten(0, chosen.shape), self._margin)


def pn_loss(
    anchors: torch.Tensor, positives: torch.Tensor, negatives: torch.Tensor, margin: float
) -> torch.Tensor:
    """Return the mean pn loss of points (n, 2): both others must be further than the positive.

    ``max(d(a, p) - d(a, n) + margin, 0)`` and ``max(d(a, p) - d(p, n) + margin, 0)``, averaged.
    """
    near = _distances(anchors, positives)
    far = torch.stack([_distances(anchors, negatives), _distances(positives, negatives)])
    return (near - far + margin).clamp(min=0).mean()


def _distances(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return (left - right).square().sum(dim=1).clamp(min=EPSILON).sqrt()


class FirstLayer(nn.Linear):
    """A linear layer that multiplies in its input's type and returns float32.

    A triplet that keeps the margin has no gradient, and so are most: the weights' gradient is
    summed up over the others only.
    """

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return the outputs for values (m, inputs), which get no gradient themselves."""
        return _Products.apply(values, self.weight) + self.bias


class _Products(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(values)
        return (values @ weight.to(values.dtype).T).float()

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple[None, torch.Tensor]:
        (values,) = ctx.saved_tensors
        # A GPU multiplies all of them in less time than it takes to learn how many there are.
        if values.device.type == "cpu":
            used = gradient.any(dim=1).nonzero().squeeze(1)
            values, gradient = values.index_select(0, used), gradient.index_select(0, used)
        return None, (gradient.to(values.dtype).T @ values).float()


def build_network(name: str, dimensions: int) -> nn.Sequential:
    """Return the package's network of that name: SELU layers, alpha dropout between, two outputs.

    Weights are LeCun normal (truncated at two deviations), those of the output Glorot uniform.
    """
    layers: list[nn.Module] = []
    widths = (dimensions, *WIDTHS[name])
    for inputs, outputs in zip(widths, widths[1:], strict=False):
        if layers:
            layers.append(nn.AlphaDropout(0.1))
        linear = (nn.Linear if layers else FirstLayer)(inputs, outputs)
        # 0.8796 is the deviation of a standard normal variable truncated at two.
        deviation = inputs**-0.5 / 0.87962566103423978
        nn.init.trunc_normal_(linear.weight, 0, deviation, -2 * deviation, 2 * deviation)
        layers += [linear, nn.SELU()]
    output = nn.Linear(widths[-1], 2)
    nn.init.xavier_uniform_(output.weight)
    for layer in (*layers, output):
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers, output)
