"""Whether ivis in torch and the ivis package agree, over several datasets and seeds.

    python benchmarks/ivis_parity.py [--seeds 10]

All get the same points and the same exact neighbours, and train with the package's defaults: 150
neighbours, batches of 128, until 20 epochs pass without progress (300 at most). Torch trains with
its first layer in float32 and in bfloat16, each of which is compared with the package. The seeds
are independent, so the samples are too. For each dataset and measure a table has mean ± sample
standard deviation of either, and

- equivalence: the p-value of two one-sided t-tests (Schuirmann 1987; Welch's variances, by
  statsmodels) that the means differ by less than the margin, which was set beforehand: 5 % of the
  package's loss, 0.01 of trustworthiness, 0.03 of k-NN accuracy; they agree where p < 0.05;
- difference: the p-value of Welch's t-test that the means differ;
- power: of that t-test, at the level 0.05, to see a difference as large as the margin.

The table behind it pools the datasets: mean differences in units of the margin, weighted by the
inverse of their variances, and the same tests with a normal distribution.

CIFAR-100's test images are left out where data/cifar100 is missing.
"""

import argparse
import itertools
import multiprocessing
import os
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from side_by_side import hardware

K, NEAREST, IMAGES = 150, 15, 2000
SETTINGS = {
    "k": K,
    "network": "szubert",
    "margin": 1,
    "batch_size": 128,
    "epochs": 300,
    "epochs_without_progress": 20,
}
# Precisions of the first layer in torch, and the package.
SIDES = ("float32", "bfloat16", "ivis")
MEASURES = ("loss", "trustworthiness", "k-NN accuracy")
MARGINS = {"trustworthiness": 0.01, "k-NN accuracy": 0.03}
CIFAR = Path(__file__).parents[1] / "data/cifar100/test"


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of scikit-learn's digits, ten classes."""
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


def swiss_roll() -> tuple[np.ndarray, np.ndarray]:
    """Return a rolled plane in three dimensions, its classes eight parts of its length."""
    from sklearn.datasets import make_swiss_roll

    points, place = make_swiss_roll(1500, noise=0.5, random_state=0)
    return points, np.digitize(place, np.quantile(place, np.linspace(0, 1, 9)[1:-1]))


def fourier_noise() -> tuple[np.ndarray, np.ndarray]:
    """Return uniform noise of the plane lifted by Fourier features, its classes the quadrants."""
    from limbeck.noise.maps import draw_plane, lift_fourier, quadrants
    from limbeck.study.settings import NoiseSettings

    generator = np.random.default_rng(0)
    plane = draw_plane(1500, generator)
    settings = NoiseSettings(points=1500, dimensions=64, degree=3, frequency=2)
    return lift_fourier(plane, settings, generator), quadrants(plane)


def cifar100() -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of the first 20 test images of each class of CIFAR-100."""
    folders = sorted(CIFAR.iterdir())
    paths = [path for folder in folders for path in sorted(folder.iterdir())[: IMAGES // 100]]
    pixels = np.stack([np.asarray(Image.open(path)).ravel() for path in paths])
    return pixels, np.repeat(np.arange(len(folders)), IMAGES // 100)


DATASETS = {
    "digits": digits,
    "swiss roll": swiss_roll,
    "noise, Fourier features": fourier_noise,
    "CIFAR-100 test images": cifar100,
}


def run(side: str, dataset: str, seed: int) -> tuple[float, float, float]:
    """Embed a dataset by one of `SIDES` and return its measures, in the order of `MEASURES`."""
    from scipy.stats import mode
    from sklearn.manifold import trustworthiness

    from limbeck.embeddings import Neighbours, triplets
    from limbeck.neighbours.search import nearest_neighbours

    values, labels = DATASETS[dataset]()
    values = values.astype(np.float32)
    graph = Neighbours(*nearest_neighbours(values, K))
    if side == "ivis":
        from limbeck.embeddings import ivis

        result = ivis.embed(values, graph, SETTINGS, seed)
        points, measures = result.points, result.measures
    else:
        from limbeck.embeddings import ivis_torch

        mapping, losses = ivis_torch.fit(values, graph, SETTINGS, seed, "cpu", side)
        points = mapping.transform(values)
        measures = triplets.measures_of(losses, SETTINGS["epochs_without_progress"])
    votes = labels[nearest_neighbours(points, NEAREST)[0]]
    return (
        measures["ivis_loss"],
        trustworthiness(values, points, n_neighbors=NEAREST),
        (mode(votes, axis=1).mode == labels).mean(),
    )


def margin_of(measure: str, theirs: np.ndarray) -> float:
    """Return the largest difference of means that does not matter."""
    return MARGINS.get(measure, 0.05 * theirs.mean())


def compare(measure: str, ours: np.ndarray, theirs: np.ndarray) -> str:
    """Return the cells of one line."""
    from scipy.stats import ttest_ind
    from statsmodels.stats.power import TTestIndPower
    from statsmodels.stats.weightstats import ttost_ind

    margin = margin_of(measure, theirs)
    equivalence = ttost_ind(ours, theirs, -margin, margin, usevar="unequal")[0]
    difference = ttest_ind(ours, theirs, equal_var=False).pvalue
    spread = np.sqrt((ours.var(ddof=1) + theirs.var(ddof=1)) / 2)
    # Not a number where the margin is far beyond doubt.
    power = np.nan_to_num(TTestIndPower().power(margin / spread, len(ours), 0.05), nan=1.0)
    cells = [f"{part.mean():.4f} ± {part.std(ddof=1):.4f}" for part in (ours, theirs)]
    cells += [f"{margin:.3f}", f"{equivalence:.2g}", f"{difference:.2f}", f"{power:.2f}"]
    return " | ".join(cells)


def pool(measure: str, pairs: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """Return the cells of one line of the second table."""
    from scipy.stats import norm

    differences, variances = [], []
    for ours, theirs in pairs:
        margin = margin_of(measure, theirs)
        differences.append((ours.mean() - theirs.mean()) / margin)
        variances.append((ours.var(ddof=1) + theirs.var(ddof=1)) / len(ours) / margin**2)
    weights = 1 / np.array(variances)
    mean, error = np.average(differences, weights=weights), weights.sum() ** -0.5
    equivalence = norm.sf((1 - abs(mean)) / error)
    difference = 2 * norm.sf(abs(mean) / error)
    power = norm.sf(norm.isf(0.025) - 1 / error)
    return f"{mean:.2f} ± {error:.2f} | {equivalence:.2g} | {difference:.2f} | {power:.2f}"


def print_tables(precision: str, samples: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Print the comparison of the first of each pair, (measures, seeds), with the second."""
    print(f"\n{precision}\n")
    print("| dataset | measure | ivis_torch | ivis | margin | equivalence | difference | power |")
    print("|---" * 8 + "|")
    for name, sides in samples.items():
        for measure, ours, theirs in zip(MEASURES, *sides, strict=True):
            print(f"| {name} | {measure} | {compare(measure, ours, theirs)} |")
    print("\n| measure | difference, in margins | equivalence | difference | power |")
    print("|---" * 5 + "|")
    for number, measure in enumerate(MEASURES):
        pairs = [(ours[number], theirs[number]) for ours, theirs in samples.values()]
        print(f"| {measure} | {pool(measure, pairs)} |")


def main() -> None:
    """Print two tables for each precision of the first layer."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    names = [name for name in DATASETS if name != "CIFAR-100 test images" or CIFAR.is_dir()]
    os.environ["OMP_NUM_THREADS"] = "1"
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as torch, ProcessPoolExecutor(1, spawn) as package:
        jobs = {
            (side, name, seed): (package if side == "ivis" else torch).submit(run, side, name, seed)
            for name, seed in itertools.product(names, range(arguments.seeds))
            for side in SIDES
        }
        values = defaultdict(list)
        for (side, name, _), job in jobs.items():
            values[side, name].append(job.result())
    print(hardware("torch", "tensorflow", "ivis"), f"{arguments.seeds} seeds", sep=", ")
    by_side = {key: np.array(rows).T for key, rows in values.items()}
    for precision in ("float32", "bfloat16"):
        pairs = {name: (by_side[precision, name], by_side["ivis", name]) for name in names}
        print_tables(precision, pairs)


if __name__ == "__main__":
    main()
