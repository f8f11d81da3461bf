"""Training passes replayed as CUDA graphs, and launched kernel by kernel.

    python benchmarks/cuda_graphs.py [word ...]

Of all steps below, or of those whose names have one of the words in them. Both sides train the
same network from the same weights on the same batches of 64 images, one after the other; then
`TIMED` steps of each are timed. The benchmark stops if a bit of the weights differs. Memory is the
most that torch took from the GPU. Needs a GPU.
"""

import argparse
import gc
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from side_by_side import hardware

from limbeck.embeddings import Neighbours, ivis_torch
from training import TEACHER, limbeck, settings_of

STEPS, TIMED = 100, 60
FEW = np.arange(500)  # labelled images, where the others count too
# What differs from training WRN-28-1 with labels, and the rows of labelled images; None: all.
SIDES = {
    "WRN-28-1, labels": ({}, None),
    "WRN-28-1, labels, float32": ({"precision": "float32"}, None),
    "WRN-28-1, distilled": ({"objective": "distillation"}, None),
    "WRN-28-1, labels, crops": ({"augmentation": "crop_flip", "crop_padding": 4}, None),
    "WRN-28-1, FixMatch": ({"objective": "fixmatch", "options": {"unlabelled_ratio": 2}}, FEW),
    "WRN-28-1, MixMatch": ({"objective": "mixmatch"}, FEW),
    "ResNet-56, labels": ({"model": "resnet56"}, None),
    "ResNet-18 at 64 pixels, labels": (TEACHER, None),
    "ResNet-18 at 224 pixels, labels": ({**TEACHER, "input_size": 224}, None),
}
POINTS, WIDTH, EPOCHS = 10_000, 16_384, 10


def steps(replayed: bool, changes: dict, labelled: np.ndarray | None) -> tuple[list, float]:
    """Return the weights after `STEPS` steps, and the seconds of one after them."""
    torch.manual_seed(0)
    with limbeck("cuda", settings_of(**changes), labelled) as side:
        if not replayed:
            side.passes = side.network
        for _ in range(STEPS):
            side.step()
        weights = [value.clone() for value in side.network.state_dict().values()]
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(TIMED):
            side.step()
        torch.cuda.synchronize()
        return weights, (time.perf_counter() - started) / TIMED


def ivis(replayed: bool) -> tuple[list, float]:
    """Return the losses of ivis on random points, and the seconds of an epoch."""
    random = np.random.default_rng(0)
    points = random.random((POINTS, WIDTH), np.float32)
    indices = (np.arange(POINTS)[:, None] + np.arange(1, 15)) % POINTS
    graph = Neighbours(indices, np.ones_like(indices, np.float32))
    settings = {"k": 15, "network": "maaten", "margin": 1, "batch_size": 128}
    kept = ivis_torch.Replayed
    try:
        if not replayed:
            ivis_torch.Replayed = lambda module: module
        started, spent = time.perf_counter(), []
        for epochs in (1, EPOCHS + 1):
            limits = {"epochs": epochs, "epochs_without_progress": epochs}
            _, losses = ivis_torch.fit(points, graph, settings | limits, 0, "cuda")
            spent.append(time.perf_counter() - started - sum(spent))
    finally:
        ivis_torch.Replayed = kept
    return [torch.from_numpy(losses)], (spent[1] - spent[0]) / EPOCHS


def alone(call: Callable[[bool], tuple], replayed: bool) -> tuple[list, float, int]:
    """Return what a side gives, and the most bytes that torch had from the GPU meanwhile."""
    gc.collect()  # the last side's graphs
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    values, seconds = call(replayed)
    return values, seconds, torch.cuda.max_memory_reserved()


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("word", nargs="*", default=[""])
    words = parser.parse_args().word
    if not torch.cuda.is_available():
        parser.error("torch sees no GPU here")
    calls = {
        name: lambda replayed, side=side: steps(replayed, *side) for name, side in SIDES.items()
    }
    calls["ivis, an epoch"] = ivis
    names = ["a step of", "kernel by kernel, ms", "graphs, ms", "ratio"]
    names += ["kernel by kernel, GB", "graphs, GB"]
    print(f"{hardware('torch')}\n\n| {' | '.join(names)} |\n|---{'|---:' * 5}|", flush=True)
    for name, call in calls.items():
        if any(word in name for word in words):
            (weights, plain, held), (others, quick, more) = alone(call, False), alone(call, True)
            if not all(map(torch.equal, weights, others)):
                parser.exit(1, f"{name}: the sides differ\n")
            cells = [f"{1e3 * plain:.1f}", f"{1e3 * quick:.1f}", f"{plain / quick:.1f}"]
            cells += [f"{held / 1e9:.2f}", f"{more / 1e9:.2f}"]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
