"""Storage of one run's activations: bytes and seconds by type and codec.

    python benchmarks/storage.py [--images 2000]

All five layers of the paper's student, trained a little on CIFAR-100, written through Limbeck's own
writer and read back whole. Seconds are of one thread's work on files in the page cache, the best of
turns; the last column adds up a store's life in the default study, one writing and five readings,
each of them at 200 MB/s through a shared file system.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from side_by_side import hardware
from trained_network import train_a_little

from limbeck.runtime import storage
from limbeck.stages.extract_activations import extract_activations
from limbeck.study.settings import ActivationSettings

ROUNDS = 2
LAYERS = ("A", "B", "C", "D", "E")
READINGS, BANDWIDTH = 5, 200e6

# What Zarr is told to compress an array of a type with.
Codec = Callable[[np.dtype], list[dict]]


def blosc(name: str, level: int, shuffle: str) -> Codec:
    """Return Blosc, which first sorts the bytes or bits of values by their place in them."""

    def codec(dtype: np.dtype) -> list[dict]:
        settings = {"cname": name, "clevel": level, "shuffle": shuffle, "typesize": dtype.itemsize}
        return [{"name": "blosc", "configuration": settings}]

    return codec


def plain(name: str, **settings: object) -> Codec:
    """Return a codec that knows nothing of types."""
    return lambda dtype: [{"name": name, "configuration": settings}]


CODECS = {
    "none": lambda dtype: [],
    "blosc lz4 5, bitshuffle, no checksum": blosc("lz4", 5, "bitshuffle"),
    "zstd 1": plain("zstd", level=1, checksum=False),
    "zstd 3": plain("zstd", level=3, checksum=False),
    "zstd 9": plain("zstd", level=9, checksum=False),
    "gzip 1": plain("gzip", level=1),
    "blosc lz4 1, shuffle": blosc("lz4", 1, "shuffle"),
    "blosc lz4 5, shuffle": blosc("lz4", 5, "shuffle"),
    "blosc zstd 1, shuffle": blosc("zstd", 1, "shuffle"),
    "blosc zstd 1, bitshuffle": blosc("zstd", 1, "bitshuffle"),
    "blosc zstd 3, bitshuffle": blosc("zstd", 3, "bitshuffle"),
    "blosc zstd 5, shuffle": blosc("zstd", 5, "shuffle"),
}


class Cost(NamedTuple):
    """Bytes on disk, seconds to write and to read."""

    stored: int
    writing: float
    reading: float

    @property
    def life(self) -> float:
        """Seconds of one writing and all readings through a shared file system."""
        moved = self.stored * (1 + READINGS) / BANDWIDTH
        return self.writing + READINGS * self.reading + moved


def write_and_read(layers: Mapping[str, np.ndarray], folder: Path) -> Cost:
    """Store all layers with the codec that is set, and read them back."""
    writing = reading = 0.0
    for name, values in layers.items():
        started = time.perf_counter()
        storage.write_store(folder / f"{name}.zarr", {"activations": values}, {})
        writing += time.perf_counter() - started
    for name, values in layers.items():
        started = time.perf_counter()
        read = storage.open_store(folder / f"{name}.zarr")["activations"][:]
        reading += time.perf_counter() - started
        assert np.array_equal(read, values)
    stored = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Cost(stored, writing, reading)


def activations_of(folder: Path, images: int) -> dict[str, np.ndarray]:
    """Take the activations of all layers of a network that was trained a little."""
    dataset, model = train_a_little(folder, images)
    settings = ActivationSettings(dtype="float32", images_per_class=None)
    layers = {}
    for layer in LAYERS:
        extract_activations(dataset, model, layer, settings, "cpu", folder / layer)
        layers[layer] = storage.open_store(folder / layer)["activations"][:]
    return layers


def main() -> None:
    """Print a line for each type and codec."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000, help="test images, a multiple of 100")
    images = parser.parse_args().images
    with tempfile.TemporaryDirectory() as name:
        layers = activations_of(Path(name), images)
    size = sum(values.nbytes for values in layers.values()) / 1e6
    zeros = sum(np.count_nonzero(values == 0) for values in layers.values()) * 4 / 1e6 / size
    print(f"{hardware('zarr', 'numcodecs')}\n")
    print(f"{images} images, {size:.0f} MB in float32, {zeros:.0%} of the values are zero\n")
    print(
        "| type | codec | MB | of the type's | writing, s | reading, s "
        f"| 1 writing + {READINGS} readings at {BANDWIDTH / 1e6:.0f} MB/s, s |\n"
        "|---|---|---:|---:|---:|---:|---:|"
    )
    today = storage.codecs_of
    for dtype in ("float32", "float16"):
        cast = {layer: values.astype(dtype) for layer, values in layers.items()}
        whole = sum(values.nbytes for values in cast.values())
        best: dict[str, Cost] = {}
        for _ in range(ROUNDS):
            for codec, choose in {"blosc lz4 5, bitshuffle (Limbeck)": today, **CODECS}.items():
                storage.codecs_of = choose
                with tempfile.TemporaryDirectory() as name:
                    cost = write_and_read(cast, Path(name))
                best[codec] = min(best.get(codec, cost), cost, key=lambda cost: cost.life)
        for codec, cost in best.items():
            print(
                f"| {dtype} | {codec} | {cost.stored / 1e6:.0f} | {cost.stored / whole:.0%} "
                f"| {cost.writing:.2f} | {cost.reading:.2f} | {cost.life:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
