"""Checks across keys of a config: names that must exist, values that exclude others."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from limbeck.runtime.errors import InputError, suggest
from limbeck.runtime.extras import missing_requirements
from limbeck.runtime.paths import expand, show
from limbeck.study.dataset_checks import metrics_of_more, too_few_points
from limbeck.study.datasets import dataset_mistakes
from limbeck.study.figure_checks import figure_contradictions
from limbeck.study.figures import ENDS
from limbeck.study.keys import Key
from limbeck.study.method_settings import method_contradictions
from limbeck.study.metric_rows import TO_NULL
from limbeck.study.metrics import METRICS
from limbeck.study.registry import EMBEDDINGS, OBJECTIVES, layer_figure_metrics
from limbeck.study.runs import (
    algorithms_of,
    layers_of,
    needed_methods,
    options_of,
    runs_of,
    teachers_of,
    weights_file_of,
)
from limbeck.study.settings import FIGURE, DatasetSettings, block_of
from limbeck.study.structure import AUTO_LAYERS, CONFIG, DEFAULT_EMBEDDINGS, DEFAULT_FIGURES
from limbeck.study.validation import mistakes

# Names that stand for something else where a name may stand, or for a file.
RESERVED = {
    "methods": ENDS,
    "embeddings": ENDS,
    "layers": (*ENDS, "auto", "predictions"),
}


def contradictions(config: Mapping) -> Iterator[str]:
    """Check what the keys cannot say.

    Parameters
    ----------
    config : mapping
        Valid by its keys and filled in.

    Yields
    ------
    str
        One line for each mistake: the key, its value and what is allowed.
    """
    if config["study"] == "slurm":
        yield "study = slurm: logs/slurm holds the logs of SLURM itself; rename it"
    for part, reserved in RESERVED.items():
        for name in config[part]:
            if name in reserved:
                yield f"{part}: '{name}' stands for something else in configs and paths; rename it"
    lines = [
        *dataset_mistakes(DatasetSettings(**config["dataset"])),
        *_wrong_names(config),
        *_method_contradictions(config),
    ]
    lines = lines or list(_budget_contradictions(config))
    yield from lines
    if lines:  # What follows reads what these lines say is missing.
        return
    yield from _layer_contradictions(config)
    yield from _metric_contradictions(config)
    if config["run"]["maps"]:
        points = config["noise"]["points"]
        yield from too_few_points(config, points, f"noise.points = {points}")
    for name in config["run"]["figures"]:
        yield from figure_contradictions(name, config)


def known_names(config: Mapping) -> dict[str, tuple[str, Sequence | None]]:
    """Return the source of the names of a key's ``names``, and the names if known.

    They are not known where ``run`` names what is not there, which is a mistake of its own.
    """
    run, layers = config["run"], list(config["layers"])
    methods, embeddings = (
        run[part] if set(run[part]) <= set(config[part]) else None
        for part in ("methods", "embeddings")
    )
    return {
        "methods": ("methods", list(config["methods"])),
        "embeddings": ("embeddings", list({**config["embeddings"], **DEFAULT_EMBEDDINGS})),
        "figures": ("figures", list({**config["figures"], **DEFAULT_FIGURES})),
        "run.methods": ("run.methods", methods),
        "run.methods or ends": ("run.methods", methods and [*methods, *ENDS]),
        "run.embeddings or ends": ("run.embeddings", embeddings and [*embeddings, *ENDS]),
        "layers or ends": ("layers", [*layers, *ENDS]),
        "budgets": ("budgets", config["budgets"]),
        "folds": ("folds", range(config["folds"])),
        "metrics of layers": (
            "the metrics of layers",
            methods and layer_figure_metrics(methods),
        ),
    }


def _named(key: Key, value: object, path: str) -> Iterator[tuple[str, str, object]]:
    """Yield (path, names, value) of all that names something of the study."""
    if value is None:
        return
    if key.kind == "either":
        fitting = next((other for other in key.others if not list(mistakes(other, value))), None)
        if fitting:
            yield from _named(fitting, value, path)
    elif key.kind in ("section", "variant"):
        for name, its in key.keys_of(value).items():
            if name in value:
                yield from _named(its, value[name], f"{path}.{name}".lstrip("."))
    elif key.kind == "mapping":
        for name, item in value.items():
            if key.names:
                yield path, key.names, name
            yield from _named(key.item, item, f"{path}.{name}")
    elif key.kind == "list":
        for item in value:
            yield from _named(key.item, item, path)
    elif key.names:
        yield path, key.names, value


def _wrong_names(config: Mapping) -> Iterator[str]:
    known = known_names(config)
    parts = {name: key for name, key in CONFIG.keys.items() if name not in ("methods", "figures")}
    found = [named for name, key in parts.items() for named in _named(key, config[name], name)]
    for method, settings in config["methods"].items():
        objective = settings["objective"]
        path = f"methods.{method}"
        found += _named(block_of(objective), options_of(config, method), f"{path}.{objective}")
        own, budgets = settings["budgets"], config["budgets"] or [0]
        if own and method in config["run"]["methods"] and not set(own) & set(budgets):
            yield (
                f"{path}.budgets = {own}: none of them is in budgets, so that it is never run; "
                f"{suggest(str(own[0]), map(str, budgets))}"
            )
    for figure in config["run"]["figures"]:
        if figure in config["figures"]:
            found += _named(FIGURE, config["figures"][figure], f"figures.{figure}")
    for path, names, value in dict.fromkeys(found):
        where, allowed = known.get(names, ("", None))
        if allowed is not None and value not in allowed:
            nearest = suggest(str(value), map(str, allowed))
            yield f"{path} = {value!r}: not in {where}; {nearest}"


def _method_contradictions(config: Mapping) -> Iterator[str]:
    methods = config["methods"]
    for name, method in methods.items():
        key, objective = f"methods.{name}", method["objective"]
        if name in OBJECTIVES and name != objective:
            title = OBJECTIVES[name].title
            yield f"{key}: would be printed as {title}, but its objective is {objective}; rename it"
        options = options_of(config, name)
        wrong = list(mistakes(block_of(objective), options, f"{key}.{objective}"))
        yield from wrong or method_contradictions({**method, "options": options}, key)
        for one, other in itertools.combinations(teachers_of(config, name), 2):
            if one in methods and methods[one] == methods.get(other):
                yield (
                    f"{key}.{objective}.teacher: {one} and {other} have equal settings, so that "
                    "they are the same network; leave one out"
                )
        for chain in _cycles(config, [name]):
            if name == min(chain, key=list(methods).index):
                yield f"{key}.{objective}.teacher: a cycle, {' <- '.join(chain)}"


def _cycles(config: Mapping, chain: list[str]) -> Iterator[list[str]]:
    """Yield the chains of teachers that go on from one and come back to its first method."""
    for teacher in teachers_of(config, chain[-1]):
        if teacher == chain[0]:
            yield [*chain, teacher]
        elif teacher in config["methods"] and teacher not in chain:
            yield from _cycles(config, [*chain, teacher])


def _budget_contradictions(config: Mapping) -> Iterator[str]:
    needed = needed_methods(config)
    trained = [n for n in needed if OBJECTIVES[config["methods"][n]["objective"]].trains]
    if not trained:
        return
    if config["budgets"] is None:
        yield f"budgets = null: {', '.join(trained)} are trained; how many labelled images?"
    elif 0 in config["budgets"]:
        yield f"budgets = {config['budgets']}: {', '.join(trained)} need labelled images"


def _layer_contradictions(config: Mapping) -> Iterator[str]:
    run = config["run"]["methods"]
    if not config["layers"]:
        yield "layers is empty: at least 1 needed"
    for layer, place in config["layers"].items():
        places = [place] if isinstance(place, str) else place.values()
        if "auto" in places and layer not in AUTO_LAYERS:
            yield (
                f"layers.{layer} = auto: only {', '.join(AUTO_LAYERS)} are; name a module by its "
                "path, such as group3.0.conv2"
            )
        if not any(layer in layers_of(config, method) for method in run):
            yield f"layers.{layer}: none of run.methods has it, {', '.join(run)}"


def _metric_contradictions(config: Mapping) -> Iterator[str]:
    images, chosen = config["activations"]["images_per_class"], config["run"]["metrics"]
    lacking = {} if images is None else metrics_of_more(config, images)
    for needed, names in lacking.items():
        yield f"activations.images_per_class = {images}: {needed} needed by {', '.join(names)}"
    scored = {name for names in chosen.values() for name in names}
    if not scored:
        yield "run.metrics: all of its lists are empty; a study needs a metric"
    for name in sorted(scored):
        if name.endswith(TO_NULL) and (base := name.removesuffix(TO_NULL)) not in scored:
            yield f"run.metrics: {name} without {base}, whose share of the null it is; add {base}"
    for name in config["statistics"]["metrics"]:
        if name not in scored:
            yield f"statistics.metrics = '{name}': not in run.metrics; {suggest(name, scored)}"
        elif not METRICS[name].is_measured(algorithms_of(config)):
            yield (
                f"statistics.metrics = '{name}': measured of embeddings by "
                f"{' or '.join(METRICS[name].algorithms)} alone, and none is in run.embeddings"
            )
    published, dataset = config["published"], config["dataset"]["name"]
    if published and dataset not in (published, "image_folder"):
        yield (
            f"published = {published}: those are no numbers of dataset.name = {dataset}; "
            "leave it out"
        )


def missing_files(config: Mapping) -> Iterator[str]:
    """Check that the files which a config names are there, and that Snakemake can take them.

    Yields
    ------
    str
        One line for each of which that is not so: the key, the file and what to do.
    """
    dataset = config["dataset"]
    if dataset["path"] is not None and not dataset["download"]:
        yield from _missing("dataset.path", dataset["path"])
    for method in needed_methods(config):
        own = "weights" in options_of(config, method)
        block = f".{config['methods'][method]['objective']}" if own else ""
        runs = runs_of(config, method)
        for path in dict.fromkeys(weights_file_of(config, method, *run) for run in runs):
            if path is not None:
                yield from _missing(f"methods.{method}{block}.weights", path, for_snakemake=True)


def missing_libraries(config: Mapping) -> Iterator[str]:
    """Check that the optional libraries which the selected embeddings need are installed.

    Yields
    ------
    str
        One line for each embedding whose libraries are not: its key, what is missing, what to do.
    """
    for name in config["run"]["embeddings"]:
        algorithm = config["embeddings"][name]["algorithm"]
        extra = EMBEDDINGS[algorithm].extra
        missing = extra and missing_requirements(extra)
        if missing:
            yield f"embeddings.{name}.algorithm = {algorithm}: {missing}"


def _missing(key: str, path: str, for_snakemake: bool = False) -> Iterator[str]:
    """Check that a path is there and, if it is an input of a rule, that Snakemake can take it."""
    try:
        found = expand(path, key)
    except InputError as error:
        yield str(error)
        return
    if for_snakemake and set("{}") & set(str(found)):
        yield (
            f"{key} = {show(path)}: braces other than {{budget}} and {{fold}} are wildcards to "
            "Snakemake; rename the file or folder"
        )
    elif not found.exists():
        yield f"{key} = {show(path)}: no such file or folder; put it there, or change {key}"
