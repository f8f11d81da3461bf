"""Exact neighbours of more points than fit a block, from a Zarr store, in bounded memory.

    python benchmarks/neighbours.py [--images 50000] [--values 16384] [--plain 10000]

Random rectified points go to a store in the temporary folder (TMPDIR; 3.3 GB at full size). A
process of its own reads them block by block and finds 90 neighbours of each; its peak memory is
printed. The last row is against float64 products and a sort, on the first `--plain` points, whose
neighbours are checked to be the same.
"""

import argparse
import multiprocessing
import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))

import numpy as np
from side_by_side import Row, best_of, peak_memory, print_table, timed

from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime import storage

K, RANK, ROWS = 90, 40, 500


def write_points(path: Path, count: int, dimensions: int) -> None:
    """Write rectified points near a subspace, a few at a time."""
    generator = np.random.default_rng(0)
    basis = generator.standard_normal((RANK, dimensions), np.float32)
    with storage.new_store(path, {}) as store:
        writer = storage.RowWriter(store, "activations", (count, dimensions), "float32")
        for start in range(0, count, ROWS):
            size = min(ROWS, count - start)
            values = generator.standard_normal((size, RANK), np.float32) @ basis
            values += generator.standard_normal((size, dimensions), np.float32)
            writer.append(np.maximum(values, 0))
        writer.close()


def plain_neighbours(points: np.ndarray) -> np.ndarray:
    """Return neighbours from all distances in float64, with sorted ties."""
    points = points.astype(np.float64)
    norms = np.vecdot(points, points)
    squares = norms[:, None] + norms - 2 * points @ points.T
    np.fill_diagonal(squares, np.inf)
    return np.argsort(squares, axis=1, kind="stable")[:, :K]


def measure(path: Path, results) -> None:
    """Find the neighbours of a whole store; put seconds and peak memory, in bytes."""
    points = storage.open_store(path)["activations"]
    seconds, _ = timed(lambda: nearest_neighbours(points, K))
    results.put((seconds, peak_memory()))


def main() -> None:
    """Print seconds, peak memory, and the comparison with the plain way."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=50000)
    parser.add_argument("--values", type=int, default=16384)
    parser.add_argument("--plain", type=int, default=10000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "points.zarr")
        write_points(path, arguments.images, arguments.values)
        context = multiprocessing.get_context("spawn")
        results = context.Queue()
        child = context.Process(target=measure, args=(path, results))
        child.start()
        seconds, peak = results.get()
        child.join()
        points = storage.open_store(path)["activations"][: arguments.plain]
    print(
        f"{arguments.images} x {arguments.values} float32 "
        f"({4e-9 * arguments.images * arguments.values:.2f} GB): {seconds:.0f} s, "
        f"peak memory {peak / 1e9:.2f} GB"
    )
    if not np.array_equal(nearest_neighbours(points, K)[0], plain_neighbours(points)):
        raise SystemExit("the neighbours differ from the plain ones")

    best = best_of(
        {
            "limbeck": lambda: timed(lambda: nearest_neighbours(points, K))[0],
            "plain": lambda: timed(lambda: plain_neighbours(points))[0],
        },
        2,
    )
    row = Row("neighbours", best["limbeck"], "NumPy in float64", best["plain"])
    print_table(f"{len(points)} x {arguments.values}, the same neighbours", [row], "numpy", "zarr")


if __name__ == "__main__":
    main()
