"""Published numbers in tables: rows of the paper beside those that were measured."""

import re

import pytest

from helpers.planned import accuracies, plan
from limbeck.published.comparison import READABLE, compare, read_comparisons
from limbeck.study.tables import TABLES
from limbeck.tables.published import write_comparisons
from limbeck.tables.readable import readable
from limbeck.tables.rows import COLUMNS, data_rows, table_rows


def read(kind, values, plan):
    columns, lines, _ = readable(TABLES[kind], table_rows(TABLES[kind], values, {}, plan), plan)
    return columns, lines


def test_accuracy_table_has_the_rows_of_table_1():
    methods = ["teacher", "self_distilled", "undistilled", "distilled"]
    values = {
        ("accuracy", "distilled", "", "", 2500): [0.4, 0.42],
        ("accuracy", "self_distilled", "", "", 5000): [0.5],
    }
    columns, lines = read("accuracy", values, plan(methods, [2500, 5000]))
    assert columns == ["metric", "method", "source", "2,500 labels", "5,000 labels"]
    sohn = "published: Sohn et al. (2020), as in Table 1 of the paper"
    paper = "published: Table 1 of the paper"
    nothing = ["not measured", "not measured"]
    assert [line[1:] for line in lines] == [
        ["Π-Model", sohn, "42.75 ± 0.48", "not published"],
        ["Pseudo-Labeling", sohn, "42.62 ± 0.46", "not published"],
        ["Mean Teacher", sohn, "46.09 ± 0.57", "not published"],
        ["MixMatch", sohn, "60.06 ± 0.37", "not published"],
        ["FixMatch", sohn, "71.71 ± 0.11", "not published"],
        ["FixMatch (reduced)", paper, "45.63", "not published"],
        ["WRN-28-1 undistilled", paper, "24.24 ± 1.30", "35.77 ± 1.67"],
        ["undistilled", "measured", *nothing],
        ["WRN-28-1 distilled", paper, "46.22 ± 0.61", "50.15 ± 0.80"],
        ["distilled", "measured", "41.00 ± 1.41", "not measured"],
        ["ResNet-18", paper, "41.48 ± 0.77", "47.11 ± 0.06"],
        ["teacher", "measured", *nothing],
        ["self distilled", "measured", "not measured", "50.00 (1 of 2 folds)"],
    ]


def test_published_numbers_are_data_in_the_units_of_the_metrics():
    rows = table_rows(TABLES["accuracy"], {}, {}, plan(["distilled"], [2500, 100]))
    cells = [dict(zip(COLUMNS, row, strict=True)) for row in data_rows(rows)]
    found, gap = [c for c in cells if c["method"] == "distilled" and c["source"] != "measured"]
    assert (found["mean"], found["sd"]) == (pytest.approx(0.4622), pytest.approx(0.0061))
    assert (found["n"], found["reason"]) == (5, "")
    assert (gap["mean"], gap["n"], gap["reason"]) == (None, 0, "not published")


def test_ivis_table_has_the_rows_of_table_2():
    values = {("ivis_loss", "distilled", "D", "second", 400): [0.25, 0.375]}
    embeddings = {"first": "ivis", "tsne": "tsne", "second": "ivis"}
    methods = ["teacher", "undistilled", "distilled"]
    columns, lines = read("ivis_loss", values, plan(methods, layers="D", embeddings=embeddings))
    assert columns == ["metric", "layer", "method", "embedding", "source", "400 labels"]
    paper = "published: Table 2 of the paper"
    assert [line[2:] for line in lines] == [
        ["undistilled", "first", paper, "0.181"],
        ["undistilled", "first", "measured", "not measured"],
        ["undistilled", "second", "measured", "not measured"],
        ["distilled", "first", paper, "0.240"],
        ["distilled", "first", "measured", "not measured"],
        ["distilled", "second", "measured", "0.312 ± 0.088"],
        ["teacher", "first", "measured", "not measured"],
        ["teacher", "second", "measured", "not measured"],
    ]


@pytest.mark.parametrize("kind", sorted(set(TABLES) - {"accuracy", "ivis_loss"}))
def test_other_tables_have_no_source(kind):
    columns, _ = read(kind, {}, plan(["teacher"], [400], layers="A"))
    assert "source" not in columns


def test_files_say_the_same(tmp_path):
    values = accuracies("teacher", 400, 0.25, 0.375) | accuracies("distilled", 400, 0.25)
    rows = compare(values, plan())
    outputs = [tmp_path / f"t.{suffix}" for suffix in ("csv", "md", "html")]
    write_comparisons(rows, outputs)
    for read, row in zip(read_comparisons(outputs[0]), rows, strict=True):
        for name, value in vars(row).items():
            expected = pytest.approx(value, abs=1e-6) if isinstance(value, float) else value
            assert getattr(read, name) == expected
            assert type(getattr(read, name)) is type(value)
    header, _, *lines = outputs[1].read_text().splitlines()
    assert [cell.strip() for cell in header.strip("|").split("|")] == list(READABLE)
    assert len(lines) == len(rows) == 3 + 10
    texts = [output.read_text() for output in outputs]
    assert not any(re.search(r"\bnan\b|\bNone\b|\binf\b", text) for text in texts)
