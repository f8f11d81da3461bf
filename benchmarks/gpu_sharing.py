"""How many images a second trainings see on a GPU, alone and several at a time.

    python benchmarks/gpu_sharing.py [word ...]

Of all networks below, or of those whose names have one of the words in them. Each training is a
process, as under Snakemake with `--resources gpu=N`; all train at the same time for `SECONDS`. The
last column is the share of a step, alone, in which the GPU computes; in the rest it waits for the
processor, which launches. Without a GPU the same runs on the processor.
"""

import argparse
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from plain_loop import IMAGES
from side_by_side import hardware
from torch.profiler import ProfilerActivity, profile

from limbeck.study.method_settings import MethodSettings
from training import TEACHER, limbeck, settings_of

SECONDS, PROFILED, WAIT = 4, 20, 600
# The networks of the paper's study, and how many at a time.
NETWORKS = {
    "WRN-28-1 at 32 pixels": ({}, (1, 4, 8, 16)),
    "ResNet-18 at 64 pixels": (TEACHER, (1, 4)),
    "ResNet-18 at 224 pixels": ({**TEACHER, "input_size": 224}, (1, 4)),
}


def full_batches(settings: MethodSettings) -> np.ndarray:
    """Return rows of images that fill batches, so that all steps see as many."""
    return np.arange(IMAGES - IMAGES % settings.batch_size)


def prepare(barrier) -> None:
    """Let a process of the pool know when all begin."""
    global begin
    begin = barrier


def images_per_second(changes: dict) -> float:
    """Train for `SECONDS`, together with the other processes."""
    on_gpu = torch.cuda.is_available()
    settings = settings_of(**changes)
    with limbeck("cuda" if on_gpu else "cpu", settings, full_batches(settings)) as side:
        for _ in range(5):
            side.step()
        begin.wait(WAIT)
        steps, started = 0, time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            for _ in range(5):
                side.step()
            if on_gpu:
                torch.cuda.synchronize()
            steps += 5
        return steps * settings.batch_size / (time.perf_counter() - started)


def share_of_gpu(changes: dict) -> float:
    """Return for which share of its time alone a step has a kernel running."""
    settings = settings_of(**changes)
    with limbeck("cuda", settings, full_batches(settings)) as side:
        for _ in range(5):
            side.step()
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(PROFILED):
            side.step()
        torch.cuda.synchronize()
        alone = time.perf_counter() - started
        with profile(activities=[ProfilerActivity.CUDA]) as found:
            for _ in range(PROFILED):
                side.step()
            torch.cuda.synchronize()
    return sum(event.self_device_time_total for event in found.key_averages()) / 1e6 / alone


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("word", nargs="*", default=[""])
    words = parser.parse_args().word
    if not any(word in name for word in words for name in NETWORKS):
        parser.error(f"{' '.join(words)}: no network's name has it; names: {', '.join(NETWORKS)}")
    spawn = multiprocessing.get_context("spawn")
    print(f"{hardware('torch')}\n\n| network | at a time | images/s, all together | GPU computes |")
    print("|---|---:|---:|---:|", flush=True)
    for name, (changes, numbers) in NETWORKS.items():
        for number in numbers if any(word in name for word in words) else ():
            barrier = spawn.Barrier(number)
            with ProcessPoolExecutor(number, spawn, prepare, (barrier,)) as pool:
                together = sum(pool.map(images_per_second, [changes] * number))
            alone = number == 1 and torch.cuda.is_available()
            share = f"{share_of_gpu(changes):.0%}" if alone else ""
            print(f"| {name} | {number} | {together:.0f} | {share} |", flush=True)


if __name__ == "__main__":
    main()
