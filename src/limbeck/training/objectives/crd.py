"""Contrastive representation distillation (Tian et al. 2020)."""

import torch
from torch import nn
from torch.nn import functional as F

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.layers import LayerObjective, linear_embeddings
from limbeck.training.randomness import send

SMALL = 1e-7


class Contrastive(LayerObjective):
    """Noise-contrastive estimation of which image of a memory the other network saw.

    Both directions, on linear embeddings of E at unit length: 128 dimensions, 16384 negatives,
    temperature 0.07, momentum 0.5, weight 0.8, as in RepDistiller's script and code. The memory
    holds the images on which the teacher is heard. Negatives are drawn with replacement from the
    images of other classes; of an image without a label nothing is known but that it is another.
    """

    def build(self) -> nn.ModuleList:
        """Return the embeddings and the memory of each pair; prepare the draws of negatives."""
        heard, labelled = self.heard(), self.images != "unlabelled"
        # Images in the order of their classes; each without a label is a class of its own.
        groups = len(self.data.labels) + torch.arange(len(heard), device=heard.device)
        if labelled:
            groups[: len(self.data.labelled)] = self.data.labels[self.data.labelled]
        groups, order = groups.sort(stable=True)
        _, groups, sizes = groups.unique_consecutive(return_inverse=True, return_counts=True)
        self._starts, self._sizes = (sizes.cumsum(0) - sizes)[groups], sizes[groups]
        self._places = torch.full((len(self.data.labels),), -1, device=heard.device)
        self._places[heard[order]] = torch.arange(len(heard), device=heard.device)
        self._seen: list[tuple] = []
        dimensions = self.options["dimensions"]
        memories = nn.ModuleList(Memory(len(heard), dimensions) for _ in self.shapes)
        return nn.ModuleList([linear_embeddings(self.shapes, dimensions), memories])

    def compare(
        self, pair: int, student: torch.Tensor, teacher: torch.Tensor, batch: Batch
    ) -> torch.Tensor:
        """Return the loss of both directions."""
        embeddings = [
            F.normalize(embed(features.flatten(1)))
            for embed, features in zip(self.own[0][pair], (student, teacher), strict=True)
        ]
        places, memory = self._places[batch.rows], self.own[1][pair]
        # Taken into the memory after the step, because the backward pass still reads it.
        self._seen.append((memory, places, [embedding.detach() for embedding in embeddings]))
        chosen = torch.cat([places[:, None], self._negatives(places)], 1)
        return memory(*embeddings, chosen, self.options["contrast_temperature"])

    def after_step(self, network: nn.Module) -> None:
        """Take the embeddings of the step's images into the memory."""
        super().after_step(network)
        for memory, places, embeddings in self._seen:
            memory.take(places, *embeddings, self.options["memory_momentum"])
        self._seen.clear()

    def _negatives(self, places: torch.Tensor) -> torch.Tensor:
        """Draw places (B, K) in the memory, outside of the class of each image's own."""
        count = len(self._sizes)
        drawn = torch.rand(len(places), min(self.options["negatives"], count - 1))
        starts, sizes = self._starts[places, None], self._sizes[places, None]
        others = (send(drawn, places.device) * (count - sizes)).long()
        return (starts + sizes + others) % count


class Memory(nn.Module):
    """Embeddings of the images by student and teacher, running means at unit length."""

    def __init__(self, images: int, dimensions: int):
        super().__init__()
        bound = (3 / dimensions) ** 0.5
        for name in ("student", "teacher"):
            self.register_buffer(name, torch.empty(images, dimensions).uniform_(-bound, bound))
        # Normalising constants of both directions, set by the first batch.
        self.register_buffer("constants", torch.zeros(2))

    def forward(
        self, student: torch.Tensor, teacher: torch.Tensor, chosen: torch.Tensor, temperature: float
    ) -> torch.Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        student, teacher : torch.Tensor
            Its embeddings at unit length, shape (B, D).
        chosen : torch.Tensor
            Places in the memory, shape (B, 1 + K): the image's own, then negatives.
        temperature : float
            By which similarities are divided.
        """
        losses = []
        for number, (embedding, memory) in enumerate(
            [(student, self.teacher), (teacher, self.student)]
        ):
            scores = ((embedding @ memory.T).gather(1, chosen) / temperature).exp()
            first = scores.detach().mean() * len(memory)
            constant = torch.where(self.constants[number] == 0, first, self.constants[number])
            self.constants[number] = constant
            losses.append(contrast_loss(scores / constant, len(memory)))
        return losses[0] + losses[1]

    def take(
        self, places: torch.Tensor, student: torch.Tensor, teacher: torch.Tensor, momentum: float
    ) -> None:
        """Move the memory of images, places (B,), to their new embeddings, (B, D) each."""
        for memory, embedding in ((self.student, student), (self.teacher, teacher)):
            memory[places] = F.normalize(momentum * memory[places] + (1 - momentum) * embedding)


def contrast_loss(probabilities: torch.Tensor, images: int) -> torch.Tensor:
    """Return -(log P(true | own) + Σ log P(noise | negative)), the mean over the batch; Eq. (18).

    Parameters
    ----------
    probabilities : torch.Tensor
        Of the image's own and of K negatives under the model, shape (B, 1 + K).
    images : int
        Of which the noise draws, each with probability 1 / images.
    """
    noise = (probabilities.shape[1] - 1) / images
    total = probabilities + noise + SMALL
    true = (probabilities[:, 0] / total[:, 0]).log()
    return -(true + (noise / total[:, 1:]).log().sum(1)).mean()


OBJECTIVE = Contrastive
