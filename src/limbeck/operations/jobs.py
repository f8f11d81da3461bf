"""How far a study is: its jobs, told done from failed by the files that they leave behind.

No Snakemake is imported; `RULES` repeats what the rules write. Checked with Snakemake 9.27: a job
that starts marks its outputs in ``.snakemake/incomplete``; its end, good or bad, takes the marks
away, and a bad one its outputs too; only a job that was cut off keeps them. Snakemake never deletes
logs, and a benchmark is written when a job has ended well.
"""

import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from string import Formatter

from limbeck.study.figures import FIGURES, NETWORKS
from limbeck.study.questions import (
    comparisons_of,
    has_run,
    needed_methods,
    tables_of,
    teachers_of,
)
from limbeck.study.registry import TABLE_FORMATS

RUN = "{method}/budget-{budget}/fold-{fold}"
NOISE = "results/{study}/noise/{map}"
FILES = "results/{study}/runs/" + RUN
# Of each rule: where its log lies under logs/{study}/{rule}, and what it writes.
RULES = {
    "prepare_dataset": ("", ["results/{study}/dataset.zarr"]),
    "split_dataset": (
        "budget-{budget}/fold-{fold}",
        ["results/{study}/splits/budget-{budget}/fold-{fold}.csv"],
    ),
    "train": (RUN, [f"{FILES}/model.pt", f"{FILES}/history.csv"]),
    "predict": (RUN, [f"{FILES}/predictions.zarr"]),
    "teacher_logits": (RUN, [f"{FILES}/teacher_logits.zarr"]),
    "extract_activations": (f"{RUN}/{{layer}}", [f"{FILES}/activations/{{layer}}.zarr"]),
    "find_neighbours": (f"{RUN}/{{layer}}", [f"{FILES}/neighbours/{{layer}}.zarr"]),
    "embed": (
        f"{RUN}/{{layer}}/{{embedding}}",
        [f"{FILES}/embeddings/{{layer}}/{{embedding}}.zarr"],
    ),
    "score_predictions": (RUN, [f"{FILES}/metrics/predictions.csv"]),
    "score_layer": (f"{RUN}/{{layer}}", [f"{FILES}/metrics/{{layer}}.csv"]),
    "score_embedding": (
        f"{RUN}/{{layer}}/{{embedding}}",
        [f"{FILES}/metrics/{{layer}}/{{embedding}}.csv"],
    ),
    "compare_layers": (
        "budget-{budget}/fold-{fold}",
        ["results/{study}/similarity/budget-{budget}/fold-{fold}.csv"],
    ),
    "gather_run": (RUN, [f"{FILES}/metrics.csv"]),
    "lift_noise": ("{map}", [f"{NOISE}/activations.zarr"]),
    "find_noise_neighbours": ("{map}", [f"{NOISE}/neighbours.zarr"]),
    "embed_noise": ("{map}/{embedding}", [f"{NOISE}/embeddings/{{embedding}}.zarr"]),
    "score_noise": (
        "",
        [f"results/{{study}}/tables/noise.{format}" for format in TABLE_FORMATS],
    ),
    "gather_study": ("", ["results/{study}/tables/metrics.csv"]),
    "build_table": (
        "{table}",
        [f"results/{{study}}/tables/{{table}}.{format}" for format in TABLE_FORMATS],
    ),
    "test_methods": (
        "",
        [f"results/{{study}}/tables/statistics.{format}" for format in TABLE_FORMATS],
    ),
    "compare_accuracies": (
        "",
        [f"results/{{study}}/tables/accuracies.{format}" for format in TABLE_FORMATS],
    ),
    "describe_network": ("{method}", ["results/{study}/networks/{method}.csv"]),
    "draw_figure": (
        "{figure}",
        ["results/{study}/figures/{figure}.pdf", "results/{study}/figures/{figure}.png"],
    ),
    "write_explorer": ("", ["results/{study}/explorer.html"]),
    "write_provenance": ("", ["results/{study}/provenance.json"]),
}

# The first of these that several jobs have is said of them together.
STATES = ("failed", "interrupted", "running", "missing", "done")


@dataclass(frozen=True, eq=False)
class Job:
    """One job of a study.

    Attributes
    ----------
    rule : str
        The rule's name.
    values : mapping
        The values of the rule's wildcards, the study's among them.
    temporary : bool
        Whether its outputs are deleted when all that reads them is done.
    """

    rule: str
    values: Mapping[str, str | int]
    temporary: bool = False

    @property
    def outputs(self) -> list[str]:
        """What the job writes."""
        return [path.format_map(self.values) for path in RULES[self.rule][1]]

    @property
    def log(self) -> str:
        """The file that the job's messages go to."""
        return f"logs/{self._record}.log"

    @property
    def benchmark(self) -> str:
        """The file that Snakemake writes when the job has ended well."""
        return f"benchmarks/results/{self._record}.tsv"

    @property
    def _record(self) -> str:
        place = RULES[self.rule][0].format_map(self.values)
        return "/".join(filter(None, [self.values["study"], self.rule, place]))


def jobs_of(config: Mapping) -> Iterator[Job]:
    """List the jobs that make a whole study, as ``rule all`` asks for them.

    Parameters
    ----------
    config : mapping
        A study's config, checked.

    Yields
    ------
    Job
        In the order of the rules.
    """
    run, trained = config["run"], needed_methods(config)
    teachers = {teacher for method in trained for teacher in teachers_of(config, method)}
    values = {
        "study": [config["study"]],
        "budget": config["budgets"],
        "fold": range(config["folds"]),
        "layer": config["layers"],
        "embedding": run["embeddings"],
        "table": tables_of(config),
        "figure": run["figures"],
        "map": run["maps"],
    }
    kinds = {config["figures"][name]["kind"] for name in run["figures"]}
    shows_networks = any(FIGURES[kind].reads == NETWORKS for kind in kinds)
    made_for = {
        "train": trained,
        "teacher_logits": [name for name in trained if name in teachers],
        "describe_network": run["methods"] if shows_networks else [],
    }
    left_out = [] if run["maps"] else ["score_noise"]
    left_out += [] if comparisons_of(config) else ["test_methods", "compare_accuracies"]
    for rule, (place, _) in RULES.items():
        if rule in left_out:
            continue
        values["method"] = made_for.get(rule, run["methods"])
        names = ["study", *(name for _, name, _, _ in Formatter().parse(place) if name)]
        temporary = rule == "extract_activations" and config["activations"]["temporary"]
        for chosen in product(*(values[name] for name in names)):
            job = Job(rule, dict(zip(names, chosen, strict=True)), temporary)
            if has_run(config, **job.values):
                yield job


def incomplete_outputs() -> set[str]:
    """Return the outputs of which Snakemake has marked that their job began and has not ended.

    A mark is a file whose name is the output's path in base 64, cut into folders where it is long.
    """
    folder = Path(".snakemake/incomplete")
    found = set()
    for parent, _, names in os.walk(folder):
        parts = Path(parent).relative_to(folder).parts
        for name in names:
            code = "".join(part.removeprefix("@") for part in (*parts, name))
            try:
                found.add(base64.urlsafe_b64decode(code).decode())
            except ValueError:  # A file that is no mark.
                continue
    return found


def is_locked(study: str) -> bool:
    """Tell whether Snakemake has locked outputs of the study: it runs, or was killed."""
    for path in Path(".snakemake/locks").glob("*.output.lock"):
        try:
            lines = path.read_text().splitlines()
        except FileNotFoundError:  # Unlocked just now.
            continue
        if any(line.startswith(f"results/{study}/") for line in lines):
            return True
    return False


def snakemake_runs_here() -> bool:
    """Tell whether a Snakemake on this machine works in this folder; True where none can tell."""
    if not Path("/proc/self/cwd").exists():
        return True
    here = os.getcwd()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")[:3]
            named = any(os.path.basename(word) == b"snakemake" for word in words)
            if named and os.readlink(process / "cwd") == here:
                return True
        except PermissionError:  # Somebody else's, which may be here.
            return True
        except OSError:  # It has ended.
            continue
    return False


def state_of(job: Job, incomplete: set[str], running: bool) -> str:
    """Tell how far one job is.

    Parameters
    ----------
    job : Job
        Which.
    incomplete : set of str
        The outputs of jobs that began and have not ended.
    running : bool
        Whether Snakemake runs.

    Returns
    -------
    str
        One of `STATES`. A log without outputs is that of a failure, unless the benchmark is newer:
        then the job ended well and its outputs were deleted since. That is how temporary outputs
        end, unless all of their run is gone.
    """
    outputs = job.outputs
    if not incomplete.isdisjoint(outputs):
        return "running" if running else "interrupted"
    if all(map(os.path.exists, outputs)):
        return "done"
    started, ended = _modified(job.log), _modified(job.benchmark)
    if started is not None and (ended is None or ended < started):
        return "failed"
    # Snakemake deletes a temporary store, and its folder when that is empty, but not the run's.
    served = job.temporary and all(Path(path).parents[1].is_dir() for path in outputs)
    return "done" if served and ended is not None else "missing"


def _modified(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:
        return None
