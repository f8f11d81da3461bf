"""Scores of a layer and an embedding, Limbeck's and scikit-learn's on the same arrays.

    python benchmarks/scores.py [--images 10000]

The layer is A of a new WRN-28-1 on CIFAR-100's test images: 16384 values each, in memory; the
embedding is a random projection. Each side gives the same number, which the script
checks: trustworthiness of the 30 nearest neighbours, the silhouette of classes, and the accuracy of
a ridge probe in 5 parts. Limbeck's Gram matrix, which its three scores share, has a row of its own.
"""

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))

import numpy as np
from layer_a import layer_a
from side_by_side import Row, print_table
from sklearn.linear_model import RidgeClassifier
from sklearn.manifold import trustworthiness as plain_trustworthiness
from sklearn.metrics import silhouette_score

from limbeck.metrics.gram import centred_gram
from limbeck.metrics.neighbourhoods import layer_silhouette, trustworthiness
from limbeck.metrics.probe import predict_in_dual, stratified_parts
from limbeck.neighbours.search import nearest_neighbours

CLASSES, NEIGHBOURS, PENALTY, PARTS = 100, 30, 0.1, 5
GOAL = 5


def timed(run: Callable[[], object]) -> tuple[float, object]:
    """Return the seconds that something took, and its result."""
    started = time.perf_counter()
    result = run()
    return time.perf_counter() - started, result


def plain_probe(points: np.ndarray, labels: np.ndarray, penalty: float) -> float:
    """Return the accuracy of scikit-learn's ridge classifier over the same parts."""
    part_of_image, right = stratified_parts(labels, PARTS), 0
    alpha = penalty * points.var(axis=0, dtype=np.float64).sum()
    for part in range(PARTS):
        test, train = part_of_image == part, part_of_image != part
        probe = RidgeClassifier(alpha=alpha).fit(points[train], labels[train])
        right += int((probe.predict(points[test]) == labels[test]).sum())
    return right / len(labels)


def main() -> None:
    """Print the table; end with an error where two sides differ."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=10000)
    images = parser.parse_args().images
    points = layer_a(images)
    labels = np.arange(images) % CLASSES  # as layer_a takes them
    seconds, gram = timed(lambda: centred_gram(points))
    plane = points @ np.random.default_rng(1).standard_normal((points.shape[1], 2))
    neighbours = nearest_neighbours(plane, NEIGHBOURS)[0]
    sides = {
        "trustworthiness": (
            lambda: trustworthiness(gram, neighbours),
            lambda: plain_trustworthiness(points, plane, n_neighbors=NEIGHBOURS),
        ),
        "silhouette": (
            lambda: layer_silhouette(gram, labels),
            lambda: silhouette_score(points, labels),
        ),
        "ridge probe": (
            lambda: np.mean(
                predict_in_dual(gram, labels, stratified_parts(labels, PARTS), PENALTY) == labels
            ),
            lambda: plain_probe(points, labels, PENALTY),
        ),
    }
    rows, ours, theirs = [], seconds, 0.0
    for name, (run, plain) in sides.items():
        (fast, value), (slow, expected) = timed(run), timed(plain)
        if not np.isclose(value, expected, atol=1e-3):
            raise SystemExit(f"{name}: {value}, scikit-learn's is {expected}")
        rows.append(Row(f"{name}, with the Gram matrix", seconds + fast, "scikit-learn", slow))
        ours, theirs = ours + fast, theirs + slow
    rows.append(Row("all three", ours, "scikit-learn", theirs, GOAL))
    print_table(f"{images} points of 16384 values", rows, "numpy", "scikit-learn")


if __name__ == "__main__":
    main()
