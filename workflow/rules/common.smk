import json

from snakemake.exceptions import WorkflowError

from limbeck.config import check_config, neighbours_needed
from limbeck.errors import InputError
from limbeck.fingerprint import fingerprint

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
TABLES = ["accuracy", "ivis_loss", "class_area", "superclass_correlation", "runtime"]
ENVIRONMENT = "../../envs/limbeck.yaml"


def as_json(*keys):
    """The part of the config under `keys`, in which a function gives a wildcard's value."""

    def select(wildcards):
        part = config
        for key in keys:
            part = part[key(wildcards) if callable(key) else key]
        return json.dumps(part, sort_keys=True)

    return select


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


def teacher_logits_of(wildcards):
    teacher = method_settings(wildcards)["teacher"]
    if teacher is None:
        return []
    path = f"results/{{study}}/runs/{teacher}/budget-{{budget}}/fold-{{fold}}/teacher_logits.zarr"
    return path.format(**wildcards)


def weights_file_of(wildcards):
    weights = method_settings(wildcards)["weights"]
    return [weights] if weights and "/" in weights else []


def algorithm_of(wildcards):
    return config["embeddings"][wildcards.embedding]["algorithm"]


def figure_settings(wildcards):
    return config["figures"][wildcards.figure]


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


def figure_inputs(wildcards):
    """Stores that the figure shows, or the table of metrics, or both."""
    settings = figure_settings(wildcards)
    if settings["kind"] == "noise":
        return ["results/{study}/tables/noise.csv", *noise_activations(), *noise_embeddings()]
    if settings["kind"] != "embeddings":
        return "results/{study}/tables/metrics.csv"
    return expand(
        "results/{{study}}/runs/{method}/budget-{budget}/fold-{fold}/embeddings/{layer}/{embedding}.zarr",
        method=config["run"]["methods"],
        layer=config["layers"],
        budget=settings["budget"],
        fold=settings["fold"],
        embedding=settings["embedding"],
    )
