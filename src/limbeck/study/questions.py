"""Answers from a complete config, for the workflow and the checks."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from string import Formatter

from limbeck.study.figures import TESTS
from limbeck.study.keys import keys_of
from limbeck.study.method_settings import NETWORK_KEYS, MethodSettings
from limbeck.study.metrics import DECLARATIONS
from limbeck.study.networks import is_file
from limbeck.study.registry import EMBEDDINGS, FIGURES, METRICS, OBJECTIVES, TABLES

ALL_PAIRS_OF = 4  # methods; the pairs of more would not fit on a page


def options_of(config: Mapping, method: str) -> Mapping:
    """Return the keys of the block of a method's objective."""
    settings = config["methods"][method]
    return settings[settings["objective"]]


def teachers_of(config: Mapping, method: str) -> list[str]:
    """Return the methods that a method learns from."""
    teacher = options_of(config, method).get("teacher", [])
    return [teacher] if isinstance(teacher, str) else list(teacher)


def reference_teacher(config: Mapping, method: str, budget: int, fold: int) -> str | None:
    """Return the teacher that a run's predictions are compared with, None without one.

    All are compared with the same one, where that is run: the first in the study that has no
    teacher itself.
    """
    taught = [teacher for name in config["run"]["methods"] for teacher in teachers_of(config, name)]
    teacher = next((name for name in taught if not teachers_of(config, name)), method)
    if teacher == method:
        return None
    heard = teacher in teachers_of(config, method)
    return teacher if heard or (budget, fold) in runs_of(config, teacher) else None


def teacher_and_students(
    config: Mapping, methods: Sequence[str]
) -> tuple[str | None, list[str] | None]:
    """Return of some methods the first that teaches, or the first; and the first two compared.

    None stands for what is not among them.
    """
    teachers = [teacher for name in methods for teacher in teachers_of(config, name)]
    teacher = next((name for name in [*teachers, *methods] if name in methods), None)
    pair = (config["statistics"]["methods"] or [])[:2]
    return teacher, list(pair) if pair and set(pair) <= set(methods) else None


def needed_methods(config: Mapping) -> list[str]:
    """Return the methods that are run, then those that only teach them."""
    needed = list(config["run"]["methods"])
    for method in needed:
        needed += [teacher for teacher in teachers_of(config, method) if teacher not in needed]
    return needed


def layers_of(config: Mapping, method: str) -> dict[str, str]:
    """Return the layers that a method has: name to ``auto`` or the path of a module."""
    found = {}
    for name, place in config["layers"].items():
        module = place if isinstance(place, str) else place.get(method)
        if module is not None:
            found[name] = module
    return found


def methods_with(config: Mapping, layer: str) -> list[str]:
    """Return the methods of ``run.methods`` that have a layer."""
    return [method for method in config["run"]["methods"] if layer in layers_of(config, method)]


def runs_of(config: Mapping, method: str) -> list[tuple[int, int]]:
    """Return the budgets and folds at which a method is run.

    A method that only teaches others is run wherever one of them is.
    """
    if method not in config["run"]["methods"]:
        pupils = [name for name in needed_methods(config) if method in teachers_of(config, name)]
        taught = {run for name in pupils for run in runs_of(config, name)}
        return sorted(taught, key=lambda run: (config["budgets"].index(run[0]), run[1]))
    settings = config["methods"][method]
    budgets, folds = settings["budgets"], settings["folds"]
    return [
        (budget, fold)
        for budget in config["budgets"]
        if budgets is None or budget in budgets
        for fold in range(min(folds or config["folds"], config["folds"]))
    ]


def has_run(
    config: Mapping,
    method: str | None = None,
    budget: int | None = None,
    fold: int | None = None,
    layer: str | None = None,
    **other: object,
) -> bool:
    """Return whether a method has a layer, and is run at a budget and fold; None stands for any."""
    if method is None:
        return True
    has_layer = layer is None or layer in layers_of(config, method)
    run = (budget, fold)
    return has_layer and (run == (None, None) or run in runs_of(config, method))


def method_json(config: Mapping, method: str) -> str:
    """Return the settings that a network depends on, as JSON: the active block, and no layers.

    Where nothing is trained keys of training are left out, so that they rerun nothing.
    """
    settings = config["methods"][method]
    objective = settings["objective"]
    trains = OBJECTIVES[objective].trains
    keys = [*keys_of(MethodSettings)] if trains else ["objective", *NETWORK_KEYS]
    return to_json({**{key: settings[key] for key in keys}, "options": options_of(config, method)})


def weights_file_of(config: Mapping, method: str, budget: object, fold: object) -> str | None:
    """Return the file that a run's weights come from, as the config names it; None without one."""
    settings = config["methods"][method]
    weights = options_of(config, method).get("weights", settings["weights"])
    return weights_of_run(weights, budget, fold) if is_file(weights) else None


def weights_of_run(weights: str, budget: object, fold: object) -> str:
    """Return a pattern of weights with ``{budget}`` and ``{fold}`` replaced."""
    return weights.replace("{budget}", str(budget)).replace("{fold}", str(fold))


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


def resolve_figure(
    figure: Mapping,
    config: Mapping | None = None,
    class_names: Sequence[str] | None = None,
) -> dict:
    """Return a figure's settings with names and numbers in place of ``first``, ``last`` and null.

    Parameters
    ----------
    figure : mapping
        Its settings, valid and filled in.
    config : mapping, optional
        The study's config; without it only the class is replaced.
    class_names : sequence of str, optional
        Those of the dataset; without them the class stays as it is.
    """
    resolved = dict(figure)
    choices: dict[str, Sequence] = {}
    if config is not None:
        run = config["run"]
        choices = {
            "budget": sorted(config["budgets"]),
            "fold": range(config["folds"]),
            "layer": list(config["layers"]),
            "method": run["methods"],
            "embedding": run["embeddings"],
        }
        if "methods" in figure and figure["methods"] is None:
            resolved["methods"] = list(run["methods"])
        if isinstance(figure.get("pairs"), str):
            resolved["pairs"] = _pairs(run["methods"], figure["pairs"])
    if class_names is not None:
        choices["class"] = class_names
    for key, values in choices.items():
        if figure.get(key) in ("first", "last") and figure[key] not in values:
            resolved[key] = values[0 if figure[key] == "first" else -1]
    return resolved


def _pairs(methods: Sequence[str], which: str) -> list[list[str]]:
    if which == "auto":
        which = "all" if len(methods) <= ALL_PAIRS_OF else "first"
    firsts = methods[:1] if which == "first" else methods
    return [[one, other] for at, one in enumerate(firsts) for other in methods[at + 1 :]]


def figure_files(config: Mapping, figure: str) -> list[str]:
    """Return the inputs of a figure, as paths below the study's results.

    Wildcards of what its kind reads stand for what its settings name, else for all of the study.
    """
    settings = resolve_figure(config["figures"][figure], config)
    run = config["run"]
    choices = {
        "method": settings.get("method", settings.get("methods", run["methods"])),
        "budget": settings.get("budget", config["budgets"]),
        "fold": settings.get("fold", range(config["folds"])),
        "layer": settings.get("layer", list(config["layers"])),
        "embedding": settings.get("embedding", run["embeddings"]),
        "map": run["maps"],
    }
    choices = {
        name: [chosen] if isinstance(chosen, int | str) else chosen
        for name, chosen in choices.items()
    }
    return [
        path
        for pattern in FIGURES[settings["kind"]].reads
        if pattern != TESTS or "statistics" in comparisons_of(config)
        for path in _filled(pattern, choices, config)
    ]


def _filled(pattern: str, choices: Mapping, config: Mapping) -> Iterator[str]:
    names = [name for _, name, _, _ in Formatter().parse(pattern) if name]
    for values in product(*(choices[name] for name in names)):
        chosen = dict(zip(names, values, strict=True))
        if has_run(config, **chosen):
            yield pattern.format(**chosen)


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


def tables_of(config: Mapping) -> list[str]:
    """Return the names of the tables that are built from the study's metrics."""
    run = config["run"]
    algorithms = {config["embeddings"][name]["algorithm"] for name in run["embeddings"]}
    scored = {
        name
        for names in run["metrics"].values()
        for name in names
        if config["published"]
        or not METRICS[name].algorithms
        or algorithms.intersection(METRICS[name].algorithms)
    }
    own = [name for name, table in TABLES.items() if scored.intersection(table.metrics)]
    return [*own, *(["published"] if config["published"] else [])]


def comparisons_of(config: Mapping) -> list[str]:
    """Return the names of the tables that compare methods, none where there is one method.

    There are no tests over folds where none of the chosen metrics can be tested.
    """
    chosen = config["statistics"]
    if not chosen["methods"]:
        return []
    return ["statistics", "accuracies"] if chosen["metrics"] else ["accuracies"]
