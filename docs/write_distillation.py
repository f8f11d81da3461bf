"""Write results/distillation_methods.md from the tables of two studies.

``python docs/write_distillation.py results/cifar100_distillation results/digits_distillation``
first copies what the page needs from the studies to results/distillation_methods; without folders
the page is written from what lies there. Every number of the page is read from those files.
"""

import csv
import sys
from pathlib import Path

from study_numbers import Cell, Named, Study, bring_figures, bring_home, show, write_csv

from limbeck.study.config import read_config
from limbeck.study.runs import layers_of
from limbeck.tables.files import to_markdown

PAGE = Path(__file__).with_name("results") / "distillation_methods.md"
DATA = PAGE.with_suffix("")
CONFIGS = PAGE.parents[2] / "config"
TEXT = DATA / "text.md"  # the page but for its tables and numbers, which stand in it as {name}
STUDIES = ("cifar100_distillation", "digits_distillation")
SHOWN = (
    *("accuracy", "teacher_agreement", "superclass_contrast", "cka:teacher.", "probe_accuracy"),
    *("class_area_ratio", "class_area_ratio_to_null", "collapsed"),
)
FIGURES = {
    "embeddings_tsne": "Test images by t-SNE, each method in layers A to E",
    "class_area": "Class area over all area by layer, each method",
    "layers": "The layers in their own space, each method",
    "cka": "Linear CKA with the teacher's layers, each method",
}
DIFFERENCES_HEAD = ("method", "difference", "low", "high")


def bring_home_differences(results: Path, table: Path) -> None:
    """Copy what each method's accuracy has over the undistilled student's on the same images."""
    with (results / "tables/accuracies.csv").open(encoding="utf-8", newline="") as file:
        last = {row["second_method"]: row for row in csv.DictReader(file)}  # of folds their mean
    rows = [[method, *(row[key] for key in DIFFERENCES_HEAD[1:])] for method, row in last.items()]
    write_csv(table, DIFFERENCES_HEAD, rows)


def bring_home_training(results: Path, table: Path) -> None:
    """Write what part of the labelled images each student had right in its last epoch, fold 0."""
    rows = []
    for path in sorted(results.glob("runs/*/budget-*/fold-0/history.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            last = list(csv.DictReader(file))[-1:]  # none of a network that was not trained
        rows += [[path.parts[-4], row["accuracy"]] for row in last]
    write_csv(table, ["method", "accuracy"], rows)


class Tables:
    """The tables of a study of one budget, and its numbers by name."""

    def __init__(self, name: str):
        self.config = read_config([CONFIGS / f"{name}.yaml"])
        (self.budget,) = self.config["budgets"]
        self.study = Study.read(DATA / f"{name}.csv", self.config["folds"])
        self.numbers = Named(self.study, self.budget)
        with (DATA / f"{name}_differences.csv").open(encoding="utf-8", newline="") as file:
            self.differences = {
                row["method"]: tuple(100 * float(row[key]) for key in DIFFERENCES_HEAD[1:])
                for row in csv.DictReader(file)
            }

    @property
    def outputs(self) -> str:
        """What the networks say, and by how much they are better than the undistilled student."""
        accuracy, agreement, contrast = (
            Cell(metric, self.budget)
            for metric in ("accuracy", "teacher_agreement", "superclass_contrast")
        )
        rows = []
        for method in self.config["methods"]:
            found = self.differences.get(method)
            difference = "{:+.2f} ({:+.2f} to {:+.2f})".format(*found) if found else ""
            cells = (self.study.summary(method, cell) for cell in (agreement, contrast))
            rows.append([method, self.study.summary(method, accuracy), difference, *cells])
        head = (
            "accuracy (%)",
            "minus undistilled (95 % interval)",
            "agreement with the teacher (%)",
        )
        return to_markdown(["method", *head, "superclass contrast"], rows)

    @property
    def cka(self) -> str:
        """Linear CKA with the teacher's layer of the same name."""
        return self._by_layer("cka:teacher.{}")

    @property
    def area(self) -> str:
        """Class area by t-SNE as a share of its null."""
        return self._by_layer("class_area_ratio_to_null", "tsne")

    @property
    def probe(self) -> str:
        """Accuracy of a linear probe."""
        return self._by_layer("probe_accuracy")

    def _by_layer(self, metric: str, embedding: str = "") -> str:
        cells = {
            layer: Cell(metric.format(layer), self.budget, layer, embedding)
            for layer in layers_of(self.config, "undistilled")
        }
        return self.study.table(self.config["methods"], cells)

    @property
    def below(self) -> str:
        """Which objectives are worse than the undistilled student: the interval lies below 0."""
        return self._listed(lambda low, high: high < 0)

    @property
    def above(self) -> str:
        """Which objectives are better."""
        return self._listed(lambda low, high: low > 0)

    @property
    def compared(self) -> int:
        """How many methods are compared with the undistilled student."""
        return len(self.differences)

    def _listed(self, chosen) -> str:
        names = (name for name, (_, low, high) in self.differences.items() if chosen(low, high))
        return ", ".join(f"`{name}`" for name in names) or "none"


def page() -> str:
    """Return the page: its text with tables, numbers and figures in their places."""
    cifar, digits = map(Tables, STUDIES)
    with (DATA / "training.csv").open(encoding="utf-8", newline="") as file:
        trained = {
            row["method"]: f"{100 * float(row['accuracy']):.0f}" for row in csv.DictReader(file)
        }
    return TEXT.read_text(encoding="utf-8").format(
        cifar=cifar,
        c=cifar.numbers,
        digits=digits,
        trained=trained,
        figures=show(DATA, FIGURES),
    )


if __name__ == "__main__":
    if folders := [Path(folder) for folder in sys.argv[1:]]:
        for name, results in zip(STUDIES, folders, strict=True):
            bring_home(results, DATA / f"{name}.csv", SHOWN)
            bring_home_differences(results, DATA / f"{name}_differences.csv")
        bring_home_training(folders[0], DATA / "training.csv")
        bring_figures(folders[0], DATA, FIGURES)
    PAGE.write_text(page(), encoding="utf-8")
