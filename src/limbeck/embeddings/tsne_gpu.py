"""t-SNE on a GPU by TorchDR, from the affinities and the start of `limbeck.embeddings.tsne`.

All pairs of points repel each other, where openTSNE approximates the far ones, and what TorchDR
leaves to its user is as in openTSNE: the affinities and the optimiser.
"""

from collections.abc import Mapping

import numpy as np
import torch
import torchdr
from torchdr.affinity import SparseAffinity

from limbeck.embeddings import Embedding, Neighbours
from limbeck.embeddings.tsne import conditional_affinities, initial_points
from limbeck.metrics.distance_blocks import plane_distances
from limbeck.runtime.devices import select_device

MOMENTUM = 0.8
# Longest step of a point, in units of the embedding.
LONGEST = 5


class Graph(SparseAffinity):
    """Affinities that are there: `values` and the points that they are to, both (n, k)."""

    def __init__(self, values: torch.Tensor, indices: torch.Tensor):
        super().__init__(device=values.device, distributed=False, _pre_processed=True)
        self._values, self._indices = values, indices

    def _compute_sparse_affinity(self, X, return_indices: bool = True):
        return self._values, self._indices


class TSNE(torchdr.TSNE):
    """TorchDR's, without each point's similarity to itself in the sum over all pairs."""

    def _compute_repulsive_loss(self) -> torch.Tensor:
        loss = super()._compute_repulsive_loss()
        return loss + torch.log1p(-self.n_samples_in_ * torch.exp(-loss))


class DeltaBarDelta(torch.optim.Optimizer):
    """Descent with momentum and a gain for each coordinate, as in every t-SNE implementation.

    A gain grows while the coordinate goes on downhill, and shrinks when it swings (Jacobs 1988).
    """

    def __init__(self, parameters, lr: float):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        """Take a step."""
        for group in self.param_groups:
            for points in group["params"]:
                state = self.state[points]
                if not state:
                    state |= {"step": torch.zeros_like(points), "gain": torch.ones_like(points)}
                step, gain = state["step"], state["gain"]
                swings = step.sign() == points.grad.sign()
                gain.copy_(torch.where(swings, 0.8 * gain + 0.01, gain + 0.2))
                step.mul_(MOMENTUM).sub_(group["lr"] * gain * points.grad)
                length = step.norm(dim=1, keepdim=True)
                points.add_(step * (LONGEST / length).clamp(max=1))


def embed(
    activations: np.ndarray,
    neighbours: Neighbours,
    settings: Mapping,
    seed: int,
    device: str,
) -> Embedding:
    """Embed activations (n, D) from their neighbour graph, starting from their PCA.

    Measures: ``kl_divergence``. Memory on the device: about 20 n² bytes.
    """
    where = select_device(device)
    conditional = conditional_affinities(neighbours, settings)
    shape = (len(activations), -1)
    values = torch.from_numpy(conditional.data.reshape(shape).astype(np.float32)).to(where)
    indices = torch.from_numpy(conditional.indices.reshape(shape).astype(np.int64)).to(where)
    early = settings["early_exaggeration_iterations"]
    model = TSNE(
        perplexity=settings["perplexity"],
        init=initial_points(activations, seed).astype(np.float32),
        optimizer=DeltaBarDelta,
        optimizer_kwargs={},
        early_exaggeration_coeff=settings["early_exaggeration"] if early else 1,
        # The last iteration that is exaggerated, from 0.
        early_exaggeration_iter=early - 1,
        max_iter=early + settings["iterations"],
        min_grad_norm=0,
        device=where,
        distributed=False,
        process_duplicates=False,
    )
    model.affinity_in = Graph(values, indices)
    # Of the points themselves TorchDR needs the number only.
    points = model.fit_transform(torch.zeros(len(activations), 1, device=where))
    points = points.detach().cpu().numpy()
    return Embedding(points, {"kl_divergence": kl_divergence(conditional, points)})


def kl_divergence(conditional, points: np.ndarray) -> float:
    """Return the divergence of the similarities in the plane from symmetric affinities.

    Parameters
    ----------
    conditional : scipy.sparse.csr_matrix
        Affinities before they are made symmetric, shape (n, n), their sum 1.
    points : numpy.ndarray
        Shape (n, 2).

    Notes
    -----
    What openTSNE reports, but with the sum over all pairs exact instead of approximated.
    """
    points = np.asarray(points, np.float64)
    affinities = ((conditional + conditional.T) / 2).tocoo()
    used = affinities.data > 0
    values, rows, columns = affinities.data[used], affinities.row[used], affinities.col[used]
    far = points[rows] - points[columns]
    total = sum((1 / (1 + squares)).sum() for _, squares in plane_distances(points))
    # Without the points themselves, whose similarity is 1.
    total -= len(points)
    return float(values @ np.log(values * (1 + np.vecdot(far, far)) * total))
