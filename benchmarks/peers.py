"""Limbeck beside the tools that one would take in its place, in one table.

    python benchmarks/peers.py [--images 10000] [--device cuda] [part ...]

Parts: neighbours, tsne, ivis, scores, extraction, training; all by default, a quarter of an hour on
two cores. Each side runs in a process of its own, by default with all threads (OMP_NUM_THREADS),
and its seconds are those of the work, without imports; memory is the process's most, with the
points in it. The points are layer A of a new WRN-28-1, rectified: 16384 values of each of the test
images of CIFAR-100. Sides have the same settings, the peer's defaults: t-SNE openTSNE's, ivis the
package's for `EPOCHS` epochs. What each side gives is compared. Where it must be equal and is not,
the script ends with an error.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))

import numpy as np
import torch
from layer_a import layer_a
from side_by_side import hardware, peak_memory

from limbeck.embeddings import Neighbours
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime.devices import resolve_precision
from limbeck.runtime.threads import available_threads

PERPLEXITY, K, EPOCHS = 30, 150, 20
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
    memory: int | None
    result: object = None


class Task(NamedTuple):
    """A row: what is done, by which two sides, the ratio aimed at, and whether results agree."""

    what: str
    limbeck: Side
    peer: str
    other: Side
    goal: float | None
    agreement: str


def alone(work: Callable, *arguments) -> Side:
    """Run one side in a new process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        return process.submit(_measured, work, *arguments).result()


def _measured(work: Callable, path: Path, *arguments) -> Side:
    torch.set_num_threads(available_threads())
    run = work(np.load(path), *arguments)
    started = time.perf_counter()
    result = run()
    return Side(time.perf_counter() - started, peak_memory(), result)


# Each side takes the points (n, D), imports what it needs, and returns what is to be timed.


def limbeck_neighbours(points: np.ndarray, device: str) -> Callable:
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
    from limbeck.embeddings import ivis_torch

    def run() -> float:
        graph = Neighbours(*nearest_neighbours(points, K - 1, device))
        mapping, losses = ivis_torch.fit(points, graph, IVIS, 0, device, precision)
        mapping.transform(points)
        return losses[-1]

    return run


def ivis_package(points: np.ndarray) -> Callable:
    from limbeck.embeddings.ivis import Ivis, tf
    from limbeck.embeddings.triplets import unit_scale

    tf.keras.utils.set_random_seed(0)
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

    def probe() -> float:
        alpha = PENALTY * points.var(axis=0, dtype=np.float64).sum()
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
    return points @ np.random.default_rng(1).standard_normal((points.shape[1], 2))


def neighbours(path: Path, images: int, device: str) -> list[Task]:
    """Compare the search for 150 neighbours; scikit-learn's must be the same, but for rounding."""
    ours = alone(limbeck_neighbours, path, device)
    tasks = []
    for peer, side in (
        ("scikit-learn, brute force", sklearn_neighbours),
        ("Annoy", annoy_neighbours),
    ):
        other = alone(side, path)
        pairs = zip(ours.result, other.result, strict=True)
        share = np.mean([len(np.intersect1d(one, another)) / K for one, another in pairs])
        tasks.append(Task(f"{K} neighbours", ours, peer, other, None, f"{share:.2%} the same"))
        if peer != "Annoy" and share < 0.999:
            raise SystemExit(f"{peer}: only {share:.2%} of the neighbours are the same")
    return tasks


def tsne(path: Path, images: int, device: str) -> list[Task]:
    """Compare t-SNE with its neighbours by the exact KL divergence on the same affinities."""
    from limbeck.embeddings.tsne import conditional_affinities
    from limbeck.embeddings.tsne_gpu import kl_divergence

    sides = {
        "": alone(limbeck_tsne, path, device),
        "openTSNE": alone(opentsne, path),
        "scikit-learn": alone(sklearn_tsne, path),
    }
    graph = Neighbours(*nearest_neighbours(np.load(path), 3 * PERPLEXITY, device))
    affinities = conditional_affinities(graph, TSNE)
    divergence = {
        peer: kl_divergence(affinities, np.asarray(side.result, np.float32))
        for peer, side in sides.items()
    }
    ours = sides.pop("")
    return [
        Task(
            "neighbours and t-SNE",
            *(ours, peer, other, 6 if peer == "openTSNE" else None),
            f"KL divergence {divergence['']:.3f}, {divergence[peer]:.3f}",
        )
        for peer, other in sides.items()
    ]


def ivis(path: Path, images: int, device: str) -> list[Task]:
    """Compare neighbours and epochs of ivis by the last epoch's loss."""
    precisions = sorted({"float32", resolve_precision("auto", torch.device(device))})
    ours = {precision: alone(limbeck_ivis, path, device, precision) for precision in precisions}
    other = alone(ivis_package, path)
    return [
        Task(
            f"neighbours and {EPOCHS} epochs of ivis, {precision}",
            *(side, "ivis", other, {"bfloat16": 6, "float32": 4}[precision]),
            f"loss {side.result:.3f}, {other.result:.3f}",
        )
        for precision, side in ours.items()
    ]


def scores(path: Path, images: int, device: str) -> list[Task]:
    """Compare trustworthiness, silhouette and ridge probe, which must be equal."""
    ours, other = alone(limbeck_scores, path), alone(sklearn_scores, path)
    if not np.allclose(ours.result, other.result, atol=1e-3):
        raise SystemExit(f"scores: {ours.result}, scikit-learn's are {other.result}")
    gap = np.abs(np.subtract(ours.result, other.result)).max()
    what = "trustworthiness, silhouette and ridge probe"
    return [Task(what, ours, "scikit-learn", other, 5, f"the same to {gap:.0e}")]


def extraction(path: Path, images: int, device: str) -> list[Task]:
    """Compare the extraction of layers, whose bits must be the same."""
    from extraction import LAYERS, compare
    from trained_network import train_a_little

    tasks = []
    with tempfile.TemporaryDirectory() as folder:
        dataset, model = train_a_little(Path(folder), images)
        for layers in (("A",), LAYERS):
            costs = compare(dataset, model, layers)
            ours, plain = (
                Side(costs[name].seconds, costs[name].memory)
                for name in ("with_limbeck", "with_hooks")
            )
            what = f"extraction, layers {', '.join(layers)}"
            tasks.append(Task(what, ours, "forward hooks", plain, None, "the same bits"))
    return tasks


def training(path: Path, images: int, device: str) -> list[Task]:
    """Compare steps of 64 images with those of a plain loop, as RepDistiller has it."""
    from training import Comparison

    comparison = Comparison(torch.device(device))
    labels = comparison.supervised("a step of WRN-28-1, labels")
    distilled, _ = comparison.distilled("a step of WRN-28-1, distilled")
    return [
        Task(
            *(row.what, Side(row.limbeck, None), row.other, Side(row.seconds, None), row.goal),
            "the same formulas",
        )
        for row in (labels, distilled)
    ]


PARTS: Mapping[str, Callable] = {
    part.__name__: part for part in (neighbours, tsne, ivis, scores, extraction, training)
}


def print_row(task: Task) -> None:
    """Print a line of the table."""
    ours, other = task.limbeck, task.other
    memory = ["" if side.memory is None else f"{side.memory / 1e9:.1f}" for side in (ours, other)]
    goal = "" if task.goal is None else f"{task.goal:g}"
    print(
        f"| {task.what} | {ours.seconds:.3g} | {memory[0]} | {task.peer} | {other.seconds:.3g} "
        f"| {memory[1]} | {other.seconds / ours.seconds:.2f} | {goal} | {task.agreement} |",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--images", type=int, default=10000, help="a multiple of 100")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no part {sorted(unknown)}: allowed: {', '.join(PARTS)}")
    packages = ("torch", "numpy", "scikit-learn", "openTSNE", "ivis")
    print(f"{arguments.images} points of 16384 values\n\n{hardware(*packages)}\n")
    print(
        "| what | Limbeck, s | GB | other | s | GB | ratio | goal | result |\n"
        "|---|---:|---:|---|---:|---:|---:|---:|---|",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "points.npy")
        np.save(path, layer_a(arguments.images))
        for part in arguments.parts or PARTS:
            for task in PARTS[part](path, arguments.images, arguments.device):
                print_row(task)


if __name__ == "__main__":
    main()
