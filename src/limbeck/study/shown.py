"""The figures and tables of a complete config: their settings, and what they are made of."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from string import Formatter

from limbeck.study.figures import TESTS_TABLE
from limbeck.study.metrics import METRICS
from limbeck.study.registry import FIGURES, TABLES
from limbeck.study.runs import algorithms_of, layers_of, runs_of

ALL_PAIRS_OF = 4  # methods; the pairs of more would not fit on a page


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
        if pattern != TESTS_TABLE or "statistics" in comparisons_of(config)
        for path in _filled(pattern, choices, config)
    ]


def _filled(pattern: str, choices: Mapping, config: Mapping) -> Iterator[str]:
    names = [name for _, name, _, _ in Formatter().parse(pattern) if name]
    for values in product(*(choices[name] for name in names)):
        chosen = dict(zip(names, values, strict=True))
        if _is_run(config, chosen):
            yield pattern.format(**chosen)


def _is_run(config: Mapping, chosen: Mapping) -> bool:
    """Return whether a method has the layer, and is run at the budget and fold, where chosen."""
    if "layer" in chosen and chosen["layer"] not in layers_of(config, chosen["method"]):
        return False
    run = (chosen.get("budget"), chosen.get("fold"))
    return "budget" not in chosen or run in runs_of(config, chosen["method"])


def tables_of(config: Mapping) -> list[str]:
    """Return the names of the tables that are built from the study's metrics."""
    run = config["run"]
    algorithms = algorithms_of(config)
    scored = {
        name
        for names in run["metrics"].values()
        for name in names
        if config["published"] or METRICS[name].is_measured(algorithms)
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
