"""Numbers and figures of a study, as the pages in docs/results take them from its tables."""

import csv
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from limbeck.runtime.storage import read_metrics
from limbeck.statistics.fold_summaries import format_mean, summarise
from limbeck.study.metric_rows import find_metric
from limbeck.study.titles import embedding_title
from limbeck.tables.files import to_markdown

RESULTS = Path(__file__).with_name("results")
COLOURS = 128
# What says that numbers of an embedding say nothing of its layer: see `Study.mark`.
COLLAPSED, CURVE = "†", "§"


@dataclass(frozen=True)
class Cell:
    """What a number is of."""

    metric: str
    budget: int
    layer: str = ""
    embedding: str = ""

    @property
    def declared(self):
        return find_metric(self.metric)

    def __str__(self) -> str:
        place = f"layer {self.layer} with " if self.layer else ""
        seen = f", by {embedding_title(self.embedding)}" if self.embedding else ""
        return f"{place}{self.budget:,} labels{seen}"


class Study:
    """The numbers of a study of so many folds, a fold's each."""

    def __init__(self, rows: Iterable[Mapping[str, str]], folds: int):
        self.folds = folds
        self._values: dict[tuple[str, Cell], dict[int, float]] = defaultdict(dict)
        for row in rows:
            if row["value"]:
                cell = Cell(row["metric"], int(row["budget"]), row["layer"], row["embedding"])
                self._values[row["method"], cell][int(row["fold"])] = float(row["value"])

    @classmethod
    def read(cls, table: Path, folds: int) -> "Study":
        """Read a tidy table of metrics."""
        return cls(read_metrics([table]), folds)

    def over_folds(self, method: str, cell: Cell) -> dict[int, float]:
        return self._values.get((method, cell), {})

    def mean(self, method: str, cell: Cell) -> float | None:
        return summarise(list(self.over_folds(method, cell).values())).mean

    def mark(self, method: str, cell: Cell) -> str:
        """Return how a number of an embedding is marked that says nothing of its layer.

        `COLLAPSED` where the embedding is a line or a point in some fold; `CURVE`, of class areas,
        where permuted classes would fill more than twice the area in some fold, as they do where
        points lie along a curve.
        """
        if any(self.over_folds(method, replace(cell, metric="collapsed")).values()):
            return COLLAPSED
        nulls = self.over_folds(method, replace(cell, metric="class_area_ratio_null"))
        is_area = cell.metric == "class_area_ratio"
        return CURVE if is_area and max(nulls.values(), default=0) > 2 else ""

    def summary(self, method: str, cell: Cell) -> str:
        """Return mean ± standard deviation, and of how many folds where some are missing.

        Behind it is its `mark`.
        """
        values = list(self.over_folds(method, cell).values())
        if not values:
            return ""
        found, scale, digits = summarise(values), cell.declared.scale, cell.declared.digits
        sd = None if found.sd is None else scale * found.sd
        folds = "" if found.n == self.folds else f" ({found.n})"
        text = format_mean(scale * found.mean, sd, digits) + folds
        return f"{text} {self.mark(method, cell)}".rstrip()

    def table(self, methods: Iterable[str], cells: Mapping[str, Cell]) -> str:
        """Return methods by cells, whose keys are the columns' titles, as Markdown."""
        rows = [
            [method, *(self.summary(method, cell) for cell in cells.values())] for method in methods
        ]
        return to_markdown(["method", *cells], [row for row in rows if any(row[1:])])


class Named:
    """A study's numbers of one budget by their names, as texts of pages have them.

    ``accuracy of fitnet``, ``probe_accuracy of crd at D``, ``ivis_loss of crd at D by ivis``.
    """

    def __init__(self, study: Study, budget: int):
        self.study, self.budget = study, budget

    def __getitem__(self, name: str) -> str:
        metric, method, layer, embedding = re.fullmatch(
            r"(\S+) of (\S+)(?: at (\S+))?(?: by (\S+))?", name
        ).groups("")
        found = self.study.summary(method, Cell(metric, self.budget, layer, embedding))
        if not found:
            raise KeyError(name)
        return found


def bring_home(results: Path, table: Path, metrics: Collection[str]) -> None:
    """Copy some metrics and their nulls from a study's results; ``cka:teacher.`` is all with it."""
    with (results / "tables/metrics.csv").open(encoding="utf-8", newline="") as file:
        kept = [row for row in csv.DictReader(file) if _is_of(row["metric"], metrics)]
    write_csv(table, list(kept[0]), [row.values() for row in kept])


def _is_of(name: str, metrics: Collection[str]) -> bool:
    measured = re.sub("_null(?=:|$)", "", name)
    starts = tuple(metric for metric in metrics if metric.endswith((":", ".")))
    return name in metrics or measured in metrics or measured.startswith(starts)


def bring_figures(results: Path, folder: Path, names: Iterable[str]) -> None:
    """Copy those of some figures that a study has, with few colours, which takes a quarter."""
    for name in names:
        if (results / f"figures/{name}.png").exists():
            picture = Image.open(results / f"figures/{name}.png").convert("RGB")
            picture.quantize(COLOURS).save(folder / f"{name}.png", optimize=True)


def show(folder: Path, captions: Mapping[str, str]) -> str:
    """Return those figures that lie in a folder below the pages, as Markdown."""
    found = (name for name in captions if (folder / f"{name}.png").exists())
    place = folder.relative_to(RESULTS).as_posix()
    return "\n\n".join(f"![{captions[name]}]({place}/{name}.png)" for name in found)


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Iterable]) -> None:
    """Write a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])
