"""The settings that each stage is given of a complete config."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from limbeck.study.keys import keys_of
from limbeck.study.method_settings import NETWORK_KEYS, MethodSettings
from limbeck.study.metrics import DECLARATIONS
from limbeck.study.registry import EMBEDDINGS, METRICS, OBJECTIVES, TABLES
from limbeck.study.runs import layers_of, methods_with, options_of, runs_of
from limbeck.study.shown import resolve_figure


def method_json(config: Mapping, method: str) -> str:
    """Return the settings that a network depends on, as JSON: the active block, and no layers.

    Where nothing is trained keys of training are left out, so that they rerun nothing.
    """
    settings = config["methods"][method]
    objective = settings["objective"]
    trains = OBJECTIVES[objective].trains
    keys = [*keys_of(MethodSettings)] if trains else ["objective", *NETWORK_KEYS]
    return to_json({**{key: settings[key] for key in keys}, "options": options_of(config, method)})


def activations_json(config: Mapping, method: str, layer: str) -> str:
    """Return the settings of ``extract_activations``, without how long stores are kept."""
    settings = {key: value for key, value in config["activations"].items() if key != "temporary"}
    return to_json({**settings, "module": layers_of(config, method)[layer]})


def embedding_json(config: Mapping, embedding: str) -> str:
    """Return the settings of ``embed``, as JSON."""
    return to_json(config["embeddings"][embedding])


def metrics_json(config: Mapping, kind: str) -> str:
    """Return the chosen metrics of a kind and the settings that they depend on, as JSON."""
    return _metrics_json(config, {"names": config["run"]["metrics"][kind]})


def layer_metrics_json(config: Mapping) -> str:
    """Return which metrics of a layer and of its embeddings are taken, and how, as JSON."""
    chosen = config["run"]["metrics"]
    return _metrics_json(
        config, {"names": chosen["layers"], "embedding_names": chosen["embeddings"]}
    )


def _metrics_json(config: Mapping, chosen: Mapping[str, Sequence[str]]) -> str:
    used = {key for names in chosen.values() for name in names for key in METRICS[name].settings}
    return to_json({**chosen, **{key: config["metrics"][key] for key in used}})


def shown_json(config: Mapping, table: str | None = None) -> str:
    """Return what is declared of the chosen metrics, and of a table, as JSON.

    Edits of it change what stands in tables and figures; those of other entries do not.
    """
    chosen = {name for names in config["run"]["metrics"].values() for name in names}
    metrics = [
        {key: value for key, value in vars(metric).items() if not callable(value)}
        for metric in DECLARATIONS
        if metric.name in chosen
    ]
    own = [TABLES[table].rows, TABLES[table].metrics] if table in TABLES else []
    return to_json([metrics, own])


def embeddings_on_gpu(config: Mapping) -> list[str]:
    """Return the names of the embeddings that are made on a GPU."""
    return [
        name
        for name, settings in config["embeddings"].items()
        if config["device"] == "cuda" and EMBEDDINGS[settings["algorithm"]].on_device
    ]


def figure_json(config: Mapping, figure: str) -> str:
    """Return the settings of ``draw_figure``, in which only a class may still be an end."""
    return to_json(resolve_figure(config["figures"][figure], config))


def plan_json(config: Mapping) -> str:
    """Return the study's plan; its keys keep the order of the config, which tables follow."""
    return to_json(study_plan(config), sort_keys=False)


def to_json(values: object, sort_keys: bool = True) -> str:
    """Return JSON for a command line and for the report, which holds it in a script of HTML."""
    return json.dumps(values, sort_keys=sort_keys).replace("<", r"\u003c")


def neighbours_needed(config: Mapping) -> int:
    """Return the number of neighbours that the selected embeddings and metrics need.

    The intrinsic dimension takes two.
    """
    needed = [2, config["metrics"]["neighbours"]]
    for name in config["run"]["embeddings"]:
        settings = config["embeddings"][name]
        needed.append(EMBEDDINGS[settings["algorithm"]].neighbours(settings))
    return max(needed)


def study_plan(config: Mapping) -> dict:
    """Return the study's plan, as `limbeck.study.settings.StudyPlan` takes it."""
    run = config["run"]
    return {
        "budgets": config["budgets"],
        "methods": {
            method: Counter(str(budget) for budget, _ in runs_of(config, method))
            for method in run["methods"]
        },
        "layers": {layer: methods_with(config, layer) for layer in config["layers"]},
        "embeddings": {name: config["embeddings"][name]["algorithm"] for name in run["embeddings"]},
        "metrics": run["metrics"],
        "published": config["published"],
    }
