"""Neighbours and ivis, Limbeck's and the ivis package's, on a layer of 16,384 values an image.

    python benchmarks/ivis_torch.py [--images 10000] [--epochs 20] [--device cuda]

Both sides have the package's defaults: 150 neighbours, batches of 128, but that all epochs are run.
The package finds its neighbours by Annoy, approximately and by angle, and trains on the CPU;
Limbeck finds them exactly, and trains in float32 and, where the hardware has it, in bfloat16.
Inputs are scaled beforehand, as the package's documentation asks.
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch
from layer_a import layer_a
from side_by_side import Row, print_table

from limbeck.embeddings import Neighbours, ivis_torch
from limbeck.embeddings.triplets import unit_scale
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime.devices import resolve_precision
from limbeck.runtime.threads import available_threads

SETTINGS = {"k": 150, "network": "szubert", "margin": 1, "batch_size": 128}


def package_seconds(values, settings: dict) -> tuple[float, float]:
    """Return the seconds of the package's neighbour search and of its training."""
    from limbeck.embeddings.ivis import Ivis, tf  # noqa: I001
    from ivis.data.neighbour_retrieval import AnnoyKnnMatrix

    tf.keras.utils.set_random_seed(0)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "annoy.index")
        rows = AnnoyKnnMatrix.build(
            values, path, k=settings["k"], metric="angular", precompute=True, verbose=0
        )
    found = time.perf_counter()
    Ivis(
        k=settings["k"],
        batch_size=settings["batch_size"],
        epochs=settings["epochs"],
        n_epochs_without_progress=settings["epochs"],
        neighbour_matrix=rows,
        verbose=0,
    ).fit_transform(values)
    return found - started, time.perf_counter() - found


def limbeck_seconds(values, settings: dict, device: str) -> tuple[float, dict[str, float]]:
    """Return the seconds of Limbeck's neighbour search, and of its training by precision."""
    started = time.perf_counter()
    graph = Neighbours(*nearest_neighbours(values, settings["k"] - 1, device))
    neighbours = time.perf_counter() - started
    training = {}
    for precision in sorted({"float32", resolve_precision("auto", torch.device(device))}):
        started = time.perf_counter()
        mapping, _ = ivis_torch.fit(values, graph, settings, 0, device, precision)
        mapping.transform(values)
        training[precision] = time.perf_counter() - started
    return neighbours, training


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    arguments = parser.parse_args()
    epochs = arguments.epochs
    settings = {**SETTINGS, "epochs": epochs, "epochs_without_progress": epochs}
    torch.set_num_threads(available_threads())
    values = layer_a(arguments.images)
    low, extent = unit_scale(values)
    values = (values - low) / extent
    neighbours, training = limbeck_seconds(values, settings, arguments.device)
    annoy, ivis = package_seconds(values, settings)
    rows = [Row("neighbours", neighbours, "Annoy", annoy)]
    for precision, seconds in training.items():
        goal = {"bfloat16": 6, "float32": 4}[precision]
        rows += [
            Row(f"{epochs} epochs, {precision}", seconds, "ivis", ivis),
            Row(f"both, {precision}", neighbours + seconds, "ivis", annoy + ivis, goal),
        ]
    print_table(f"Ivis, {values.shape}, {available_threads()} threads", rows, "torch", "ivis")


if __name__ == "__main__":
    main()
