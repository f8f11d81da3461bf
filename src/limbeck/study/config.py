"""What a study's config means: its checks and the questions that the workflow asks it.

Imports nothing heavy, because every job parses the workflow again.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from limbeck.runtime.errors import InputError, suggest
from limbeck.study.method_settings import method_contradictions
from limbeck.study.settings import violations

NETWORK_LAYERS = ("A", "B", "C", "D", "E")
DEFAULT_STUDY = "config/config.yaml"
TABLE_FORMATS = ("csv", "md", "html")
# Algorithms of embedding that compute on the study's device; the others need no GPU.
ON_DEVICE = ("ivis_torch", "tsne_gpu")


def read_config(overlays: Sequence[str | Path] = ()) -> dict:
    """Read a study's config as Snakemake does, run from the root of the repository.

    Parameters
    ----------
    overlays : sequence of str or Path
        What ``snakemake --configfile`` is given: files whose mappings are merged, the later ones on
        top, and then laid over ``config/config.yaml``.

    Returns
    -------
    dict
        The merged config, checked.

    Raises
    ------
    InputError
        For a file that is missing or not a YAML mapping; one line for each mistake in the config.
    """
    if not Path(DEFAULT_STUDY).is_file():
        raise InputError(f"{DEFAULT_STUDY}: not found; run this in the root of the repository")
    # In this order, because a value that is no mapping hides what lies below it.
    changes: dict = {}
    for overlay in overlays:
        _lay_over(changes, _read_mapping(overlay))
    config = _lay_over(_read_mapping(DEFAULT_STUDY), changes)
    check_config(config, " + ".join(map(str, [DEFAULT_STUDY, *overlays])))
    return config


def _read_mapping(path: str | Path) -> dict:
    import yaml

    try:
        text = Path(path).read_text(encoding="utf-8")
        values = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise InputError(f"--configfile {path}: {reason}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: must be a mapping of keys to values")
    return values


def _lay_over(below: object, above: Mapping) -> object:
    for key, value in above.items():
        if not isinstance(below, Mapping):
            below = {}
        below[key] = _lay_over(below.get(key, {}), value) if isinstance(value, Mapping) else value
    return below


# What a figure of layers can show; ``neighbour_overlap:<method>`` besides.
LAYER_FIGURE_METRICS = (
    "probe_accuracy",
    "intrinsic_dimension",
    "variance_ratio",
    "knn_accuracy",
    "silhouette",
)


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
    for name in config["statistics"]["methods"]:
        if name not in methods:
            yield f"statistics.methods: '{name}' is not defined; {suggest(name, methods)}"
    images, folds = config["activations"]["images_per_class"], config["metrics"]["probe_folds"]
    if images is not None and images < folds:
        yield f"metrics.probe_folds = {folds}: allowed: 2 to {images}, activations.images_per_class"
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
    if figure["kind"] == "published" and config["published"] is None:
        yield f"{key}: nothing to compare with; set published to the name of a file of numbers"
    selections = {
        "method": ("run.methods", config["run"]["methods"]),
        "methods": ("run.methods", config["run"]["methods"]),
        "layer": ("layers", config["layers"]),
        "embedding": ("run.embeddings", config["run"]["embeddings"]),
    }
    for setting, (where, known) in selections.items():
        chosen = figure.get(setting, [])
        for value in [chosen] if isinstance(chosen, str) else chosen:
            if value not in known:
                yield f"{key}.{setting} = '{value}': not in {where}; {suggest(value, known)}"
    if "budget" in figure and figure["budget"] not in config["budgets"]:
        yield f"{key}.budget = {figure['budget']}: not in budgets; allowed: {config['budgets']}"
    if figure["kind"] == "noise" and not config["run"]["maps"]:
        yield f"{key}: run.maps is empty; nothing to show"
    if figure.get("fold", 0) >= config["folds"]:
        yield f"{key}.fold = {figure['fold']}: allowed: 0 to {config['folds'] - 1}"
    methods = config["run"]["methods"]
    for method in dict.fromkeys(itertools.chain(*figure.get("pairs", []))):
        if method not in methods:
            yield f"{key}.pairs: '{method}' is not in run.methods; {suggest(method, methods)}"
    shown = [*LAYER_FIGURE_METRICS, *(f"neighbour_overlap:{method}" for method in methods)]
    for metric in figure.get("metrics", []):
        if metric not in shown:
            yield f"{key}.metrics: '{metric}' is no metric of layers; {suggest(metric, shown)}"


def _noise_contradictions(config: Mapping) -> Iterator[str]:
    points, embeddings = config["noise"]["points"], config["embeddings"]
    least = {"metrics.neighbours": config["metrics"]["neighbours"] + 1}
    for name in config["run"]["embeddings"]:
        settings, key = embeddings[name], f"embeddings.{name}"
        if "perplexity" in settings:
            least[f"{key}.perplexity"] = math.floor(3 * settings["perplexity"]) + 1
        elif "k" in settings:
            least |= {f"{key}.k": settings["k"] + 1, f"{key}.batch_size": settings["batch_size"]}
    for key, count in least.items():
        if points < count:
            yield f"noise.points = {points}: {key} needs {count} or more"


def neighbours_needed(config: Mapping) -> int:
    """Return how many neighbours the selected embeddings and the metrics need.

    t-SNE uses three times its perplexity (van der Maaten 2014); ivis counts each point among its
    own `k`, as the package does; the intrinsic dimension takes two.
    """
    needed = [2, config["metrics"]["neighbours"]]
    for name in config["run"]["embeddings"]:
        embedding = config["embeddings"][name]
        if "perplexity" in embedding:
            needed.append(math.floor(3 * embedding["perplexity"]))
        elif "k" in embedding:
            needed.append(embedding["k"] - 1)
    return max(needed)


def study_plan(config: Mapping) -> dict:
    """Return what a study is to measure, as `limbeck.study.settings.StudyPlan` takes it."""
    run = config["run"]
    return {
        "budgets": config["budgets"],
        "folds": config["folds"],
        "methods": run["methods"],
        "layers": config["layers"],
        "embeddings": {name: config["embeddings"][name]["algorithm"] for name in run["embeddings"]},
        "published": config["published"],
    }


def tables_of(config: Mapping) -> list[str]:
    """Return the names of the tables that are built from the study's metrics."""
    from limbeck.tables.layout import TABLES

    return [*TABLES, *(["published"] if config["published"] else [])]
