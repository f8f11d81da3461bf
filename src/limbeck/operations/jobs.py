"""The jobs of a study: what each writes, logs and reads.

`RULES`, `READS` and `Job.others` repeat what the workflow's rules say, because to read those takes
Snakemake. Tests compare all with the rules and with Snakemake's plan.
"""

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from string import Formatter

from limbeck.runtime.paths import expand
from limbeck.study.figures import FIGURES, NETWORK_FILES
from limbeck.study.objectives import OBJECTIVES, teacher_input
from limbeck.study.registry import TABLE_FORMATS
from limbeck.study.runs import layers_of, reference_teacher, runs_of, teachers_of, weights_file_of
from limbeck.study.shown import comparisons_of, figure_files, tables_of

Run = tuple[str, int, int]  # method, budget, fold

RUN = "{method}/budget-{budget}/fold-{fold}"
NOISE = "results/{study}/noise/{map}"
FILES = "results/{study}/runs/" + RUN


def _table(name: str) -> list[str]:
    return [f"results/{{study}}/tables/{name}.{format}" for format in TABLE_FORMATS]


# Of each rule: its log under logs/{study}/{rule}, and its outputs.
RULES = {
    "prepare_dataset": ("", ["results/{study}/dataset.zarr"]),
    "prepare_superclasses": ("", ["results/{study}/superclasses.csv"]),
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
    "score_layer": (f"{RUN}/{{layer}}", [f"{FILES}/metrics/{{layer}}.csv"]),
    "compare_layers": (
        "budget-{budget}/fold-{fold}",
        ["results/{study}/similarity/budget-{budget}/fold-{fold}.csv"],
    ),
    "score_run": (RUN, [f"{FILES}/metrics.csv"]),
    "lift_noise": ("{map}", [f"{NOISE}/activations.zarr"]),
    "find_noise_neighbours": ("{map}", [f"{NOISE}/neighbours.zarr"]),
    "embed_noise": ("{map}/{embedding}", [f"{NOISE}/embeddings/{{embedding}}.zarr"]),
    "score_noise": ("", _table("noise")),
    "gather_study": ("", ["results/{study}/tables/metrics.csv"]),
    "build_table": ("{table}", _table("{table}")),
    "test_methods": ("", _table("statistics")),
    "compare_accuracies": ("", _table("accuracies")),
    "describe_network": ("{method}", ["results/{study}/networks/{method}.csv"]),
    "draw_figure": (
        "{figure}",
        [f"results/{{study}}/figures/{{figure}}.{format}" for format in ("pdf", "png", "csv")],
    ),
    "write_explorer": ("", ["results/{study}/explorer.html"]),
    "write_provenance": ("", ["results/{study}/provenance.json"]),
}
# Of each rule: those of which it reads all that has the same wildcards. What else it reads depends
# on the config, see `Job.others`: a student what its teacher says, a figure what it shows.
READS = {
    "prepare_superclasses": ("prepare_dataset",),
    "split_dataset": ("prepare_dataset",),
    "train": ("prepare_dataset",),
    "predict": ("prepare_dataset", "train"),
    "teacher_logits": ("prepare_dataset", "train"),
    "extract_activations": ("prepare_dataset", "train"),
    "find_neighbours": ("extract_activations",),
    "embed": ("extract_activations", "find_neighbours"),
    "score_layer": ("prepare_dataset", "extract_activations", "find_neighbours", "embed"),
    "compare_layers": ("extract_activations", "find_neighbours"),
    "score_run": (
        *("prepare_dataset", "prepare_superclasses"),
        *("train", "predict", "score_layer"),
    ),
    "find_noise_neighbours": ("lift_noise",),
    "embed_noise": ("lift_noise", "find_noise_neighbours"),
    "score_noise": ("lift_noise", "embed_noise"),
    "gather_study": ("score_run", "compare_layers"),
    "build_table": ("gather_study",),
    "test_methods": ("gather_study",),
    "describe_network": ("prepare_dataset",),
    "draw_figure": ("prepare_dataset", "prepare_superclasses"),
    "write_explorer": ("prepare_dataset", "prepare_superclasses", "gather_study"),
    "write_provenance": (
        *("score_noise", "gather_study", "build_table"),
        *("test_methods", "compare_accuracies", "draw_figure"),
    ),
}


@functools.cache
def wildcards_of(rule: str) -> list[str]:
    """Return the names of a rule's wildcards, without the study's."""
    return [name for _, name, _, _ in Formatter().parse(RULES[rule][0]) if name]


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
    others : tuple of str
        What it reads beside the outputs of `READS`: those of other jobs, and a file of weights.
    """

    rule: str
    values: Mapping[str, str | int]
    temporary: bool = False
    others: tuple[str, ...] = ()

    @property
    def outputs(self) -> list[str]:
        """The files that the job writes."""
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
    """Yield the jobs that make a whole study, as ``rule all`` asks for them.

    Parameters
    ----------
    config : mapping
        A study's config, checked.

    Yields
    ------
    Job
        In the order of the rules.
    """
    run = config["run"]
    runs = _runs(config)
    choices = {
        "study": [config["study"]],
        "embedding": run["embeddings"],
        "table": tables_of(config),
        "figure": run["figures"],
        "map": run["maps"],
    }
    kinds = {config["figures"][name]["kind"] for name in run["figures"]}
    left_out = [] if run["maps"] else ["score_noise"]
    compared = {"statistics": "test_methods", "accuracies": "compare_accuracies"}
    tables = comparisons_of(config)
    left_out += [rule for table, rule in compared.items() if table not in tables]
    if not any(FIGURES[kind].reads == NETWORK_FILES for kind in kinds):
        left_out.append("describe_network")
    for rule in RULES:
        names = wildcards_of(rule)
        temporary = rule == "extract_activations" and config["activations"]["temporary"]
        given = [name for name in ("study", *names) if name in choices]
        for values in _places(config, names, runs.get(rule, runs["looked at"])):
            for chosen in product(*(choices[name] for name in given)):
                if rule not in left_out:
                    place = {**dict(zip(given, chosen, strict=True)), **values}
                    yield Job(rule, place, temporary, tuple(_others(config, rule, place)))


def inputs_of(jobs: Collection[Job]) -> dict[Job, list[Job]]:
    """Return of each job those among the jobs whose outputs it reads."""
    makers = {path: job for job in jobs for path in job.outputs}
    # What a reader reads, by both rules and the wildcards that they share.
    read: dict[tuple, list[Job]] = defaultdict(list)
    for job in jobs:
        for reader, rules in READS.items():
            if job.rule in rules:
                read[reader, job.rule, *_shared(job, wildcards_of(reader))].append(job)
    return {
        job: [
            *(
                each
                for rule in READS.get(job.rule, ())
                for each in read[job.rule, rule, *_shared(job, wildcards_of(rule))]
            ),
            *(makers[path] for path in job.others if path in makers),
        ]
        for job in jobs
    }


def _shared(job: Job, names: Collection[str]) -> list[tuple]:
    """Return the wildcards of a job that another rule has too, sorted."""
    return sorted((name, value) for name, value in job.values.items() if name in names)


def _others(config: Mapping, rule: str, values: Mapping) -> Iterator[str]:
    """Yield what a job reads beside the outputs of `READS`, see `Job.others`."""

    def output(maker: str, method: str, run: tuple[int, int] | None = None) -> str:
        """Return what another rule makes of a method, by default of the same budget and fold."""
        place = dict(zip(("budget", "fold"), run, strict=True)) if run else {}
        return RULES[maker][1][0].format_map({**values, "method": method, **place})

    if rule == "train":
        run = values["method"], values["budget"], values["fold"]
        settings = config["methods"][values["method"]]
        if weights := weights_file_of(config, *run):
            yield str(expand(weights, "weights"))
        if OBJECTIVES[settings["objective"]].trains:
            yield RULES["split_dataset"][1][0].format_map(values)
        needed = teacher_input(settings["objective"], settings["augmentation"])
        if needed:
            maker = {"logits": "teacher_logits", "network": "train"}[needed]
            yield from (output(maker, name) for name in teachers_of(config, values["method"]))
    elif rule == "score_run":
        run = values["method"], values["budget"], values["fold"]
        if teacher := reference_teacher(config, *run):
            yield output("predict", teacher)
    elif rule in ("compare_accuracies", "write_provenance"):
        part = "statistics" if rule == "compare_accuracies" else "run"
        for method in config[part]["methods"]:
            yield from (output("predict", method, run) for run in runs_of(config, method))
    elif rule == "describe_network":
        method = values["method"]
        yield output("train", method, runs_of(config, method)[0])
    elif rule == "draw_figure":
        for path in figure_files(config, values["figure"]):
            yield f"results/{values['study']}/{path}"


def _runs(config: Mapping) -> dict[str, Iterable[Run]]:
    """Return the runs that are looked at, and those of the rules that are run for others too."""
    methods = config["run"]["methods"]
    looked_at = [(method, *run) for method in methods for run in runs_of(config, method)]
    predicted = dict.fromkeys(looked_at)
    for method, *run in looked_at:
        if teacher := reference_teacher(config, method, *run):
            predicted.setdefault((teacher, *run))
    trained = list(predicted)
    heard = {}
    for method, *run in trained:
        settings = config["methods"][method]
        teachers = [(teacher, *run) for teacher in teachers_of(config, method)]
        trained += [teacher for teacher in teachers if teacher not in trained]
        if teacher_input(settings["objective"], settings["augmentation"]) == "logits":
            heard |= dict.fromkeys(teachers)
    return {
        "looked at": looked_at,
        "split_dataset": [
            run for run in trained if OBJECTIVES[config["methods"][run[0]]["objective"]].trains
        ],
        "train": trained,
        "predict": list(predicted),
        "teacher_logits": list(heard),
    }


def _places(config: Mapping, names: Iterable[str], runs: Iterable[Run]) -> Iterator[dict]:
    """Yield the wildcards among `names` that belong to runs and their layers, each place once."""
    seen = set()
    for method, budget, fold in runs:
        values = {"method": method, "budget": budget, "fold": fold}
        for layer in layers_of(config, method) if "layer" in names else [None]:
            place = {k: v for k, v in {**values, "layer": layer}.items() if k in names}
            if tuple(place.values()) not in seen:
                seen.add(tuple(place.values()))
                yield place
