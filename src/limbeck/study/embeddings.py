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
    extra : str or None
        The extra of the package that it needs, a key of `limbeck.runtime.extras.EXTRAS`.
    """

    name: str
    title: str
    summary: str
    options: Mapping[str, Key] = field(default_factory=dict)
    on_device: bool = False
    neighbours: Callable[[Mapping], int] = _none
    points: Callable[[Mapping], int] = _none
    extra: str | None = None

    @property
    def module(self) -> str:
        """The module of its code."""
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


def _pacmap_points(options: Mapping) -> int:
    near, ratios = options["n_neighbors"], (options["MN_ratio"], options["FP_ratio"])
    return max(near + 51, near + sum(round(near * ratio) for ratio in ratios) + 1)


EMBEDDINGS = {
    embedding.name: embedding
    for embedding in (
        Embedding("tsne", "t-SNE", "openTSNE on a processor", **_TSNE),
        Embedding(
            "tsne_gpu",
            "t-SNE",
            "TorchDR on the study's device: all pairs of images, for a GPU",
            on_device=True,
            extra="gpu",
            **_TSNE,
        ),
        Embedding(
            "ivis_torch",
            "ivis",
            "the algorithm of the ivis package on the study's device",
            on_device=True,
            **_IVIS,
        ),
        Embedding("ivis", "ivis", "its authors' package, on TensorFlow", **_IVIS, extra="ivis"),
        Embedding("pca", "PCA", "scikit-learn's"),
        Embedding(
            "umap",
            "UMAP",
            "umap-learn (McInnes et al. 2018)",
            {
                "n_neighbors": integer(
                    "neighbours of each image, itself among them", 15, least=2, most=100_000
                ),
                "min_dist": number(
                    "least distance of points in the embedding", 0.1, least=0, most=1
                ),
                "n_epochs": integer("null: as the package chooses", None, null=True, least=1),
            },
            neighbours=lambda options: options["n_neighbors"] - 1,
            points=lambda options: options["n_neighbors"] + 1,
            extra="umap",
        ),
        Embedding(
            "pacmap",
            "PaCMAP",
            "pacmap (Wang et al. 2021)",
            {
                "n_neighbors": integer("near pairs of each image", 10, least=1, most=100_000),
                "MN_ratio": number("mid-near pairs for each near one", 0.5, above=0),
                "FP_ratio": number("further pairs for each near one", 2, above=0),
                "num_iters": integer("of the last of three phases", 250, least=1, most=10**6),
            },
            neighbours=lambda options: options["n_neighbors"] + 50,
            points=_pacmap_points,
            extra="pacmap",
        ),
    )
}
