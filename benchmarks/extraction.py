"""Limbeck's extraction of activations and a plain loop with forward hooks: seconds, bytes, memory.

    python benchmarks/extraction.py [--images 2000]

The plain one takes batches of a data loader, copies what the hooks see to NumPy, and saves one
array for each layer. Same network (the paper's student, trained a little on CIFAR-100), same test
images. Each side runs in a process of its own, in turn; seconds are those of the extraction, memory
is the process's most, with torch in it. Limbeck takes five layers in five passes, as its jobs do;
the plain loop takes them in one.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from side_by_side import hardware, peak_memory
from torch.utils.data import DataLoader, TensorDataset
from trained_network import train_a_little

from limbeck.data.dataset import Dataset
from limbeck.networks.layers import AUTO, resolve_layers
from limbeck.networks.model_file import load_network
from limbeck.runtime import storage
from limbeck.runtime.memory import keep_freed_memory
from limbeck.stages.extract_activations import extract_activations
from limbeck.study.settings import ActivationSettings

ROUNDS = 2
# The plain loop's, as is usual.
BATCH = 256
LAYERS = ("A", "B", "C", "D", "E")


class Cost(NamedTuple):
    """Seconds, bytes on disk, and the process's most bytes in memory."""

    seconds: float
    stored: int
    memory: int


def with_hooks(dataset: Path, model: Path, layers: Sequence[str], folder: Path) -> None:
    """Extract as a short script would."""
    network, _ = load_network(model, torch.device("cpu"))
    images = torch.from_numpy(Dataset(dataset).array("test", "images")).permute(0, 3, 1, 2)
    kept = {layer: [] for layer in layers}
    paths = resolve_layers(network.backbone, dict.fromkeys(layers, AUTO))
    for layer in layers:
        network.backbone.get_submodule(paths[layer]).register_forward_hook(
            lambda module, inputs, output, batches=kept[layer]: batches.append(
                output.flatten(1).cpu().numpy()
            )
        )
    with torch.no_grad():
        for (batch,) in DataLoader(TensorDataset(images), batch_size=BATCH):
            network(batch)
    for layer in layers:
        np.save(folder / f"{layer}.npy", np.concatenate(kept[layer]))


def with_limbeck(dataset: Path, model: Path, layers: Sequence[str], folder: Path) -> None:
    """Extract as the workflow does, layer by layer."""
    keep_freed_memory()
    settings = ActivationSettings(dtype="float32", images_per_class=None)
    for layer in layers:
        extract_activations(dataset, model, layer, settings, "cpu", folder / f"{layer}.zarr")


def cost_of(
    extract: Callable, dataset: Path, model: Path, layers: Sequence[str], folder: Path
) -> Cost:
    """Run one side in this process."""
    started = time.perf_counter()
    extract(dataset, model, layers, folder)
    seconds = time.perf_counter() - started
    stored = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Cost(seconds, stored, peak_memory())


def compare(dataset: Path, model: Path, layers: Sequence[str]) -> dict[str, Cost]:
    """Let the sides take turns; return the quickest turn of each, having compared their values."""
    best: dict[str, Cost] = {}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            for extract in (with_limbeck, with_hooks):
                spawn = multiprocessing.get_context("spawn")
                with ProcessPoolExecutor(1, mp_context=spawn) as process:
                    folder = Path(name, extract.__name__)
                    folder.mkdir()
                    cost = process.submit(cost_of, extract, dataset, model, layers, folder).result()
                best[extract.__name__] = min(best.get(extract.__name__, cost), cost)
            for layer in layers:
                ours = storage.open_store(Path(name, f"with_limbeck/{layer}.zarr"))["activations"]
                assert np.array_equal(ours[:], np.load(Path(name, f"with_hooks/{layer}.npy")))
    return best


def main() -> None:
    """Print a line for each layer, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000, help="test images, a multiple of 100")
    images = parser.parse_args().images
    print(f"{hardware('torch', 'zarr')}\n\nWRN-28-1, {images} images of 32 x 32, float32\n")
    print(
        "| layers | Limbeck, s | plain, s | ratio | Limbeck, MB | plain, MB "
        "| Limbeck, memory in MB | plain |\n|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    with tempfile.TemporaryDirectory() as name:
        dataset, model = train_a_little(Path(name), images)
        for layers in (*((layer,) for layer in LAYERS), LAYERS):
            costs = compare(dataset, model, layers)
            ours, plain = costs["with_limbeck"], costs["with_hooks"]
            print(
                f"| {', '.join(layers)} | {ours.seconds:.2f} | {plain.seconds:.2f} "
                f"| {plain.seconds / ours.seconds:.2f} "
                f"| {ours.stored / 1e6:.1f} | {plain.stored / 1e6:.1f} "
                f"| {ours.memory / 1e6:.0f} | {plain.memory / 1e6:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
