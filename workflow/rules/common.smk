import gc
import json
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from limbeck.published import numbers
from limbeck.study.config import (
    ON_DEVICE,
    TABLE_FORMATS,
    check_config,
    neighbours_needed,
    study_plan,
    tables_of,
)
from limbeck.runtime.errors import InputError
from limbeck.runtime.fingerprint import fingerprint

# Jobs stay in memory until the end, and to look for garbage among thousands takes a tenth of the time.
gc.set_threshold(50_000)

try:
    check_config(config, " + ".join(map(str, workflow.configfiles)))
except InputError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    study=config["study"],
    method="|".join(config["methods"]),
    budget=r"\d+",
    fold=r"\d+",
    layer="|".join(config["layers"]),
    embedding="|".join(config["embeddings"]),
    map="|".join(config["run"]["maps"]) or "none",
    figure="|".join(config["figures"]),


GPU = int(config["device"] == "cuda")
TABLES = tables_of(config)

# Where the report shows tables and kinds of figures, in the order of its menu.
SUBJECTS = {
    "accuracy": "1 Accuracy",
    "published": "1 Accuracy",
    "superclass_correlation": "2 Correlation of outputs",
    "class_correlation": "2 Correlation of outputs",
    "networks": "3 Layers",
    "representation": "3 Layers",
    "layers": "3 Layers",
    "cka": "3 Layers",
    "embeddings": "4 Embeddings",
    "algorithms": "4 Embeddings",
    "class_boundary": "4 Embeddings",
    "class_area": "4 Embeddings",
    "ivis_loss": "4 Embeddings",
    "noise": "5 Noise",
    "statistics": "6 Statistics",
    "metrics": "7 All metrics",
    "runtime": "8 Runtime",
}
# The report offers the first of two formats first.
PNG, PDF = "image (PNG)", "vector (PDF)"
HTML, CSV = "page (HTML)", "values (CSV)"
ENVIRONMENT = "../../envs/limbeck.yaml"


def as_json(*keys):
    """The part of the config under `keys`, in which a function gives a wildcard's value."""

    def select(wildcards):
        part = config
        for key in keys:
            part = part[key(wildcards) if callable(key) else key]
        return json.dumps(part, sort_keys=True)

    return select


def activation_settings(wildcards):
    """What extraction is told; how long its stores are kept is not for it to know."""
    settings = {key: value for key, value in config["activations"].items() if key != "temporary"}
    return json.dumps(settings, sort_keys=True)


def activation_store(path):
    """The path of a store of activations, which Snakemake deletes when the config says so."""
    return temp(directory(path)) if config["activations"]["temporary"] else directory(path)


def extraction_priority(wildcards):
    """Low, so that what reads temporary stores comes first, and lower from fold to fold."""
    budget = config["budgets"].index(int(wildcards.budget))
    return -1 - budget * config["folds"] - int(wildcards.fold)


def plan_as_json(wildcards):
    """The study's plan; its keys keep the order of the config, which tables follow."""
    return json.dumps(study_plan(config))


def existing(paths):
    """All of the paths, or of a partial study those that exist."""
    if not config["partial"]:
        return paths
    return [path for path in paths if Path(path.format(study=config["study"])).exists()]


def method_settings(wildcards):
    return config["methods"][wildcards.method]


def all_runs(path, **wildcards):
    """Paths of all runs of the study, in the order of the config."""
    return expand(
        path,
        study=config["study"],
        method=config["run"]["methods"],
        budget=config["budgets"],
        fold=range(config["folds"]),
        **wildcards,
    )


def all_layers(path):
    """Paths of all layers of all methods, in the order of the config."""
    return expand(path, method=config["run"]["methods"], layer=config["layers"])


def training_code(wildcards):
    """Hash of the training loop and of the method's own objective, not of the others."""
    objective = method_settings(wildcards)["objective"]
    return fingerprint("train", f"training.objectives.{objective}")


def teacher_logits_of(wildcards):
    teacher = method_settings(wildcards)["teacher"]
    if teacher is None:
        return []
    return f"results/{{study}}/runs/{teacher}/budget-{{budget}}/fold-{{fold}}/teacher_logits.zarr"


def weights_file_of(wildcards):
    weights = method_settings(wildcards)["weights"]
    return [weights] if weights and "/" in weights else []


def algorithm_of(wildcards):
    return config["embeddings"][wildcards.embedding]["algorithm"]


def embedding_gpu(wildcards):
    return GPU if algorithm_of(wildcards) in ON_DEVICE else 0


def figure_settings(wildcards):
    return config["figures"][wildcards.figure]


def metrics_table(settings):
    return ["results/{study}/tables/metrics.csv", "results/{study}/tables/statistics.csv"]


def comparison_tables(settings):
    return ["results/{study}/tables/published.csv", "results/{study}/tables/metrics.csv"]


def noise_activations():
    return expand(
        "results/{{study}}/noise/{map}/activations.zarr",
        map=config["run"]["maps"],
    )


def noise_embeddings():
    return expand(
        "results/{{study}}/noise/{map}/embeddings/{embedding}.zarr",
        map=config["run"]["maps"],
        embedding=config["run"]["embeddings"],
    )


def noise_tables(settings):
    return ["results/{study}/tables/noise.csv", *noise_activations(), *noise_embeddings()]


def embedding_stores(settings):
    """Embeddings of one budget and fold, of all that the figure's settings do not choose."""
    stores = expand(
        "results/{{study}}/runs/{method}/budget-{budget}/fold-{fold}/embeddings/{layer}/{embedding}.zarr",
        method=settings.get("method", settings.get("methods", config["run"]["methods"])),
        layer=settings.get("layer", config["layers"]),
        budget=settings["budget"],
        fold=settings["fold"],
        embedding=settings.get("embedding", config["run"]["embeddings"]),
    )
    return existing(stores)


def prediction_stores(settings):
    stores = expand(
        "results/{{study}}/runs/{method}/budget-{budget}/fold-{fold}/predictions.zarr",
        method=settings["methods"],
        budget=settings["budget"],
        fold=settings["fold"],
    )
    return existing(stores)


def network_tables(settings):
    path = "results/{{study}}/networks/{method}.csv"
    return existing(expand(path, method=config["run"]["methods"]))


# What figures read that do not read the tables of metrics and paired tests.
FIGURE_SOURCES = {
    "algorithms": embedding_stores,
    "class_boundary": embedding_stores,
    "class_correlation": prediction_stores,
    "embeddings": embedding_stores,
    "networks": network_tables,
    "noise": noise_tables,
    "published": comparison_tables,
}


def figure_sources(figure):
    settings = config["figures"][figure]
    return FIGURE_SOURCES.get(settings["kind"], metrics_table)(settings)


def figure_inputs(wildcards):
    return figure_sources(wildcards.figure)


def area_mass_flag(wildcards):
    if figure_settings(wildcards)["kind"] != "class_boundary":
        return ""
    return f"--area-mass {config['metrics']['area_mass']}"


RUN_METRICS = existing(
    all_runs("results/{study}/runs/{method}/budget-{budget}/fold-{fold}/metrics.csv")
)
FIGURES = [figure for figure in config["run"]["figures"] if figure_sources(figure)]
if config["partial"]:
    planned = len(config["run"]["methods"]) * len(config["budgets"]) * config["folds"]
    if not RUN_METRICS:
        raise WorkflowError(f"partial = true: none of the {planned} runs of the study is finished")
    logger.info(f"Partial study: {len(RUN_METRICS)} of {planned} runs are finished.")
    for figure in config["run"]["figures"]:
        if figure not in FIGURES:
            logger.info(f"Figure {figure} is left out: nothing that it shows was made yet.")

TABLE_FILES = [
    "results/{study}/tables/metrics.csv",
    *expand(
        "results/{{study}}/tables/{table}.{format}",
        table=["statistics", *TABLES, *(["noise"] if config["run"]["maps"] else [])],
        format=TABLE_FORMATS,
    ),
]
FIGURE_FILES = expand(
    "results/{{study}}/figures/{figure}.{format}",
    figure=FIGURES,
    format=["pdf", "png"],
)
