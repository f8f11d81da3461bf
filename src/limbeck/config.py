"""What a study's config means: its checks and the questions that the workflow asks it.

Imports nothing heavy, because every job parses the workflow again.
"""

import math
from collections.abc import Iterator, Mapping

from limbeck.errors import InputError, suggest
from limbeck.settings import method_contradictions, violations

NETWORK_LAYERS = ("A", "B", "C", "D", "E")


def check_config(config: Mapping, sources: str = "config") -> None:
    """Check a study's config before any job starts.

    Parameters
    ----------
    config : mapping
        The merged config.
    sources : str
        Where it came from, for the message.

    Raises
    ------
    InputError
        One line for each mistake: the key, its value and what is allowed.
    """
    mistakes = list(violations(config)) or list(_contradictions(config))
    if mistakes:
        raise InputError("\n".join(f"{sources}: {mistake}" for mistake in mistakes))


def _contradictions(config: Mapping) -> Iterator[str]:
    methods, run = config["methods"], config["run"]
    for selection in ("methods", "embeddings", "figures"):
        for name in run[selection]:
            if name not in config[selection]:
                defined = config[selection]
                yield f"run.{selection}: '{name}' is not defined; {suggest(name, defined)}"
    for name, method in methods.items():
        yield from _method_contradictions(name, method, methods)
    for layer in config["layers"]:
        without = [
            name
            for name, method in methods.items()
            if layer not in (*NETWORK_LAYERS, *method["layers"])
        ]
        if without:
            known = [*NETWORK_LAYERS, *methods[without[0]]["layers"]]
            yield (
                f"layers: '{layer}' is no layer of {', '.join(without)}; name its module under "
                f"methods.{without[0]}.layers; {suggest(layer, known)}"
            )
    if run["maps"] and all(name in config["embeddings"] for name in run["embeddings"]):
        yield from _noise_contradictions(config)
    for name in run["figures"]:
        if name in config["figures"]:
            yield from _figure_contradictions(name, config["figures"][name], config)


def _method_contradictions(name: str, method: Mapping, methods: Mapping) -> Iterator[str]:
    key, teacher = f"methods.{name}", method["teacher"]
    yield from method_contradictions(method, key)
    if teacher is not None and teacher not in methods:
        yield f"{key}.teacher = '{teacher}': no such method; {suggest(teacher, methods)}"
    chain = [name]
    while (teacher := methods.get(chain[-1], {}).get("teacher")) is not None:
        chain.append(teacher)
        if teacher in chain[:-1]:
            order = list(methods)
            if teacher == name == min(chain, key=order.index):
                yield f"{key}.teacher: a cycle, {' <- '.join(chain)}"
            break


def _figure_contradictions(name: str, figure: Mapping, config: Mapping) -> Iterator[str]:
    key = f"figures.{name}"
    embedding = figure.get("embedding")
    if embedding is not None and embedding not in config["run"]["embeddings"]:
        known = config["run"]["embeddings"]
        yield f"{key}.embedding = '{embedding}': not in run.embeddings; {suggest(embedding, known)}"
    if "budget" in figure and figure["budget"] not in config["budgets"]:
        yield f"{key}.budget = {figure['budget']}: not in budgets; allowed: {config['budgets']}"
    if figure["kind"] == "noise" and not config["run"]["maps"]:
        yield f"{key}: run.maps is empty; nothing to show"
    if figure.get("fold", 0) >= config["folds"]:
        yield f"{key}.fold = {figure['fold']}: allowed: 0 to {config['folds'] - 1}"


def _noise_contradictions(config: Mapping) -> Iterator[str]:
    points, embeddings = config["noise"]["points"], config["embeddings"]
    least = {"metrics.neighbours": config["metrics"]["neighbours"] + 1}
    for name in config["run"]["embeddings"]:
        settings, key = embeddings[name], f"embeddings.{name}"
        if settings["algorithm"] == "tsne":
            least[f"{key}.perplexity"] = math.floor(3 * settings["perplexity"]) + 1
        elif settings["algorithm"] == "ivis":
            least |= {f"{key}.k": settings["k"] + 1, f"{key}.batch_size": settings["batch_size"]}
    for key, count in least.items():
        if points < count:
            yield f"noise.points = {points}: {key} needs {count} or more"


def neighbours_needed(config: Mapping) -> int:
    """Return how many neighbours the selected embeddings and the metrics need.

    t-SNE uses three times its perplexity (van der Maaten 2014); ivis counts each point among its
    own `k`, as the package does.
    """
    needed = [config["metrics"]["neighbours"]]
    for name in config["run"]["embeddings"]:
        embedding = config["embeddings"][name]
        if embedding["algorithm"] == "tsne":
            needed.append(math.floor(3 * embedding["perplexity"]))
        elif embedding["algorithm"] == "ivis":
            needed.append(embedding["k"] - 1)
    return max(needed)
