"""Limbeck beside the tools that one would take in its place, in one table.

    python benchmarks/peers.py [--images 10000] [--device cuda] [part ...]

Parts: neighbours, tsne, ivis, scores, extraction, training; all by default, half an hour on two
cores. The points of the first four are layer A of a new WRN-28-1, rectified: 16384 values of each
of the test images of CIFAR-100. Their sides run one after the other, each in a process of its own
with all threads (OMP_NUM_THREADS; the ivis package takes all in any case). Seconds are those of the
work, without imports; Limbeck's keeps freed memory, as jobs do. Memory is the process's most, with
the points and 0.6 GB of imports that both sides have. Sides have the same settings, the peer's
defaults, but that ivis trains for `EPOCHS` epochs. Where results must be equal and are not, the
script ends with an error.

Extraction and training are those of extraction.py and training.py.
"""

import argparse
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))

import numpy as np
import torch
from layer_a import layer_a
from side_by_side import Row, peak_memory, print_table, timed

from limbeck.embeddings import Neighbours
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime.devices import resolve_precision
from limbeck.runtime.memory import keep_freed_memory
from limbeck.runtime.threads import available_threads

PERPLEXITY, K, EPOCHS = 30, 150, 20
MANY = 10_000  # images, for which more is aimed at
CLASSES, RANKED, PENALTY, FOLDS = 100, 30, 0.1, 5
TSNE = {
    "perplexity": PERPLEXITY,
    "early_exaggeration": 12,
    "early_exaggeration_iterations": 250,
    "iterations": 500,
}
IVIS = {
    "k": K,
    "network": "szubert",
    "margin": 1,
    "batch_size": 128,
    "epochs": EPOCHS,
    "epochs_without_progress": EPOCHS,
}


class Side(NamedTuple):
    """What a side took and gave: seconds, the process's most bytes, and its result."""

    seconds: float
    memory: int
    result: object


def row(
    what: str, limbeck: Side, peer: str, other: Side, agreement: str, goal: float | None = None
) -> Row:
    """Return a row of the table."""
    memory = limbeck.memory, other.memory
    return Row(what, limbeck.seconds, peer, other.seconds, goal, memory, agreement)


def alone(work: Callable, *arguments) -> Side:
    """Run one side in a new process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        return process.submit(_measured, work, *arguments).result()


def _measured(work: Callable, path: Path, *arguments) -> Side:
    torch.set_num_threads(available_threads())
    seconds, result = timed(work(np.load(path), *arguments))
    return Side(seconds, peak_memory(), result)


# Each side takes the points (n, D), imports what it needs, and returns what is to be timed.


def limbeck_neighbours(points: np.ndarray, device: str) -> Callable:
    keep_freed_memory()
    return lambda: nearest_neighbours(points, K, device)[0]


def sklearn_neighbours(points: np.ndarray) -> Callable:
    from sklearn.neighbors import NearestNeighbors

    def run() -> np.ndarray:
        graph = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(points)
        return graph.kneighbors(return_distance=False)

    return run


def annoy_neighbours(points: np.ndarray) -> Callable:
    from openTSNE.nearest_neighbors import Annoy

    graph = Annoy(points, K, n_jobs=available_threads(), random_state=0)
    return lambda: graph.build()[0]


def limbeck_tsne(points: np.ndarray, device: str) -> Callable:
    from limbeck.embeddings import tsne

    keep_freed_memory()

    def run() -> np.ndarray:
        graph = Neighbours(*nearest_neighbours(points, 3 * PERPLEXITY, device))
        return tsne.embed(points, graph, TSNE, 0).points

    return run


def opentsne(points: np.ndarray) -> Callable:
    from openTSNE import TSNE as Peer

    return lambda: np.asarray(Peer(n_jobs=available_threads(), random_state=0).fit(points))


def sklearn_tsne(points: np.ndarray) -> Callable:
    from sklearn.manifold import TSNE as Peer

    peer = Peer(perplexity=PERPLEXITY, n_jobs=available_threads(), random_state=0)
    return lambda: peer.fit_transform(points)


def limbeck_ivis(points: np.ndarray, device: str, precision: str) -> Callable:
    import torch._dynamo  # noqa: F401, else the first optimiser imports it; jobs go without it

    from limbeck.embeddings import ivis_torch

    keep_freed_memory()

    def run() -> float:
        graph = Neighbours(*nearest_neighbours(points, K - 1, device))
        mapping, losses = ivis_torch.fit(points, graph, IVIS, 0, device, precision)
        mapping.transform(points)
        return losses[-1]

    return run


def ivis_package(points: np.ndarray) -> Callable:
    os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    from ivis import Ivis
    from tf_keras.utils import set_random_seed

    from limbeck.embeddings.triplets import unit_scale

    set_random_seed(0)
    peer = Ivis(
        k=K,
        batch_size=IVIS["batch_size"],
        epochs=EPOCHS,
        n_epochs_without_progress=EPOCHS,
        verbose=0,
    )

    def run() -> float:
        low, extent = unit_scale(points)
        peer.fit_transform((points - low) / extent)
        return peer.loss_history_[-1]

    return run


def limbeck_scores(points: np.ndarray) -> Callable:
    from limbeck.metrics.gram import centred_gram
    from limbeck.metrics.neighbourhoods import layer_silhouette, trustworthiness
    from limbeck.metrics.probe import predict_in_dual, stratified_parts

    keep_freed_memory()
    labels, plane = _labels(points), _plane(points)
    parts = stratified_parts(labels, FOLDS)

    def run() -> list[float]:
        gram = centred_gram(points)
        neighbours = nearest_neighbours(plane, RANKED)[0]
        right = predict_in_dual(gram, labels, parts, PENALTY) == labels
        return [trustworthiness(gram, neighbours), layer_silhouette(gram, labels), right.mean()]

    return run


def sklearn_scores(points: np.ndarray) -> Callable:
    from sklearn.linear_model import RidgeClassifier
    from sklearn.manifold import trustworthiness
    from sklearn.metrics import silhouette_score

    from limbeck.metrics.probe import stratified_parts

    labels, plane = _labels(points), _plane(points)
    parts = stratified_parts(labels, FOLDS)
    alpha = PENALTY * points.var(axis=0, dtype=np.float64).sum()

    def probe() -> float:
        right = 0
        for part in range(FOLDS):
            test, train = parts == part, parts != part
            ridge = RidgeClassifier(alpha=alpha).fit(points[train], labels[train])
            right += int((ridge.predict(points[test]) == labels[test]).sum())
        return right / len(labels)

    return lambda: [
        trustworthiness(points, plane, n_neighbors=RANKED),
        silhouette_score(points, labels),
        probe(),
    ]


def _labels(points: np.ndarray) -> np.ndarray:
    """Return the classes of `layer_a`, which takes them in turn."""
    return np.arange(len(points)) % CLASSES


def _plane(points: np.ndarray) -> np.ndarray:
    """Return a random projection, which stands for an embedding."""
    return points @ np.random.default_rng(1).standard_normal((points.shape[1], 2), np.float32)


def neighbours(path: Path, images: int, device: str) -> Iterator[Row]:
    """Compare the search for neighbours; scikit-learn's must be the same, but for rounding."""
    ours = alone(limbeck_neighbours, path, device)
    for peer, side in (("scikit-learn", sklearn_neighbours), ("Annoy", annoy_neighbours)):
        other = alone(side, path)
        pairs = zip(ours.result, other.result, strict=True)
        share = np.mean([len(np.intersect1d(one, another)) / K for one, another in pairs])
        if peer == "scikit-learn" and share < 0.999:
            raise SystemExit(f"{peer}: only {share:.2%} of the neighbours are the same")
        yield row(f"{K} neighbours", ours, peer, other, f"{share:.2%} the same")


def tsne(path: Path, images: int, device: str) -> Iterator[Row]:
    """Compare t-SNE with its neighbours by the exact KL divergence on the same affinities."""
    from limbeck.embeddings.tsne import conditional_affinities
    from limbeck.embeddings.tsne_gpu import kl_divergence

    graph = Neighbours(*nearest_neighbours(np.load(path), 3 * PERPLEXITY, device))
    affinities = conditional_affinities(graph, TSNE)
    ours = alone(limbeck_tsne, path, device)
    for peer, side, goal in (
        ("openTSNE", opentsne, 6 if images >= MANY else 4),
        ("scikit-learn", sklearn_tsne, None),
    ):
        other = alone(side, path)
        divergences = [kl_divergence(affinities, each.result) for each in (ours, other)]
        told = "KL divergence {:.3f}, {:.3f}".format(*divergences)
        yield row("neighbours and t-SNE", ours, peer, other, told, goal)


def ivis(path: Path, images: int, device: str) -> Iterator[Row]:
    """Compare neighbours and epochs of ivis by the last epoch's loss."""
    other = alone(ivis_package, path)
    for precision in sorted({"float32", resolve_precision("auto", torch.device(device))}):
        ours = alone(limbeck_ivis, path, device, precision)
        goal = 6 if precision == "bfloat16" and images >= MANY else 4
        told = f"loss {ours.result:.3f}, {other.result:.3f}"
        what = f"neighbours and {EPOCHS} epochs of ivis, {precision}"
        yield row(what, ours, "ivis", other, told, goal)


def scores(path: Path, images: int, device: str) -> Iterator[Row]:
    """Compare trustworthiness, silhouette and ridge probe, which must be equal."""
    ours, other = alone(limbeck_scores, path), alone(sklearn_scores, path)
    if not np.allclose(ours.result, other.result, atol=1e-4):
        raise SystemExit(f"scores: {ours.result}, scikit-learn's are {other.result}")
    gap = np.abs(np.subtract(ours.result, other.result)).max()
    what = "trustworthiness, silhouette and ridge probe"
    yield row(what, ours, "scikit-learn", other, f"the same to {gap:.0e}", 5)


def extraction(path: Path, images: int, device: str) -> Iterator[Row]:
    """Compare the extraction of layers, whose bits must be the same."""
    from extraction import LAYERS, compare
    from trained_network import train_a_little

    with tempfile.TemporaryDirectory() as folder:
        dataset, model = train_a_little(Path(folder), images)
        for layers in (("A",), LAYERS):
            costs = compare(dataset, model, layers)
            ours, plain = (
                Side(costs[name].seconds, costs[name].memory, None)
                for name in ("with_limbeck", "with_hooks")
            )
            what = f"extraction, layers {', '.join(layers)}"
            yield row(what, ours, "forward hooks", plain, "the same bits")


def training(path: Path, images: int, device: str) -> Iterator[Row]:
    """Compare steps of 64 images with those of a plain loop in float32, as RepDistiller has it."""
    from training import distilled, supervised

    for precision in sorted({"float32", resolve_precision("auto", torch.device(device))}):
        yield supervised(f"a step of WRN-28-1, {precision}", device, precision=precision)
        what = f"a step of distillation, {precision}"
        yield distilled(what, device, precision=precision)


PARTS: Mapping[str, Callable] = {
    part.__name__: part for part in (neighbours, tsne, ivis, scores, extraction, training)
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--images", type=int, default=10000, help="a multiple of 100, from 500 on")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no part {sorted(unknown)}: allowed: {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "points.npy")
        np.save(path, layer_a(arguments.images))
        rows = (
            row
            for part in arguments.parts or PARTS
            for row in PARTS[part](path, arguments.images, arguments.device)
        )
        title = f"{arguments.images} images, 16384 values each"
        packages = ("torch", "numpy", "scikit-learn", "openTSNE", "ivis")
        print_table(title, rows, *packages, agreement=True)


if __name__ == "__main__":
    main()
