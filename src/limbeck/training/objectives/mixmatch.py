"""MixMatch (Berthelot et al. 2019): mix images, labels and guessed labels."""

import torch
from torch import nn
from torch.nn import functional as F

from limbeck.training.objectives.base import StepResult
from limbeck.training.objectives.semi_supervised import SemiSupervised, consistency_loss
from limbeck.training.randomness import send


class MixMatch(SemiSupervised):
    """Cross-entropy on mixed labelled images, squared difference on mixed unlabelled ones.

    The authors' code interleaves batches that go through the network one after another, so that
    each is a mixture; here one pass has all of them. The pass that guesses labels is normalised by
    the statistics of its own batch, as there, but counts for the running ones, which it does not
    there.
    """

    def _step(
        self, network: nn.Module, labelled: torch.Tensor, unlabelled: torch.Tensor, weight: float
    ) -> StepResult:
        views = torch.cat([self._view(unlabelled) for _ in range(self.options["views"])])
        guesses = self._guess(network, views)
        images = torch.cat([self._view(labelled), views]).float()
        labels = F.one_hot(self.data.labels[labelled], guesses.shape[1]).float()
        targets = torch.cat([labels, guesses])
        shares, partners = draw_mixture(len(images), self.options["mixup_alpha"])
        shares, partners = send(shares, images.device), send(partners, images.device)
        mixed = torch.lerp(images[partners], images, shares.view(-1, 1, 1, 1))
        targets = torch.lerp(targets[partners], targets, shares.view(-1, 1))

        logits = network(mixed)
        known, others = logits.split([len(labelled), len(views)])
        loss = F.cross_entropy(known, targets[: len(labelled)])
        loss = loss + weight * consistency_loss(others.softmax(1), targets[len(labelled) :])
        correct = (known.detach().argmax(1) == self.data.labels[labelled]).sum()
        return StepResult(loss, len(labelled) + len(unlabelled), len(labelled), correct)

    def _guess(self, network: nn.Module, views: torch.Tensor) -> torch.Tensor:
        """Return the guessed labels of all views, (views * images, classes), without gradient."""
        with torch.no_grad():
            predictions = network(views).softmax(1)
        # Torch before 2.11 would give the weights that autocast has converted here, which have no
        # gradient, to the pass that follows.
        torch.clear_autocast_cache()
        count = self.options["views"]
        mean = predictions.view(count, -1, predictions.shape[1]).mean(0)
        return sharpen(mean, self.options["temperature"]).repeat(count, 1)


def sharpen(probabilities: torch.Tensor, temperature: float) -> torch.Tensor:
    """Raise probabilities (B, classes) to the power 1 / T and make them sum to 1 again; Eq. (7)."""
    return (probabilities.log() / temperature).softmax(1)  # Powers themselves may all be 0.


def draw_mixture(count: int, alpha: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw what each image is mixed with, and how much of itself it keeps.

    Parameters
    ----------
    count : int
        Number of images.
    alpha : float
        Both parameters of the beta distribution.

    Returns
    -------
    shares : torch.Tensor
        At least one half, shape (count,); Eqs. (8) and (9).
    partners : torch.Tensor
        A permutation, shape (count,).
    """
    beta = torch.distributions.Beta(torch.tensor(alpha), torch.tensor(alpha))
    shares = beta.sample((count,))
    return torch.maximum(shares, 1 - shares), torch.randperm(count)


OBJECTIVE = MixMatch
