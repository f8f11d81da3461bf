"""Neighbours and t-SNE of a layer, Limbeck's and openTSNE's with its defaults.

    python benchmarks/tsne.py [--images 10000] [--torchdr-images 1000] [--gpu-images 1000]

The layer is A of a new WRN-28-1, rectified, on CIFAR-100's test images: 16384 values each, in
memory. Both sides make 250 exaggerated iterations and 500 others at perplexity 30, openTSNE's
defaults, with as many threads, by default all (OMP_NUM_THREADS). openTSNE finds its neighbours by
Annoy, which misses some; the part that it finds is printed. TorchDR's t-SNE with its own defaults,
2000 iterations in which all pairs repel each other, takes fewer images where there is no GPU, and
so does Limbeck's tsne_gpu, which is compared with tsne on the same neighbours.
"""

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))

import numpy as np
import openTSNE
import torch
import torchdr
from layer_a import layer_a
from openTSNE.affinity import PerplexityBasedNN
from openTSNE.nearest_neighbors import Annoy, PrecomputedNeighbors
from side_by_side import Row, print_table

from limbeck.embeddings import Neighbours, tsne, tsne_gpu
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime.threads import available_threads

PERPLEXITY, K = 30, 90
SETTINGS = {
    "perplexity": PERPLEXITY,
    "early_exaggeration": 12,
    "early_exaggeration_iterations": 250,
    "iterations": 500,
}
PACKAGES = ("numpy", "openTSNE", "torchdr", "torch")


def timed(run: Callable[[], object]) -> tuple[float, object]:
    """Return the seconds that something took, and its result."""
    started = time.perf_counter()
    result = run()
    return time.perf_counter() - started, result


def plain_tsne(points: np.ndarray, neighbours: tuple, threads: int):
    """Return what openTSNE makes of points by default, whose neighbours it found before."""
    affinities = PerplexityBasedNN(
        perplexity=PERPLEXITY, knn_index=PrecomputedNeighbors(*neighbours), n_jobs=threads
    )
    return openTSNE.TSNE(n_jobs=threads, random_state=0).fit(points, affinities=affinities)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=10000)
    parser.add_argument("--torchdr-images", type=int, default=1000)
    parser.add_argument("--gpu-images", type=int, default=1000)
    arguments = parser.parse_args()
    threads = available_threads()
    torch.set_num_threads(threads)
    points = layer_a(arguments.images)

    find, graph = timed(lambda: nearest_neighbours(points, K))
    find_annoy, found = timed(Annoy(points, K, n_jobs=threads, random_state=0).build)
    pairs = zip(found[0], graph[0], strict=True)
    share = np.mean([len(np.intersect1d(one, other)) / K for one, other in pairs])

    embed, ours = timed(lambda: tsne.embed(points, Neighbours(*graph), SETTINGS, 0))
    embed_plain, plain = timed(lambda: plain_tsne(points, found, threads))
    print_table(
        f"{arguments.images} points of 16384 values, {K} neighbours",
        [
            Row("neighbours", find, "Annoy", find_annoy),
            Row("t-SNE alone", embed, "openTSNE", embed_plain),
            Row("both", find + embed, "Annoy and openTSNE", find_annoy + embed_plain, 5),
        ],
        *PACKAGES,
    )
    print(
        f"\nAnnoy found {share:.1%} of the neighbours. KL divergence: "
        f"{ours.measures['kl_divergence']:.3f}, openTSNE's {plain.kl_divergence:.3f}"
    )

    device = "cuda" if torch.cuda.is_available() else "cpu"
    few = points[: arguments.torchdr_images]
    whole, _ = timed(lambda: tsne.embed(few, Neighbours(*nearest_neighbours(few, K)), SETTINGS, 0))
    other, _ = timed(lambda: torchdr.TSNE(device=device, random_state=0).fit_transform(few))
    row = Row("neighbours and t-SNE", whole, f"TorchDR on {device}", other)
    print_table(f"{len(few)} points of 16384 values", [row], *PACKAGES)

    few = points[: arguments.gpu_images]
    graph = Neighbours(*nearest_neighbours(few, K))
    embed, ours = timed(lambda: tsne_gpu.embed(few, graph, SETTINGS, 0, device))
    embed_plain, plain = timed(lambda: tsne.embed(few, graph, SETTINGS, 0))
    row = Row(f"tsne_gpu alone, on {device}", embed, "tsne", embed_plain)
    print_table(f"{len(few)} points of 16384 values", [row], *PACKAGES)
    affinities = tsne.conditional_affinities(graph, SETTINGS)
    exact = [tsne_gpu.kl_divergence(affinities, result.points) for result in (ours, plain)]
    print(f"\nKL divergence: {exact[0]:.4f}, openTSNE's {exact[1]:.4f}")


if __name__ == "__main__":
    main()
