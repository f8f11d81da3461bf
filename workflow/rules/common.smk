import os
import shlex
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from limbeck.published import numbers
from limbeck.runtime.paths import expand as expand_path
from limbeck.study.captions import figure_caption, table_caption
from limbeck.study.figures import METRICS_TABLE
from limbeck.study.objectives import teacher_input
from limbeck.study.registry import (
    FIGURES,
    OBJECTIVES,
    TABLE_FORMATS,
    subject_of,
)
from limbeck.study.runs import (
    layers_of,
    methods_with,
    needed_methods,
    reference_teacher,
    runs_of,
    teacher_and_students,
    teachers_of,
    weights_file_of,
)
from limbeck.study.shown import comparisons_of, figure_files, tables_of
from limbeck.study.stage_settings import (
    activations_json,
    embedding_json,
    embeddings_on_gpu,
    figure_json,
    layer_metrics_json,
    method_json,
    metrics_json,
    neighbours_needed,
    plan_json,
    to_json,
)

GPU = int(config["device"] == "cuda")
TABLES = tables_of(config)
EMBEDDED_ON_GPU = embeddings_on_gpu(config)

# The report offers the first of two formats first.
PNG, PDF = "image (PNG)", "vector (PDF)"
HTML, CSV = "page (HTML)", "values (CSV)"
ENVIRONMENT = "../../envs/limbeck.yaml"
CAPTION = "../report/caption.rst"


def as_json(key, *without):
    """A function that gives a part of the config, but for some of its keys."""

    def select(wildcards):
        return to_json({name: v for name, v in config[key].items() if name not in without})

    return select


def activation_store(path):
    """The path of a store of activations, which Snakemake deletes when the config says so."""
    return temp(directory(path)) if config["activations"]["temporary"] else directory(path)


def priority_of_run(wildcards):
    """Below that of other jobs, and lower from budget to budget and from fold to fold."""
    budget = config["budgets"].index(int(wildcards.budget))
    return -1 - int(wildcards.fold) * len(config["budgets"]) - budget


def existing(paths):
    """All of the paths, or of a partial study those that exist."""
    if not config["partial"]:
        return paths
    return [path for path in paths if Path(path.format(study=config["study"])).exists()]


def method_settings(wildcards):
    return config["methods"][wildcards.method]


def all_runs(path, **wildcards):
    """Paths of all runs of the study, in the order of the config."""
    methods = wildcards.pop("method", config["run"]["methods"])
    return [
        found
        for method in methods
        for budget, fold in runs_of(config, method)
        for found in expand(
            path, study=config["study"], method=method, budget=budget, fold=fold, **wildcards
        )
    ]


def methods_at(budget, fold):
    """The methods that are run at a budget and fold, in the order of the config."""
    here = (int(budget), int(fold))
    return [method for method in config["run"]["methods"] if here in runs_of(config, method)]


def all_layers(path):
    """A function that gives the paths of all layers of the runs of one budget and fold."""

    def select(wildcards):
        return [
            found
            for method in methods_at(wildcards.budget, wildcards.fold)
            for found in expand(path, method=method, layer=layers_of(config, method))
        ]

    return select


def layer_metrics(wildcards):
    """Paths of the metrics of the layers of one run."""
    path = "results/{{study}}/runs/{{method}}/budget-{{budget}}/fold-{{fold}}/metrics/{layer}.csv"
    return expand(path, layer=layers_of(config, wildcards.method))


def reference_predictions(wildcards):
    """Predictions of the teacher that a method's are compared with."""
    path = "results/{{study}}/runs/{teacher}/budget-{{budget}}/fold-{{fold}}/predictions.zarr"
    run = wildcards.method, int(wildcards.budget), int(wildcards.fold)
    return expand(path, teacher=reference_teacher(config, *run) or [])


def optional_flags(inputs, *names):
    """The flags of a command for those of its inputs that this job has."""
    flags = []
    for name in names:
        paths = inputs.get(name)
        if paths:
            paths = [paths] if isinstance(paths, str) else paths
            flags.append(f"--{name.replace('_', '-')} {' '.join(map(shlex.quote, paths))}")
    return " ".join(flags)


def split_of(wildcards):
    """The split that a method is trained on, none where it takes no step."""
    if not OBJECTIVES[method_settings(wildcards)["objective"]].trains:
        return []
    return "results/{study}/splits/budget-{budget}/fold-{fold}.csv"


def teachers_input(wildcards, needed, name):
    """Files of the teachers of a run, if its objective needs files of this kind."""
    settings = method_settings(wildcards)
    if teacher_input(settings["objective"], settings["augmentation"]) != needed:
        return []
    path = f"results/{{{{study}}}}/runs/{{teacher}}/budget-{{{{budget}}}}/fold-{{{{fold}}}}/{name}"
    return expand(path, teacher=teachers_of(config, wildcards.method))


def teacher_logits_of(wildcards):
    return teachers_input(wildcards, "logits", "teacher_logits.zarr")


def teacher_models_of(wildcards):
    return teachers_input(wildcards, "network", "model.pt")


def weights_input(wildcards):
    weights = weights_file_of(config, wildcards.method, wildcards.budget, wildcards.fold)
    path = weights and expand_path(weights, "weights")
    return str(path) if path and (PLANS or path.exists()) else []


def weights_state(wildcards):
    """Size and time of the file of weights: another one may be older than what was made of it."""
    path = weights_input(wildcards)
    if not path:
        return None
    status = os.stat(path)
    return f"{status.st_size} {int(status.st_mtime)}"


def one_of(names):
    """A constraint of a wildcard: one of these names, or none that there is."""
    return "|".join(names) or "(?!)"


def algorithm_of(wildcards):
    return config["embeddings"][wildcards.embedding]["algorithm"]


def figure_settings(wildcards):
    return config["figures"][wildcards.figure]


def first_model(wildcards):
    """The network of the first run of a method."""
    path = "results/{{study}}/runs/{{method}}/budget-{budget}/fold-{fold}/model.pt"
    budget, fold = runs_of(config, wildcards.method)[0]
    return expand(path, budget=budget, fold=fold)


def figure_sources(figure):
    """Paths that a figure is drawn from; of runs in a partial study those that exist."""
    paths = [f"results/{{study}}/{path}" for path in figure_files(config, figure)]
    made = [
        path
        for path in paths
        if path.startswith(("results/{study}/tables", "results/{study}/noise"))
    ]
    there = {*made, *existing([path for path in paths if path not in made])}
    return [path for path in paths if path in there]


def reported_table(path, table, form):
    """A table in one of the formats that the report shows."""
    return report(
        path,
        caption=CAPTION,
        category=lambda wildcards: subject_of(table.format(**wildcards)),
        subcategory="Tables",
        labels={"table": table, "format": form},
    )


def caption_of(table):
    """A param with the caption of a table; a function of outputs, so that it reruns nothing."""
    return lambda wildcards, output: table_caption(config, table.format(**wildcards))


def area_mass_flag(wildcards):
    if not FIGURES[figure_settings(wildcards)["kind"]].area_mass:
        return ""
    return f"--area-mass {config['metrics']['area_mass']}"


def layers_flag(wildcards):
    """Of a figure of several layers: the study's, in its order."""
    settings = figure_settings(wildcards)
    reads = FIGURES[settings["kind"]].reads
    several = METRICS_TABLE in reads or any("{layer}" in path for path in reads)
    if "layer" in settings or not several:
        return ""
    return f"--layers {' '.join(map(shlex.quote, config['layers']))}"


def compared_predictions(wildcards=None):
    """Predictions of the methods that are compared, in all budgets and folds."""
    path = "results/{study}/runs/{method}/budget-{budget}/fold-{fold}/predictions.zarr"
    return existing(all_runs(path, method=config["statistics"]["methods"] or []))


RUN_METRICS = existing(
    all_runs("results/{study}/runs/{method}/budget-{budget}/fold-{fold}/metrics.csv")
)
DRAWN = [figure for figure in config["run"]["figures"] if figure_sources(figure)]
if config["partial"]:
    planned = sum(len(runs_of(config, method)) for method in config["run"]["methods"])
    if not RUN_METRICS:
        raise WorkflowError(
            f"{SOURCES}: partial = true: none of the {planned} runs of the study is finished; start "
            "snakemake without it first"
        )
    logger.info(f"Partial study: {len(RUN_METRICS)} of {planned} runs are finished.")
    for figure in config["run"]["figures"]:
        if figure not in DRAWN:
            logger.info(f"Figure {figure} is left out: nothing that it shows was made yet.")

COMPARISONS = [
    table for table in comparisons_of(config) if table != "accuracies" or compared_predictions()
]
EXPLORED = [
    method
    for method in config["run"]["methods"]
    if any(f"/runs/{method}/" in path for path in RUN_METRICS)
]
TEACHER, STUDENTS = teacher_and_students(config, EXPLORED)
TABLE_FILES = [
    "results/{study}/tables/metrics.csv",
    *expand(
        "results/{{study}}/tables/{table}.{format}",
        table=[*COMPARISONS, *TABLES, *(["noise"] if config["run"]["maps"] else [])],
        format=TABLE_FORMATS,
    ),
]
FIGURE_FILES = expand(
    "results/{{study}}/figures/{figure}.{format}",
    figure=DRAWN,
    format=["pdf", "png", "csv"],
)
