"""Checks of a figure against what the study measures and runs."""

from collections.abc import Iterator, Mapping

from limbeck.study.figures import FIGURES
from limbeck.study.metrics import kinds_of
from limbeck.study.runs import layers_of
from limbeck.study.shown import figure_files, resolve_figure


def figure_contradictions(name: str, config: Mapping) -> Iterator[str]:
    """Check that a figure has something to show.

    Parameters
    ----------
    name : str
        One of ``figures``.
    config : mapping
        Valid by its keys and filled in.

    Yields
    ------
    str
        One line for each mistake: the key, its value and what is allowed.
    """
    figure, run = config["figures"][name], config["run"]
    key, declared = f"figures.{name}", FIGURES[figure["kind"]]
    if "tables/published.csv" in declared.reads and config["published"] is None:
        yield f"{key}: nothing to compare with; set published to the name of a file of numbers"
    if any("{map}" in path for path in declared.reads) and not run["maps"]:
        yield f"{key}: run.maps is empty; nothing to show"
    needed = {metric: kinds_of(metric) for metric in declared.metrics}
    for metric in figure.get("metrics", []):
        base, _, method = metric.partition(":")
        needed[base] = ["pairs" if method else "layers"]
    for metric, kinds in needed.items():
        if not any(metric in run["metrics"][kind] for kind in kinds):
            places = " or ".join(f"run.metrics.{kind}" for kind in kinds)
            yield f"{key}: shows {metric}, which is not taken; add it to {places}"
    resolved = resolve_figure(figure, config)
    if "pairs" in figure and not resolved["pairs"]:
        yield f"{key}.pairs = {figure['pairs']}: run.methods has one method, and no pair"
        return
    of_layers = any("predictions" not in kinds for kinds in needed.values())
    if not figure_files(config, name) or (of_layers and not _has_layers(resolved, config)):
        chosen = ("method", "methods", "pairs", "layer", "budget", "fold")
        values = ", ".join(f"{each} = {resolved[each]}" for each in chosen if each in resolved)
        yield f"{key}: no run of the study is shown by {values}"


def _has_layers(resolved: Mapping, config: Mapping) -> bool:
    """Return whether a figure's methods, or both of one of its pairs, have layers."""
    alone = [[method] for method in resolved.get("methods", config["run"]["methods"])]
    shown = resolved.get("pairs", alone)
    return any(all(layers_of(config, method) for method in methods) for methods in shown)
