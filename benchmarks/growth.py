"""How the jobs that follow training grow with the number of images: seconds, memory, exponents.

    python benchmarks/growth.py [--images 1000 2000 5000 10000]

Layers A (16384 values) and E (64) of a WRN-28-1, trained a little on CIFAR-100, on so many of its
test images. Each job is the workflow's command in a process of its own with one thread; both layers
take their jobs side by side. Seconds are the processor's, imports and files among them, memory is
the process's most. t-SNE and neighbours have the paper's perplexity, 150; ivis trains for `EPOCHS`
epochs, since how many it takes to converge depends on the layer more than on the images. The
exponent is that of the last step: start-up and imports hide it at few images.
"""

import argparse
import json
import math
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import yaml
from side_by_side import hardware

from limbeck.study.metrics import metrics_of

PROFILE = Path(__file__).parents[1] / "profiles/slurm/config.yaml"
CLASSES = 100
LAYERS = ("A", "E")
EPOCHS, PERPLEXITY = 20, 150
TSNE = {"algorithm": "tsne", "perplexity": PERPLEXITY}
IVIS = {"algorithm": "ivis_torch", "epochs": EPOCHS, "epochs_without_progress": EPOCHS}
SCORES = {
    "names": list(metrics_of("layers")),
    "embedding_names": list(metrics_of("embeddings", "ivis_torch")),
}


class Cost(NamedTuple):
    """Processor seconds, and the process's most bytes in memory."""

    seconds: float
    memory: int


def train(folder: Path, images: int) -> tuple[Path, Path]:
    """Make the dataset and train the network, in a process of its own.

    A job counts what its parent held when it was started, so this one must not import torch.
    """
    from trained_network import train_a_little

    return train_a_little(folder, images)


def cost_of(stage: str, *arguments: object) -> Cost:
    """Run a command of Limbeck's with one thread, alone in its process."""
    command = ["limbeck", stage, *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}\n{said}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def costs_of(dataset: Path, model: Path, layer: str, images: int, folder: Path) -> dict[str, Cost]:
    """Run all jobs of a layer on so many images; return what each took, by rule and embedding."""
    activations, neighbours = folder / "activations.zarr", folder / "neighbours.zarr"
    of_layer = ("--activations", activations, "--neighbours", neighbours)
    on = ("--device", "cpu")
    chosen = json.dumps({"module": "auto", "images_per_class": images // CLASSES})
    costs = {
        "extract_activations": cost_of(
            *("extract_activations", "--dataset", dataset, "--model", model, "--layer", layer),
            *("--settings", chosen, "--activations", activations, *on),
        ),
        "find_neighbours": cost_of("find_neighbours", *of_layer, "--k", 3 * PERPLEXITY, *on),
    }
    points = []
    for name, settings in (("t-SNE", TSNE), ("ivis", IVIS)):
        points.append(folder / f"{settings['algorithm']}.zarr")
        costs[f"embed, {name}"] = cost_of(
            *("embed", *of_layer, "--name", settings["algorithm"], "--seed", 0, *on),
            *("--settings", json.dumps(settings), "--embedding", points[-1]),
        )
    costs["score_layer"] = cost_of(
        *("score_layer", "--dataset", dataset, *of_layer, "--embeddings", *points),
        *("--settings", json.dumps(SCORES), "--metrics", folder / "metrics.csv"),
    )
    return costs


def requested(rule: str) -> float:
    """Return the memory, in GB, that the SLURM profile asks for a rule's first attempt."""
    profile = yaml.safe_load(PROFILE.read_text())
    return int(re.match(r"\d+", str(profile["set-resources"][rule]["mem_mb"]))[0]) / 1000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 2000, 5000, 10000])
    counts = sorted(parser.parse_args().images)
    if len(counts) < 2:
        parser.error("--images: two numbers at least, for an exponent")
    costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(len(LAYERS)) as threads:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            dataset, model = process.submit(train, Path(name), max(counts)).result()
        for images in counts:
            started = {}
            for layer in LAYERS:
                folder = Path(name, f"{layer}-{images}")
                folder.mkdir()
                started[layer] = threads.submit(costs_of, dataset, model, layer, images, folder)
            for layer, jobs in started.items():
                for job, cost in jobs.result().items():
                    costs[job, layer].append(cost)
    print(f"{hardware('torch', 'openTSNE')}; processor seconds of one thread\n")
    columns = " | ".join(f"{count:,}" for count in counts)
    print(f"| job | layer | {columns} | exponent | GB | asked for |")
    print("|---|---|" + "---:|" * (len(counts) + 3))
    for (job, layer), each in costs.items():
        seconds = [cost.seconds for cost in each]
        exponent = math.log(seconds[-1] / seconds[-2], counts[-1] / counts[-2])
        numbers = " | ".join(f"{value:.1f}" for value in seconds)
        memory = f"{max(cost.memory for cost in each) / 1e9:.1f}"
        asked = f"{requested(job.partition(',')[0]):g}"
        print(f"| {job} | {layer} | {numbers} | {exponent:.1f} | {memory} | {asked} |")


if __name__ == "__main__":
    main()
