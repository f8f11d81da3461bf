"""Start-up cost of a job: CPU seconds before its first useful instruction, and ratios.

    python benchmarks/job_startup.py

Each line is the median of several processes, taken in turn so that a busy machine is busy for all.
The ratio is against an empty Python process; "without" is what these measures save: no collection
of garbage, no import of torch's compiler, pandas and SciPy's statistics where they are not used, no
taking down at the end.
"""

import resource
import statistics
import subprocess
import sys

REPEATS = 3
PREFIX = (
    "import gc, os; gc.set_threshold(50_000); "
    "from limbeck.runtime.startup import postpone_torch_compiler; postpone_torch_compiler(); "
)
SUFFIX = "; os._exit(0)"
WITHOUT = (
    "import contextlib; from limbeck.runtime import startup; "
    "startup.later = startup.without = lambda *names: contextlib.nullcontext(); "
)
STEP = (
    "import torch; optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1); "
    "optimiser.zero_grad(); optimiser.step()"
)

CASES = {
    "python": "pass",
    "limbeck --help": "import limbeck.cli",
    "find_neighbours": "import limbeck.neighbours.search, zarr",
    "score_layer": "import limbeck.metrics.scoring, zarr",
    "draw_figure": "import limbeck.figures.class_area",
    "embed, pca": "import limbeck.embeddings.pca, zarr",
    "embed, tsne": "import limbeck.embeddings.tsne, zarr",
    "embed, ivis": "import limbeck.embeddings.ivis, zarr",
    "embed, ivis_torch": f"import limbeck.embeddings.ivis_torch, zarr; {STEP}",
    "extract_activations, wrn": "import limbeck.networks.features, zarr",
    "extract_activations, resnet18": "import limbeck.networks.features, zarr, torchvision",
    "train, wrn": f"import limbeck.training.loop, zarr; {STEP}",
    "workflow parse": "import snakemake.api, limbeck.study.config, limbeck.runtime.fingerprint",
}


def cpu_seconds(code: str) -> float:
    """Run a Python process and return the user and system seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Print the table, with and without the measures that make jobs start sooner."""
    seconds = {name: ([], []) for name in CASES}
    for _ in range(REPEATS):
        for name, code in CASES.items():
            seconds[name][0].append(cpu_seconds(f"{PREFIX}{code}{SUFFIX}"))
            seconds[name][1].append(cpu_seconds(f"{WITHOUT}{code}"))
    empty = statistics.median(seconds["python"][1])
    print(f"{'job':32}{'CPU s':>8}{'ratio':>8}{'without':>12}")
    for name, (quick, plain) in seconds.items():
        median = statistics.median(quick)
        ratio = statistics.median(plain) / median
        print(f"{name:32}{median:8.2f}{median / empty:8.1f}{ratio:11.2f}x")


if __name__ == "__main__":
    main()
