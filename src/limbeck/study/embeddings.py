"""The algorithms that embed a layer in two dimensions, and their keys in the config."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from limbeck.study.keys import Key, choice, integer, number


def _none(options: Mapping) -> int:
    return 0


@dataclass(frozen=True)
class Embedding:
    """An algorithm.

    Attributes
    ----------
    name : str
        In the config, and of its module in `limbeck.embeddings`.
    title : str
        In print.
    summary : str
        One line.
    options : mapping of str to Key
        Its keys beside ``algorithm``.
    on_device : bool
        Whether it computes on the study's device; the others need no GPU.
    neighbours : callable
        How many neighbours of each point it reads, from its options.
    points : callable
        How many points it needs at least, from its options.
    """

    name: str
    title: str
    summary: str
    options: Mapping[str, Key] = field(default_factory=dict)
    on_device: bool = False
    neighbours: Callable[[Mapping], int] = _none
    points: Callable[[Mapping], int] = _none

    @property
    def module(self) -> str:
        """Where its code is."""
        return f"limbeck.embeddings.{self.name}"


def _tsne_neighbours(options: Mapping) -> int:
    return math.floor(3 * options["perplexity"])  # van der Maaten (2014)


_TSNE = {
    "options": {
        "perplexity": number("about how many neighbours count", 30, above=1, most=100_000),
        "early_exaggeration": number("factor on attraction in the first iterations", 12, least=1),
        "early_exaggeration_iterations": integer("how many those are", 250, least=0, most=10**6),
        "iterations": integer("those after them", 500, least=1, most=10**6),
    },
    "neighbours": _tsne_neighbours,
    "points": lambda options: _tsne_neighbours(options) + 1,
}
_IVIS = {
    "options": {
        "k": integer(
            "neighbours from which positives are drawn, the point itself among them",
            15,
            least=2,
            most=100_000,
        ),
        "network": choice("of the package", ("szubert", "hinton", "maaten"), "szubert"),
        "margin": number("of the triplet loss", 1, above=0),
        "batch_size": integer("points a step", 128, least=1, most=10**6),
        "epochs": integer("at most", 1000, least=1, most=10**6),
        "epochs_without_progress": integer(
            "after so many it stops, and the loss is the mean over as many", 20, least=1, most=10**6
        ),
    },
    "neighbours": lambda options: options["k"] - 1,
    "points": lambda options: max(options["k"] + 1, options["batch_size"]),
}

EMBEDDINGS = {
    embedding.name: embedding
    for embedding in (
        Embedding("tsne", "t-SNE", "openTSNE on a processor", **_TSNE),
        Embedding(
            "tsne_gpu",
            "t-SNE",
            "TorchDR on the study's device: all pairs of images, for a GPU",
            on_device=True,
            **_TSNE,
        ),
        Embedding(
            "ivis_torch",
            "ivis",
            "the algorithm of the ivis package on the study's device",
            on_device=True,
            **_IVIS,
        ),
        Embedding("ivis", "ivis", "its authors' package, on TensorFlow", **_IVIS),
        Embedding("pca", "PCA", "scikit-learn's"),
    )
}
