"""Captions of the report: the declared texts, with values of the config in them as plain text.

Captions are reStructuredText. What comes from the config cannot be markup there: a name of a class
is text, whatever characters it has.

Captions of figures and tables may have these fields, besides the settings of the figure itself:

- ``{methods}``, ``{layers}``, ``{embeddings}``, ``{maps}``: names, those of the study where the
  figure names none;
- ``{folds}``: "3 folds", or "2 to 5 folds" where the methods are run at so many; ``{bars}``: what
  error bars are; ``{asterisks}``: what they are, a sentence, empty where there are too few folds
  for a test;
- ``{probe_folds}``, ``{neighbours}``, ``{area_percent}``, ``{points}``, ``{dimensions}``.
"""

from collections.abc import Mapping, Sequence

from limbeck.study.figures import FIGURES
from limbeck.study.runs import runs_of
from limbeck.study.settings import LEAST_FOLDS
from limbeck.study.shown import resolve_figure
from limbeck.study.tables import TABLES

SPREAD = "Means ± sample standard deviations over {folds}."
NO_SPREAD = "One fold: no deviation."
# Captions of tables and figures outside the registries.
OTHERS = {
    "explorer": "Every embedding, with the images behind its points: select, filter and compare "
    "all layers of all methods. The file explorer.html opens in a browser of its own.",
    "published": "Measured against published, cell by cell: z is the difference over the standard "
    "error of both means.",
    "metrics": "Every metric of every run, layer and embedding of the study, one a row.",
    "noise": "{points} points of uniform noise in the plane, each map's lifted points (no "
    "embedding: what the map itself does to distances) and their embeddings. "
    "*distance_correlation*: Spearman's correlation of all pairwise distances with those in the "
    "plane; *quadrant_silhouette*: how far apart the four quadrants lie; *clumping*: how many "
    "times more uneven neighbourhoods are than in the plane, at the scale where this is largest; "
    "1 means as uniform as the noise itself.",
    "accuracies": "Test accuracies of {other_methods} beside those of {first_method} on the same "
    "test images, for each number of labelled images and fold: the difference with its "
    "{confidence_percent} % interval from resampling the images (paired bootstrap), and McNemar's "
    "test, corrected over the table.",
    "statistics": "{other_methods} minus {first_method}, paired over {folds}, for each metric, "
    "layer, embedding and budget: difference with its {confidence_percent} % confidence interval. "
    "{tested} What so few folds can and cannot show stands above the table.",
}


def plain(value: object) -> str:
    """Return text that reStructuredText shows as it is, in one line; names of a list in a row."""
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    words = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
    return "".join(c if c.isalnum() or c == " " else f"\\{c}" for c in words)


def figure_caption(config: Mapping, figure: str) -> str:
    """Return the caption of a figure of a study."""
    settings = resolve_figure(config["figures"][figure], config)
    pairs = settings.get("pairs", ())
    shown = settings.get("methods") or [name for pair in pairs for name in pair]
    texts = _texts(config, shown) | {key: plain(value) for key, value in settings.items()}
    if "class" in settings:
        name = settings["class"]
        ends = {end: f"the {end} class of the dataset" for end in ("first", "last")}
        texts["class"] = ends.get(name, f"class “{plain(name)}”")
    return FIGURES[settings["kind"]].caption.format_map(texts)


def table_caption(config: Mapping, table: str) -> str:
    """Return the caption of a table of a study, or of one of `OTHERS`."""
    if table in TABLES:
        spread = SPREAD if config["folds"] > 1 else NO_SPREAD
        return f"{TABLES[table].caption} {spread}".format_map(_texts(config))
    return OTHERS[table].format_map(_texts(config, config["statistics"]["methods"]))


def _texts(config: Mapping, methods: Sequence[str] | None = None) -> dict[str, str]:
    """Return the fields of captions of what shows some methods, by default all."""
    run, metrics, noise = config["run"], config["metrics"], config["noise"]
    numbers = [
        len({fold for _, fold in runs_of(config, name)}) for name in methods or run["methods"]
    ]
    least, most = min(numbers), max(numbers)
    folds = f"{most} folds" if least == most else f"{least} to {most} folds"
    folds = "one fold" if most == 1 else folds
    spread = f"bars are sample standard deviations over {folds}"
    return {
        "methods": plain(run["methods"]),
        "layers": plain(list(config["layers"])),
        "embeddings": plain(run["embeddings"]),
        "maps": plain(run["maps"]),
        "folds": folds,
        "bars": spread if most > 1 else "there is one fold, so no deviation",
        "probe_folds": plain(metrics["probe_folds"]),
        "neighbours": plain(metrics["neighbours"]),
        "area_percent": f"{100 * metrics['area_mass']:.3g}",
        "points": plain(noise["points"]),
        "dimensions": plain(noise["dimensions"]),
        **_tests(config),
    }


def _tests(config: Mapping) -> dict[str, str]:
    """Return the sentence on tests, empty where there are none."""
    statistics = config["statistics"]
    first, *others = statistics["methods"] or [""]
    confidence, correction = statistics["confidence"], plain(statistics["correction"])
    few = config["folds"] < LEAST_FOLDS
    asterisks = (
        f"An asterisk: a difference from {plain(first)} at the level "
        f"{1 - confidence:.3g} in a paired t-test, corrected for multiple comparisons "
        f"({correction})."
    )
    tested = (
        "Effect size d\\_z, and the p-value of a paired t-test, corrected by "
        f"{correction} within each metric of one embedding, and over the whole study."
    )
    none = f"Tests are made from {LEAST_FOLDS} folds on."
    return {
        "first_method": plain(first),
        "other_methods": plain(others),
        "confidence_percent": f"{100 * confidence:.3g}",
        "asterisks": "" if few else asterisks,
        "tested": none if few else tested,
    }
