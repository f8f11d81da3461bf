"""Write results/cifar100.md from the study's tables.

``python docs/write_cifar100.py results/cifar100_grid results/cifar100_whole`` first copies what the
page needs from the two studies to results/cifar100; without folders the page is written from what
lies there. Every number of the page is read from those files. Five more were put there by hand:
accuracies.csv is of `limbeck.statistics.image_tests` on the GPU's networks, processor.csv has
accuracies and correlations inside superclasses of networks that a processor trained too, longer.csv
is of config/cifar100_long.yaml, collapse.csv is of ivis with other seeds, and runtime_gpu.csv has
the seconds of the GPU's jobs.
"""

import csv
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from study_numbers import (
    COLLAPSED,
    CURVE,
    Cell,
    Named,
    Study,
    bring_figures,
    bring_home,
    show,
    write_csv,
)

from limbeck.published.numbers import SCALES, PublishedCell, read_published
from limbeck.statistics.fold_summaries import format_mean, summarise
from limbeck.statistics.paired_tests import paired_test
from limbeck.study.config import read_config
from limbeck.study.runs import runs_of
from limbeck.study.settings import LEAST_FOLDS
from limbeck.study.titles import embedding_title
from limbeck.tables.files import to_markdown

PAGE = Path(__file__).with_name("results") / "cifar100.md"
DATA = PAGE.with_suffix("")
CONFIG = PAGE.parents[2] / "config/cifar100_grid.yaml"
TEXT = DATA / "text.md"  # the page but for its tables, which stand in it as {name}
ACCURACY_FIGURE = "Accuracy by budget (Fig. 10)"
FIGURES = {
    "superclass_correlation": "Correlation of logits inside each superclass (Fig. 11)",
    "class_correlation": "Correlation of the logits of all classes",
    "embeddings_tsne": "Test images by t-SNE, each method in layers A to E",
    "embeddings_ivis": "Test images by ivis, each method in layers A to E",
    "algorithms": "One layer by t-SNE and ivis (Fig. 4)",
    "class_boundary": "Class plate among all test images, by layer (Fig. 13)",
    "class_area_tsne": "Class area over all area by layer, t-SNE",
    "class_area_ivis": "Class area over all area by layer, ivis (Fig. 14)",
    "representation": "The layers in their own space",
    "cka": "Linear CKA between layers",
}
PLATE = DATA / "class_boundary.csv"  # the numbers of that figure
WHOLE = DATA / "whole"  # of one fold, all test images
WHOLE_FIGURES = {
    "published": "Accuracy and ivis loss beside the paper's (Tables 1 and 2)",
    "embeddings_tsne": "All 10,000 test images by t-SNE, each method in layers A to E",
    "embeddings_ivis": "All 10,000 test images by ivis, each method in layers A to E",
    "class_boundary": "Class plate among all test images, by layer (Fig. 13)",
    "algorithms": "Layer D of the distilled student by t-SNE and ivis (Fig. 4)",
    "class_area_tsne": "Class area over all area by layer, t-SNE",
    "class_area_ivis": "Class area over all area by layer, ivis (Fig. 14)",
    "superclass_correlation": "Correlation of logits inside each superclass (Fig. 11)",
    "cka": "Linear CKA between layers, 2,500 labels",
    "layers": "The layers in their own space",
}
WHOLE_SHOWN = (
    *("accuracy", "class_area_ratio", "probe_accuracy", "cka:", "ivis_loss", "collapsed"),
    "embedding_seconds",
)
SHOWN = (
    *("accuracy", "superclass_correlation", "superclass_contrast", "teacher_agreement"),
    *("calibration_error", "probe_accuracy", "class_area_ratio", "ivis_loss", "collapsed"),
)
BUDGETS = (400, 2500, 5000, 10000, 20000)
FEW = BUDGETS[:2]
WHOLE_BUDGETS = (400, 2500, 20000)
LAYERS = "ABCDE"
FOLDS = 5
CONTROLS = {
    "labelled_only": "distilled on the labelled images only",
    "hard_labels": "the teacher's class instead of its probabilities",
    "smoothed": "label smoothing",
    "all_statistics": "batch-norm statistics of all training images",
}
NOT_RUN = "not run"
# By the marks of `Study.mark`; the first of these that a contrast has counts.
SAYS_NOTHING = {COLLAPSED: "collapsed", CURVE: "a curve"}
# Of Snakemake's benchmarks, and as runtime.csv has them.
SECONDS = {"s": "seconds", "cpu_time": "processor_seconds"}
STUDENTS = ("undistilled", "distilled")
LONGER_BUDGET = 2500
# By the sign of a `Contrast`.
CLAIMED = {1: "above 0", -1: "below 0", 0: "none"}
# Of a network's outputs, by the titles of their columns.
OUTPUTS = {
    "accuracy (%)": "accuracy",
    "agreement with the teacher (%)": "teacher_agreement",
    "ECE (%)": "calibration_error",
    "superclass contrast": "superclass_contrast",
}


@dataclass(frozen=True)
class Contrast:
    """A sum of weighted numbers, and the sign that is claimed of it, 0 of none.

    `terms` are weights, methods and what the numbers are of. `cell` is where it stands in its
    table, and what its unit and digits are of.
    """

    cell: Cell
    terms: Sequence[tuple[float, str, Cell]]
    sign: int


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, the differences that it is about, and where controls are asked.

    `what` says what is subtracted from what; `table` has the numbers. `limit` is what forbids to
    take the verdict for more than it is.
    """

    sentence: str
    what: str
    contrasts: Sequence[Contrast]
    controlled: Cell | None = None
    table: str = "metrics.csv"
    limit: str = ""

    def of_longer_training(self) -> "Claim | None":
        """Return the same of the networks that were trained for longer, as far as they tell."""
        known = [
            contrast
            for contrast in self.contrasts
            if {cell.budget for _, _, cell in contrast.terms} == {LONGER_BUDGET}
        ]
        if not known or self.table != "metrics.csv":
            return None
        return replace(self, contrasts=known, table="longer.csv")


def judge(study: Study, contrast: Contrast) -> list:
    """Return where a contrast stands, its folds, mean, interval and verdict, as claims.csv has."""
    numbers = [(weight, study.over_folds(method, cell)) for weight, method, cell in contrast.terms]
    folds = sorted(set.intersection(*(set(values) for _, values in numbers)))

    def side(sign: int) -> list[float]:
        return [
            sum(sign * weight * values[fold] for weight, values in numbers if sign * weight > 0)
            for fold in folds
        ]

    # Whether differences are equal but for rounding depends on how large both sides are.
    first, second = side(-1), side(1)
    test = paired_test(first, second, 0.95)
    mean = (sum(second) - sum(first)) / len(folds) if folds else None
    low, high = (test.low, test.high) if test else (None, None)
    verdict = _verdict(contrast.sign, len(folds), mean, low, high)
    if marks := {study.mark(method, cell) for _, method, cell in contrast.terms} - {""}:
        verdict = next(told for mark, told in SAYS_NOTHING.items() if mark in marks)
    cell = contrast.cell
    return [
        *(cell.metric, cell.embedding, cell.layer, cell.budget),
        *(len(folds), mean, low, high, verdict),
    ]


def _verdict(sign: int, folds: int, mean: float | None, low: float | None, high: float) -> str:
    if mean is None:
        return NOT_RUN
    if folds < LEAST_FOLDS:
        return "too few folds"
    if low is None or low <= 0 <= high:
        return "cannot be told" if sign else "not contradicted"
    return "held" if sign * mean > 0 else "did not hold"


def _minus(cell: Cell, first: str = "undistilled", second: str = "distilled") -> list:
    """Return the terms of a cell of the second method minus that of the first."""
    return [(1, second, cell), (-1, first, cell)]


def _between(
    metric: str, sign: int, layers: str, embedding: str, budgets=BUDGETS
) -> list[Contrast]:
    """Return the distilled student minus the undistilled one."""
    return [
        Contrast(cell, _minus(cell), sign)
        for layer in layers or [""]
        for cell in (Cell(metric, budget, layer, embedding) for budget in budgets)
    ]


def _gaps(
    metric: str, sign: int, layers: str, embedding: str, reference: int, budgets: Sequence[int]
) -> list[Contrast]:
    """Return how much larger that difference is than with the reference's labels."""
    return [
        Contrast(
            contrast.cell,
            [
                *contrast.terms,
                *(
                    (-weight, method, replace(cell, budget=reference))
                    for weight, method, cell in contrast.terms
                ),
            ],
            sign,
        )
        for contrast in _between(metric, sign, layers, embedding, budgets)
    ]


def _people() -> list[Contrast]:
    """Return how much more distillation adds inside people than in the mean superclass."""
    return [
        Contrast(
            mean,
            [
                *_minus(replace(mean, metric="superclass_correlation:people")),
                *((-weight, method, cell) for weight, method, cell in _minus(mean)),
            ],
            1,
        )
        for mean in (Cell("superclass_correlation", budget) for budget in BUDGETS)
    ]


SHORT = (
    "The undistilled student has seen these labels 10 times and the teacher 2.4 times, so this may "
    "be the short training's doing; at this budget no longer one was tried."
)
CLAIMS = (
    Claim(
        "Distillation raises accuracy where labels are few (Table 1).",
        "distilled minus undistilled",
        _between("accuracy", 1, "", "", FEW),
        Cell("accuracy", 2500),
    ),
    Claim(
        "The student can perform better than its teacher in highly constrained budgets (section "
        "5.1; in Table 1 from 2,500 labels on, with 20,000 by 0.54 points, less than its own "
        "spread).",
        "distilled minus teacher",
        [
            Contrast(cell, _minus(cell, "teacher"), 1)
            for cell in (Cell("accuracy", budget) for budget in BUDGETS[1:])
        ],
    ),
    Claim(
        "With 20,000 labels there is no clear effect of distillation (section 5.1, of more than "
        "20,000).",
        "distilled minus undistilled",
        _between("accuracy", 0, "", "", BUDGETS[-1:]),
        limit=SHORT,
    ),
    Claim(
        "With 20,000 labels the undistilled student is similar to its teacher, or better (section "
        "4.2, Fig. 10).",
        "undistilled minus teacher",
        [
            Contrast(
                Cell("accuracy", BUDGETS[-1]),
                _minus(Cell("accuracy", BUDGETS[-1]), "teacher", "undistilled"),
                0,
            )
        ],
        limit=SHORT,
    ),
    Claim(
        "More labels make the gap between the students smaller (Table 1, from 2,500 labels on).",
        "distilled minus undistilled, minus the same with 2,500 labels",
        _gaps("accuracy", -1, "", "", BUDGETS[1], BUDGETS[2:]),
    ),
    Claim(
        "The logits of classes inside a superclass correlate more after distillation (Fig. 11).",
        "distilled minus undistilled",
        _between("superclass_correlation", 1, "", ""),
        Cell("superclass_correlation", 2500),
    ),
    Claim(
        "The same of centred logits, inside minus outside superclasses (our control of Fig. 11).",
        "distilled minus undistilled",
        _between("superclass_contrast", 1, "", ""),
        Cell("superclass_contrast", 2500),
    ),
    Claim(
        "They do so especially inside people, which look alike (section 5.2).",
        "distilled minus undistilled of people, minus the same of the mean of all superclasses, of "
        "the processor's networks",
        _people(),
        table="processor.csv",
    ),
    Claim(
        "At A and B the ivis loss has no pattern of distillation (section 5.3).",
        "distilled minus undistilled",
        _between("ivis_loss", 0, "AB", "ivis", BUDGETS[1:]),
    ),
    Claim(
        "The ivis loss at C, D and E is lower after distillation from 2,500 labels on (section "
        "5.3; in Table 2 it is higher at C with 20,000).",
        "distilled minus undistilled",
        _between("ivis_loss", -1, "CDE", "ivis", BUDGETS[1:]),
        Cell("ivis_loss", 2500, "D", "ivis"),
    ),
    Claim(
        "With 400 labels the ivis loss of the distilled student is higher (section 5.3).",
        "distilled minus undistilled",
        _between("ivis_loss", 1, "ABCDE", "ivis", BUDGETS[:1]),
    ),
    Claim(
        "The distilled student's ivis loss hardly depends on the number of labels (section 5.3).",
        "distilled, minus the same with 400 labels",
        [
            Contrast(
                cell,
                [(1, "distilled", cell), (-1, "distilled", replace(cell, budget=BUDGETS[0]))],
                0,
            )
            for layer in LAYERS
            for cell in (Cell("ivis_loss", budget, layer, "ivis") for budget in BUDGETS[1:])
        ],
    ),
    Claim(
        "With more labels the undistilled student's ivis loss comes near the distilled one's "
        "(section 5.3).",
        "distilled minus undistilled, minus the same with 2,500 labels",
        _gaps("ivis_loss", 1, "DE", "ivis", BUDGETS[1], BUDGETS[2:]),
    ),
    Claim(
        "Classes take up less room at C, D and E after distillation, by ivis (Fig. 14).",
        "distilled minus undistilled",
        _between("class_area_ratio", -1, "CDE", "ivis"),
        Cell("class_area_ratio", 2500, "D", "ivis"),
    ),
    Claim(
        "The same by t-SNE (not in the paper).",
        "distilled minus undistilled",
        _between("class_area_ratio", -1, "CDE", "tsne"),
        Cell("class_area_ratio", 2500, "D", "tsne"),
    ),
    Claim(
        "Without distillation classes take up the same room in all layers with 400 labels, by ivis "
        "(section 5.4).",
        "undistilled, minus the same at A",
        [
            Contrast(
                cell,
                [(1, "undistilled", cell), (-1, "undistilled", replace(cell, layer="A"))],
                0,
            )
            for cell in (Cell("class_area_ratio", 400, layer, "ivis") for layer in "BCDE")
        ],
    ),
    Claim(
        "With distillation they take up less at C, D and E than at A and B, by ivis (section 5.4).",
        "distilled, minus the same at A; B is a curve nearly everywhere",
        [
            Contrast(
                cell,
                [(1, "distilled", cell), (-1, "distilled", replace(cell, layer="A"))],
                -1,
            )
            for layer in "CDE"
            for cell in (Cell("class_area_ratio", budget, layer, "ivis") for budget in BUDGETS)
        ],
    ),
    Claim(
        "More labels make the gap in class areas smaller, by ivis (section 5.4).",
        "distilled minus undistilled, minus the same with 400 labels",
        _gaps("class_area_ratio", 1, "CDE", "ivis", BUDGETS[0], BUDGETS[1:]),
    ),
    Claim(
        "A linear probe reads more from C, D and E after distillation (not in the paper).",
        "distilled minus undistilled",
        _between("probe_accuracy", 1, "CDE", ""),
        Cell("probe_accuracy", 2500, "D"),
    ),
)


LONGER_CLAIMS = tuple(filter(None, map(Claim.of_longer_training, CLAIMS)))


def _share(study: Study, method: str, cell: Cell) -> str:
    """Return the part of distilled minus undistilled that a method gives, in percent."""
    if study.mark(method, cell):
        return ""
    undistilled, distilled, value = (
        study.mean(name, cell) for name in ("undistilled", "distilled", method)
    )
    if None in (undistilled, distilled, value) or undistilled == distilled:
        return ""
    return f"{100 * (value - undistilled) / (distilled - undistilled):.0f} %"


def _number(value: float | None, cell: Cell) -> str:
    return f"{value * cell.declared.scale:+.{cell.declared.digits}f}"


def _in_words(row: list) -> str:
    """Return a row of claims.csv as a cell: difference, its interval, verdict."""
    metric, embedding, layer, budget, _, mean, low, high, verdict = row
    if mean is None:
        return ""
    cell = Cell(metric, budget, layer, embedding)
    interval = "" if low is None else f" ({_number(low, cell)} to {_number(high, cell)})"
    return f"{_number(mean, cell)}{interval}: {verdict}"


def _studies() -> dict[str, Study]:
    """Return the studies that claims are judged by, by their tables."""
    tables = {claim.table for claim in (*CLAIMS, *LONGER_CLAIMS)}
    return {table: Study(_rows(table), FOLDS) for table in tables}


def _verdicts(rows: Collection[list]) -> str:
    """Return how often rows of claims.csv have each verdict."""
    counts = Counter(row[-1] for row in rows)
    return ", ".join(
        name if len(counts) == 1 else f"{name} in {count} of {len(rows)}"
        for name, count in counts.most_common()
    )


def longer_claims_table(study: Study, longer: Study) -> str:
    """Return claims of one budget, judged by the study and by its networks trained for longer."""
    rows = []
    for claim in LONGER_CLAIMS:
        for contrast in claim.contrasts:
            cell = contrast.cell
            seen = f" by {embedding_title(cell.embedding)}" if cell.embedding else ""
            what = f"{cell.declared.title}{seen}, {claim.what.partition(';')[0]}"
            told = (_in_words(judge(trained, contrast)) for trained in (study, longer))
            rows.append([what, cell.layer, CLAIMED[contrast.sign], *told])
    head = ["difference", "layer", "claimed", "short training", "longer training"]
    return to_markdown(head, rows)


def longer_table(study: Study, longer: Study) -> str:
    """Return what networks are after the short and after the longer training."""
    cells = [Cell(metric, LONGER_BUDGET) for metric in OUTPUTS.values()]
    rows = [
        [method, name, *(found.summary(method, cell) for cell in cells)]
        for method in ("teacher", *STUDENTS)
        for name, found in (("short", study), ("longer", longer))
    ]
    return to_markdown(["method", "training", *OUTPUTS], rows)


def claims(study: Study) -> str:
    """Return the paper's claims: verdict, differences with intervals, what controls give."""
    parts, studies = [], _studies()
    for claim in CLAIMS:
        rows = {
            contrast.cell: judge(studies[claim.table], contrast) for contrast in claim.contrasts
        }
        told = _verdicts(rows.values())
        text = f"**{claim.sentence}** {told[0].upper()}{told[1:]}."
        if longer := claim.of_longer_training():
            judged = [judge(studies[longer.table], contrast) for contrast in longer.contrasts]
            text += (
                f" [Trained for longer](#trained-for-longer), with {LONGER_BUDGET:,} labels: "
                f"{_verdicts(judged)}."
            )
        text += f" {claim.limit}" if claim.limit else ""
        parts.append(f"{text} ({claim.what[0].upper()}{claim.what[1:]}.)")
        budgets = sorted({cell.budget for cell, row in rows.items() if row[5] is not None})
        if budgets:
            layers = dict.fromkeys(cell.layer for cell in rows)
            first = next(iter(rows))
            table = [
                [layer, *(_in_words(rows[replace(first, layer=layer, budget=b)]) for b in budgets)]
                for layer in layers
            ]
            head = [first.declared.title, *(f"{budget:,} labels" for budget in budgets)]
            parts.append(to_markdown(head, table).rstrip())
        shares = {
            name: _share(study, name, claim.controlled) for name in CONTROLS if claim.controlled
        }
        if any(shares.values()):
            told = "; ".join(f"{CONTROLS[name]} {part}" for name, part in shares.items() if part)
            parts.append(
                f"Of this difference at {claim.controlled}, a control alone gives: {told}."
            )
    return "\n\n".join(parts)


def published_table(study: Study, metric: str, layers: str, embedding: str = "") -> str:
    """Return measured numbers beside the paper's, by layer, method and budget."""
    paper = defaultdict(dict)
    for number in read_published("cifar100"):
        if number.metric == metric and number.mean is not None:
            paper[number.layer, number.method, number.label][number.budget] = number
    rows = []
    for (layer, method, label), cells in paper.items():
        if (layer or "") not in (layers or [""]):
            continue
        ours = [study.summary(method, Cell(metric, b, layer, embedding)) for b in BUDGETS]
        rows.append([layer, label, "paper", *(_published(cells.get(b)) for b in BUDGETS)])
        if any(ours):
            rows.append([layer, method, "measured", *ours])
    keep = [row if layers else row[1:] for row in rows]
    head = ["layer", "method", "source", *map(str, BUDGETS)]
    return to_markdown(head if layers else head[1:], keep)


def _published(number: PublishedCell | None) -> str:
    if number is None:
        return ""
    digits = 2 if SCALES[number.unit] == 100 else 3
    return format_mean(number.mean, number.std, digits)


def controls_table(study: Study, budget: int) -> str:
    """Return what undistilled, controls, distilled and teacher reach at one budget."""
    cells = {
        **{title: Cell(metric, budget) for title, metric in OUTPUTS.items()},
        "probe at C (%)": Cell("probe_accuracy", budget, "C"),
        "probe at D (%)": Cell("probe_accuracy", budget, "D"),
        "t-SNE class area at D (%)": Cell("class_area_ratio", budget, "D", "tsne"),
        "its null (%)": Cell("class_area_ratio_null", budget, "D", "tsne"),
    }
    methods = ("untrained", "undistilled", *CONTROLS, "distilled", "teacher")
    kept = {name: cell for name, cell in cells.items() if study.over_folds("distilled", cell)}
    return study.table(methods, kept)


def progress(study: Study) -> str:
    """Return how many networks are trained, and how many of their layers are measured."""
    config = read_config([CONFIG])
    planned = sum(len(runs_of(config, method)) for method in config["methods"])
    trained, seen = (
        sum(
            len(study.over_folds(m, Cell(metric, b, layer)))
            for m in config["methods"]
            for b in BUDGETS
        )
        for metric, layer in (("accuracy", ""), ("probe_accuracy", "A"))
    )
    return (
        f"Of its {planned} networks {trained} are trained and measured, the layers of {seen}. "
        "A cell that is empty was not run."
    )


def machines(study: Study) -> Study:
    """Return accuracies of the networks that a processor trained too, minus the GPU's."""
    rows = []
    for row in _rows("processor.csv"):
        if row["metric"] != "accuracy":
            continue
        ours = study.over_folds(row["method"], Cell("accuracy", int(row["budget"])))
        rows.append({**row, "value": str(float(row["value"]) - ours[int(row["fold"])])})
    return Study(rows, FOLDS)


def offset(differences: Study, method: str) -> tuple[str, str]:
    """Return a method's mean difference in points and the p-value of a paired t-test."""
    found = [
        100 * d
        for b in BUDGETS
        for d in differences.over_folds(method, Cell("accuracy", b)).values()
    ]
    test = paired_test([0.0] * len(found), found, 0.95)
    return f"{test.difference:.2f}", f"{test.p:.2f}"


def collapsed_words() -> str:
    """Return in how many embeddings by ivis, and in which layers, all points came to one place."""
    flags = [
        (row["layer"], float(row["value"]))
        for row in _rows("metrics.csv")
        if (row["metric"], row["embedding"]) == ("collapsed", "ivis")
    ]
    layers = Counter(layer for layer, flag in flags if flag)
    named = ", ".join(f"{count} of layer {layer}" for layer, count in sorted(layers.items()))
    return f"It did so in {layers.total()} of {len(flags)} embeddings: {named}."


def seeds_words() -> str:
    """Return how many of the other seeds collapsed, of each implementation."""
    seeds, collapsed = Counter(), Counter()
    for row in _rows("collapse.csv"):
        seeds[row["implementation"]] += 1
        collapsed[row["implementation"]] += int(row["collapsed"])
    parts = [f"`{name}` with {collapsed[name]} of {count} seeds" for name, count in seeds.items()]
    return " and ".join(parts)


def _pair(row: dict[str, str]) -> tuple[str, str, int]:
    return row["first_method"], row["second_method"], int(row["budget"])


def same_images_table() -> str:
    """Return differences of accuracies on the same images, and folds in which they are told."""
    told = Counter(_pair(row) for row in _rows("accuracies.csv") if row["significant"] == "yes")
    cells = defaultdict(dict)
    for row in _rows("accuracies.csv"):
        if not row["fold"]:
            mean, low, high = (100 * float(row[name]) for name in ("difference", "low", "high"))
            first, second, budget = _pair(row)
            text = f"{mean:+.2f} ({low:+.2f} to {high:+.2f}), {told[first, second, budget]}"
            cells[f"{second} minus {first}"][budget] = text
    rows = [[name, *(found.get(b, "") for b in BUDGETS)] for name, found in cells.items()]
    return to_markdown(["points", *map(str, BUDGETS)], rows)


def layers_table(
    study: Study, budgets: Sequence[int], metric: str, embedding: str = "", methods=()
) -> str:
    """Return a metric of a study's layers, budgets and methods by layers."""
    name = "cka:teacher.{}" if metric == "cka" else metric
    rows = [
        [
            *(f"{budget:,}", method),
            *(study.summary(method, Cell(name.format(i), budget, i, embedding)) for i in LAYERS),
        ]
        for budget in budgets
        for method in ("teacher", *STUDENTS, *methods)
    ]
    return to_markdown(["labels", "method", *LAYERS], [row for row in rows if any(row[2:])])


def spread_words(study: Study) -> str:
    """Return the standard deviations of ivis' loss over folds, layer by layer."""
    losses = (
        study.over_folds("distilled", Cell("ivis_loss", FEW[0], layer, "ivis")) for layer in LAYERS
    )
    return ", ".join(f"{summarise(list(values.values())).sd:.3f}" for values in losses)


def slower_words(study: Study) -> str:
    """Return in how many layers of one fold ivis took longer than t-SNE."""
    seconds = [
        [study.mean(method, Cell("embedding_seconds", b, layer, name)) for name in ("ivis", "tsne")]
        for b, method, layer in product(WHOLE_BUDGETS, ("teacher", *STUDENTS), LAYERS)
    ]
    known = [pair for pair in seconds if None not in pair]
    return f"{sum(ivis > tsne for ivis, tsne in known)} of {len(known)} layers"


def curves_words(study: Study) -> str:
    """Return where permuted classes would fill more than twice the area of one fold by ivis."""
    places = defaultdict(list)
    for budget, method, layer in product(WHOLE_BUDGETS, ("teacher", *STUDENTS), LAYERS):
        if study.mark(method, Cell("class_area_ratio", budget, layer, "ivis")) == CURVE:
            places[budget].append(f"{layer} of {method}")
    return ", ".join(f"{' and '.join(found)} ({b:,} labels)" for b, found in places.items())


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def runtime_table() -> str:
    """Return jobs of each rule, the hours that they ran, and those of processors."""
    rows = _rows("runtime.csv")
    cells = [
        [row["rule"], row["jobs"], *(f"{float(row[name]) / 3600:.2f}" for name in SECONDS.values())]
        for row in rows
    ]
    return to_markdown(["rule", "jobs", "hours", "processor hours"], cells)


def gpu_table() -> str:
    """Return the GPU's jobs and their seconds."""
    return to_markdown(
        ["rule", "jobs", "seconds"], [row.values() for row in _rows("runtime_gpu.csv")]
    )


def bring_home_runtime(results: Path) -> None:
    """Sum the seconds that the jobs of each rule ran, and those of processors."""
    found = defaultdict(list)
    for path in sorted(Path("benchmarks", results).rglob("*.tsv")):
        rule = path.relative_to(Path("benchmarks", results)).parts[0].removesuffix(".tsv")
        with path.open(encoding="utf-8") as file:
            found[rule].append(next(csv.DictReader(file, delimiter="\t")))
    rows = [
        [rule, len(jobs), *(round(sum(float(job[name]) for job in jobs)) for name in SECONDS)]
        for rule, jobs in sorted(found.items())
    ]
    write_csv(DATA / "runtime.csv", ["rule", "jobs", *SECONDS.values()], rows)


def contrasts() -> list[list]:
    """Return the rows of claims.csv."""
    studies = _studies()
    return [
        [claim.table, claim.what, *judge(studies[claim.table], contrast)]
        for claim in (*CLAIMS, *LONGER_CLAIMS)
        for contrast in claim.contrasts
    ]


def page() -> str:
    """Return the page: its text with the tables in their places."""
    rows = _rows("metrics.csv")
    study, whole = Study(rows, FOLDS), Study.read(WHOLE / "metrics.csv", 1)
    longer = Study(_rows("longer.csv"), FOLDS)
    differences = machines(study)
    points, p = offset(differences, "undistilled")
    controls = ("untrained", *CONTROLS)
    baselines = ("pi_model", "pseudo_labelling", "mean_teacher", "mixmatch", "fixmatch")
    return TEXT.read_text(encoding="utf-8").format(
        table_1=published_table(study, "accuracy", ""),
        claims=claims(study),
        controls_400=controls_table(study, 400),
        controls_2500=controls_table(study, 2500),
        baselines=study.table(
            (*STUDENTS, *baselines),
            {
                "accuracy (%)": Cell("accuracy", 2500),
                **{f"probe at {i} (%)": Cell("probe_accuracy", 2500, i) for i in "CDE"},
                **{
                    f"t-SNE class area at {i} (%)": Cell("class_area_ratio", 2500, i, "tsne")
                    for i in "CDE"
                },
            },
        ),
        table_2=published_table(study, "ivis_loss", LAYERS, "ivis"),
        runtime=runtime_table(),
        runtime_gpu=gpu_table(),
        same_images=same_images_table(),
        collapsed=collapsed_words(),
        seeds=seeds_words(),
        loss_spread=spread_words(study),
        layers_area_tsne=layers_table(study, BUDGETS, "class_area_ratio", "tsne", controls),
        layers_area_ivis=layers_table(study, BUDGETS, "class_area_ratio", "ivis", controls),
        layers_loss=layers_table(study, (2500,), "ivis_loss", "ivis", controls),
        layers_probe=layers_table(study, BUDGETS, "probe_accuracy", "", controls),
        repeated=differences.table(
            ("teacher", *STUDENTS, *CONTROLS),
            {str(budget): Cell("accuracy", budget) for budget in BUDGETS},
        ),
        undistilled_offset=points,
        undistilled_p=p,
        progress=progress(study),
        **{f"at_{budget}": Named(study, budget) for budget in BUDGETS},
        longer=Named(longer, LONGER_BUDGET),
        longer_table=longer_table(study, longer),
        longer_claims=longer_claims_table(study, longer),
        longer_area_tsne=layers_table(longer, (LONGER_BUDGET,), "class_area_ratio", "tsne"),
        longer_probe=layers_table(longer, (LONGER_BUDGET,), "probe_accuracy"),
        whole=Named(whole, 2500),
        whole_400=Named(whole, 400),
        whole_20000=Named(whole, 20000),
        whole_slower=slower_words(whole),
        whole_curves=curves_words(whole),
        whole_area_tsne=layers_table(whole, WHOLE_BUDGETS, "class_area_ratio", "tsne"),
        whole_area_ivis=layers_table(whole, WHOLE_BUDGETS, "class_area_ratio", "ivis"),
        whole_probe=layers_table(whole, WHOLE_BUDGETS, "probe_accuracy"),
        whole_cka=layers_table(whole, WHOLE_BUDGETS, "cka"),
        whole_loss=layers_table(whole, WHOLE_BUDGETS, "ivis_loss", "ivis"),
        whole_seconds_tsne=layers_table(whole, WHOLE_BUDGETS, "embedding_seconds", "tsne"),
        whole_seconds_ivis=layers_table(whole, WHOLE_BUDGETS, "embedding_seconds", "ivis"),
        whole_figures=show(WHOLE, WHOLE_FIGURES),
        figure_accuracy=show(DATA, {"accuracy": ACCURACY_FIGURE}),
        figures=show(DATA, FIGURES),
        plate=areas_of_plate(),
    )


def areas_of_plate() -> dict[str, str]:
    """Return the area of class plate over that of all images, in %: ``distilled at E``."""
    with PLATE.open(encoding="utf-8", newline="") as file:
        return {
            f"{row['method']} at {row['layer']}": f"{100 * float(row['area']):.0f}"
            for row in csv.DictReader(file)
            if row["area"]
        }


CLAIMS_HEAD = (
    *("table", "what", "metric", "embedding", "layer", "budget"),
    *("folds", "difference", "low", "high", "verdict"),
)

if __name__ == "__main__":
    if folders := [Path(folder) for folder in sys.argv[1:]]:
        grid, whole = folders
        bring_home(grid, DATA / "metrics.csv", SHOWN)
        bring_figures(grid, DATA, ["accuracy", *FIGURES])
        shutil.copy(grid / "figures" / PLATE.name, PLATE)
        bring_home_runtime(grid)
        bring_home(whole, WHOLE / "metrics.csv", WHOLE_SHOWN)
        bring_figures(whole, WHOLE, WHOLE_FIGURES)
    write_csv(DATA / "claims.csv", CLAIMS_HEAD, contrasts())
    PAGE.write_text(page(), encoding="utf-8")
