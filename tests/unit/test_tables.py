"""Tables: means and deviations worked out by hand, and gaps that say what they are."""

import csv
import json
from html.parser import HTMLParser

import pytest

from limbeck.runtime.errors import InputError
from limbeck.runtime.storage import METRIC_COLUMNS
from limbeck.stages.build_table import build_table
from limbeck.stages.gather_metrics import gather_metrics
from limbeck.statistics.fold_summaries import format_cell, values_over_folds
from limbeck.study.settings import StudyPlan, parse_settings
from limbeck.tables.files import write_table
from limbeck.tables.layout import TABLES

HEADER = ",".join(METRIC_COLUMNS)
PLAN = {
    "budgets": [50],
    "folds": 2,
    "methods": ["teacher"],
    "layers": ["A"],
    "embeddings": {"tsne": "tsne", "ivis": "ivis"},
    "published": None,
}


@pytest.fixture
def table(tmp_path):
    """Return a function that builds a table from rows of metrics and gives its lines."""

    def build(kind, rows, **plan):
        (tmp_path / "metrics.csv").write_text("\n".join([HEADER, *rows, ""]))
        plan = StudyPlan(**{**PLAN, **plan})
        build_table(tmp_path / "metrics.csv", kind, plan, [tmp_path / "table.csv"])
        return (tmp_path / "table.csv").read_text().splitlines()

    return build


@pytest.mark.parametrize(
    ("values", "digits", "planned", "cell"),
    [
        ([1, 2, 3, 6], 3, 4, "3.000 ± 2.160"),  # squares 4 + 1 + 0 + 9 over 3: sqrt(14 / 3)
        ([50.5, 51.5], 2, 2, "51.00 ± 0.71"),
        ([2, 2, 2], 1, 3, "2.0 ± 0.0"),
        ([50.5, 51.5], 2, 5, "51.00 ± 0.71 (2 of 5)"),
        ([46.218], 2, 1, "46.22 (one fold)"),
        ([46.218], 2, 5, "46.22 (one fold of 5)"),
        ([], 2, 1, "not measured"),
        ([], 2, 5, "not measured"),
    ],
)
def test_cell_by_hand(values, digits, planned, cell):
    assert format_cell(values, digits, planned) == cell


@pytest.mark.parametrize(
    ("folds", "texts", "reason"),
    [
        ("012", ["4", "nan", "6"], "fold 1 is not finite"),
        ("012", ["4", "5", "-inf"], "fold 2 is not finite"),
        ("010", ["4", "5", "4"], "fold 0 is there twice"),
    ],
)
def test_folds_have_one_finite_value_each(folds, texts, reason):
    row = {"metric": "silhouette", "method": "teacher", "layer": "A", "embedding": "tsne"}
    rows = [
        {**row, "budget": "50", "fold": fold, "value": text}
        for fold, text in zip(folds, texts, strict=True)
    ]
    with pytest.raises(InputError, match=reason):
        values_over_folds(rows)
    assert dict(values_over_folds(rows[:1])) == {("silhouette", "teacher", "A", "tsne", 50): [4]}


def test_accuracy_by_hand(table):
    rows = [
        "s,teacher,50,0,,,accuracy,0.5",
        "s,teacher,50,0,,,top_5_accuracy,0.875",
        "s,teacher,50,0,,,training_seconds,12",
        "s,teacher,50,1,,,accuracy,0.6",
        "s,teacher,50,2,,,accuracy,0.7",
        "s,teacher,200,0,,,accuracy,0.75",
        "s,distilled,200,0,,,accuracy,0.8",
        "s,distilled,200,1,,,accuracy,0.9",
    ]
    plan = {"budgets": [50, 200], "folds": 3, "methods": ["teacher", "distilled"]}
    assert table("accuracy", rows, **plan) == [
        "metric,method,50,200",
        "accuracy (%),teacher,60.00 ± 10.00,75.00 (one fold of 3)",
        "accuracy (%),distilled,not measured,85.00 ± 7.07 (2 of 3)",
        "top-5 accuracy (%),teacher,87.50 (one fold of 3),not measured",
        "top-5 accuracy (%),distilled,not measured,not measured",
    ]


def test_rows_and_columns_are_those_of_the_plan_in_its_order(table):
    rows = [
        f"s,{method},{budget},0,,,accuracy,0.5"
        for method in ("surplus", "teacher")
        for budget in (2500, 400, 10000, 20000)
    ]
    plan = {"budgets": [10000, 400, 5000], "folds": 1, "methods": ["distilled", "teacher"]}
    assert table("accuracy", rows, **plan)[:3] == [
        "metric,method,10000,400,5000",
        "accuracy (%),distilled,not measured,not measured,not measured",
        "accuracy (%),teacher,50.00 (one fold),50.00 (one fold),not measured",
    ]


def test_class_area_by_hand(table):
    rows = [
        "s,teacher,50,0,A,tsne,class_area_ratio,0.25",
        "s,teacher,50,0,A,ivis,class_area_ratio,0.5",
        "s,teacher,50,1,A,ivis,class_area_ratio,0.25",
        "s,teacher,50,0,B,tsne,silhouette,0.3",
    ]
    assert table("class_area", rows, layers=["A", "B"]) == [
        "metric,embedding,layer,method,50",
        "class area ratio (%),tsne,A,teacher,25.00 (one fold of 2)",
        "class area ratio (%),tsne,B,teacher,not measured",
        "class area ratio (%),ivis,A,teacher,37.50 ± 17.68",
        "class area ratio (%),ivis,B,teacher,not measured",
    ]


def test_ivis_loss_has_rows_for_ivis_only(table):
    rows = [
        "s,teacher,50,0,A,ivis,ivis_loss,0.25",
        "s,teacher,50,1,A,ivis,ivis_loss,0.5",
        "s,teacher,50,0,A,ivis2,ivis_loss,1.5",
        "s,teacher,50,0,A,tsne,kl_divergence,2",
    ]
    embeddings = {"tsne": "tsne", "ivis": "ivis", "pca": "pca", "ivis2": "ivis"}
    assert table("ivis_loss", rows, embeddings=embeddings) == [
        "metric,layer,method,embedding,50",
        "ivis loss at convergence,A,teacher,ivis,0.375 ± 0.177",
        "ivis loss at convergence,A,teacher,ivis2,1.500 (one fold of 2)",
    ]


def test_superclasses_have_rows_of_their_own(table):
    rows = [
        "s,teacher,50,0,,,superclass_correlation,0.3",
        "s,teacher,50,0,,,superclass_correlation:fish,0.2",
        "s,teacher,50,0,,,superclass_correlation:large_trees,0.4",
        "s,teacher,50,1,,,superclass_correlation:fish,0.6",
    ]
    assert table("superclass_correlation", rows, methods=["teacher", "distilled"]) == [
        "metric,method,50",
        "mean over superclasses,teacher,0.300 (one fold of 2)",
        "mean over superclasses,distilled,not measured",
        "fish,teacher,0.400 ± 0.283",
        "fish,distilled,not measured",
        "large_trees,teacher,0.400 (one fold of 2)",
        "large_trees,distilled,not measured",
    ]


def test_runtime_by_hand(table):
    rows = [
        "s,teacher,50,0,,,training_seconds,12.5",
        "s,teacher,50,0,A,,extraction_seconds,1",
        "s,teacher,50,0,A,tsne,embedding_seconds,3",
        "s,teacher,50,1,A,tsne,embedding_seconds,7",
    ]
    assert table("runtime", rows) == [
        "metric,method,layer,embedding,50",
        "training (s),teacher,,,12.50 (one fold of 2)",
        "extraction (s),teacher,A,,1.00 (one fold of 2)",
        "neighbours (s),teacher,A,,not measured",
        "embedding (s),teacher,A,tsne,5.00 ± 2.83",
        "embedding (s),teacher,A,ivis,not measured",
    ]


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("published", [None, "cifar100"])
def test_nothing_measured_is_said_in_every_cell(table, kind, published):
    header, *lines = table(
        kind, ["s,teacher,50,0,,,something_else,1"], budgets=[50, 60], published=published
    )
    assert header.endswith(",50,60")
    assert lines
    gaps = {",".join([gap] * 2) for gap in ("not measured", "not published")}
    assert all(line.endswith(tuple(gaps)) for line in lines)


def test_unknown_kind_is_an_error(table):
    with pytest.raises(InputError, match="^--kind acuracy: did you mean 'accuracy'. allowed: "):
        table("acuracy", [])


def test_plan_is_read_from_json_in_its_order():
    plan = parse_settings("plan", json.dumps({**PLAN, "embeddings": {"z": "pca", "a": "tsne"}}))
    assert plan == StudyPlan((50,), 2, ("teacher",), ("A",), {"z": "pca", "a": "tsne"}, None)
    assert list(plan.embeddings) == ["z", "a"]
    with pytest.raises(InputError, match="published = 'cifar': did you mean 'cifar100'.*null"):
        parse_settings("plan", json.dumps({**PLAN, "published": "cifar"}))


def test_gathered_rows_keep_their_order(tmp_path):
    first = ["s,teacher,50,0,,,accuracy,0.5", "s,teacher,50,0,,,training_seconds,1.50"]
    second = ["s,distilled,50,0,A,tsne,silhouette,-0.25"]
    for name, rows in (("z.csv", first), ("a.csv", second)):
        (tmp_path / name).write_text("\n".join([HEADER, *rows, ""]))
    gather_metrics([tmp_path / "z.csv", tmp_path / "a.csv"], tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_text().splitlines() == [HEADER, *first, *second]


# --- Formats ----------------------------------------------------------------------------------

LONG = "a source whose name is longer than the fifty characters that pandas shows"
COLUMNS = ("metric", "source", "50")
ROWS = [("a|b <x> & y", LONG, "24.10 ± 0.50"), ("", "measured", "not measured")]


def test_markdown_by_hand(tmp_path):
    write_table(tmp_path / "t.md", COLUMNS, ROWS, "title")
    lines = (tmp_path / "t.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line[1:-1].split(" | ")] for line in lines]
    assert cells[0] == list(COLUMNS)
    assert set(lines[1]) == set("|:-")
    assert cells[2:] == [[r"a\|b <x> & y", LONG, "24.10 ± 0.50"], list(ROWS[1])]
    assert len({len(line) for line in lines}) == 1


class CellReader(HTMLParser):
    """Collects the text of the cells of a page, row by row."""

    def __init__(self):
        super().__init__()
        self.rows, self.in_cell = [], False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self.in_cell = tag in ("td", "th")

    def handle_endtag(self, tag):
        self.in_cell = False

    def handle_data(self, data):
        if self.in_cell:
            self.rows[-1][-1] += data


def test_html_is_a_page_whose_table_can_be_read_back(tmp_path):
    write_table(tmp_path / "t.html", COLUMNS, ROWS, "a < b")
    text = (tmp_path / "t.html").read_text()
    assert text.startswith("<!DOCTYPE html>") and "<title>a &lt; b</title>" in text
    assert text.count('class="gap"') == 1 and '<td class="gap">not measured</td>' in text
    reader = CellReader()
    reader.feed(text)
    assert reader.rows == [list(COLUMNS), *map(list, ROWS)]


def test_csv_keeps_every_cell(tmp_path):
    write_table(tmp_path / "t.csv", COLUMNS, ROWS, "title")
    with open(tmp_path / "t.csv", newline="") as file:
        assert list(csv.reader(file)) == [list(COLUMNS), *map(list, ROWS)]


def test_other_formats_are_an_error(tmp_path):
    with pytest.raises(InputError, match=r"--table .*t\.tex: suffix '\.tex'; allowed: \.csv"):
        write_table(tmp_path / "t.tex", COLUMNS, ROWS, "title")
    assert list(tmp_path.iterdir()) == []
