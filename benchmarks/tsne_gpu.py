"""t-SNE in which all pairs repel each other, and openTSNE's: `tsne_gpu`, TorchDR, `tsne`.

    python benchmarks/tsne_gpu.py [--images 1000]

The points are layer A of a new WRN-28-1, rectified: 16384 values of each of the test images of
CIFAR-100. Perplexity is 30, openTSNE's iterations are its defaults, TorchDR's t-SNE has its own,
2000. Where there is a GPU, `tsne_gpu` and TorchDR compute on it.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))

import torch
import torchdr
from layer_a import layer_a
from peers import PERPLEXITY, TSNE
from side_by_side import Row, print_table, timed

from limbeck.embeddings import Neighbours, tsne, tsne_gpu
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime.threads import available_threads


def main() -> None:
    """Print the table and the KL divergences."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=1000)
    images = parser.parse_args().images
    torch.set_num_threads(available_threads())
    device = "cuda" if torch.cuda.is_available() else "cpu"
    points = layer_a(images)
    find, graph = timed(lambda: Neighbours(*nearest_neighbours(points, 3 * PERPLEXITY)))
    embed, ours = timed(lambda: tsne.embed(points, graph, TSNE, 0))
    pairs, repelled = timed(lambda: tsne_gpu.embed(points, graph, TSNE, 0, device))
    other, _ = timed(lambda: torchdr.TSNE(device=device, random_state=0).fit_transform(points))
    print_table(
        f"{images} points of 16384 values",
        [
            Row("neighbours and t-SNE", find + embed, f"TorchDR on {device}", other),
            Row(f"tsne_gpu alone, on {device}", pairs, "tsne", embed),
        ],
        *("numpy", "openTSNE", "torchdr", "torch"),
    )
    affinities = tsne.conditional_affinities(graph, TSNE)
    exact = [tsne_gpu.kl_divergence(affinities, result.points) for result in (repelled, ours)]
    print(f"\nKL divergence of tsne_gpu: {exact[0]:.4f}, openTSNE's {exact[1]:.4f}")


if __name__ == "__main__":
    main()
