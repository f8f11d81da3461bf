"""Tables: means and deviations worked out by hand."""

import pytest

from limbeck.artifacts import METRIC_COLUMNS
from limbeck.errors import InputError
from limbeck.tables import TABLES, build_table, format_cell, gather_metrics

HEADER = ",".join(METRIC_COLUMNS)


@pytest.fixture
def table(tmp_path):
    """Return a function that builds a table from rows of metrics and gives its lines."""

    def build(kind, rows):
        (tmp_path / "metrics.csv").write_text("\n".join([HEADER, *rows, ""]))
        build_table(tmp_path / "metrics.csv", kind, tmp_path / "table.csv")
        return (tmp_path / "table.csv").read_text().splitlines()

    return build


@pytest.mark.parametrize(
    ("values", "digits", "cell"),
    [
        ([1, 2, 3, 6], 3, "3.000 ± 2.160"),  # squares 4 + 1 + 0 + 9 over 3: sqrt(14 / 3)
        ([50.5, 51.5], 2, "51.00 ± 0.71"),
        ([2, 2, 2], 1, "2.0 ± 0.0"),
        ([46.218], 2, "46.22"),
        ([], 2, ""),
        ([float("nan"), 4], 1, "4.0"),
        ([float("nan"), 4, float("inf"), 6], 1, "5.0 ± 1.4"),
        ([float("nan")], 1, ""),
    ],
)
def test_cell_by_hand(values, digits, cell):
    assert format_cell(values, digits) == cell


def test_accuracy_by_hand(table):
    assert table("accuracy", [
        "s,teacher,50,0,,,accuracy,0.5",
        "s,teacher,50,0,,,top_5_accuracy,0.875",
        "s,teacher,50,0,,,training_seconds,12",
        "s,teacher,50,1,,,accuracy,0.6",
        "s,teacher,200,0,,,accuracy,0.75",
        "s,distilled,200,0,,,accuracy,0.8",
        "s,distilled,200,1,,,accuracy,0.9",
        "s,distilled,200,2,,,accuracy,0.85",
    ]) == [
        "metric,method,50,200",
        "accuracy (%),teacher,55.00 ± 7.07,75.00",
        "accuracy (%),distilled,,85.00 ± 5.00",
        "top-5 accuracy (%),teacher,87.50,",
    ]  # fmt: skip


def test_budgets_keep_their_order(table):
    rows = [f"s,teacher,{budget},0,,,accuracy,0.5" for budget in (2500, 400, 10000)]
    assert table("accuracy", rows)[0] == "metric,method,2500,400,10000"


def test_class_area_by_hand(table):
    assert table("class_area", [
        "s,teacher,50,0,A,tsne,class_area_ratio,0.25",
        "s,teacher,50,1,A,tsne,class_area_ratio,nan",
        "s,teacher,50,0,A,ivis,class_area_ratio,0.5",
        "s,teacher,50,0,B,tsne,class_area_ratio,0.125",
        "s,teacher,50,0,B,tsne,silhouette,0.3",
    ]) == [
        "metric,embedding,layer,method,50",
        "class area ratio (%),tsne,A,teacher,25.00",
        "class area ratio (%),tsne,B,teacher,12.50",
        "class area ratio (%),ivis,A,teacher,50.00",
    ]  # fmt: skip


def test_ivis_loss_by_hand(table):
    assert table("ivis_loss", [
        "s,teacher,50,0,A,ivis,ivis_loss,0.25",
        "s,teacher,50,1,A,ivis,ivis_loss,0.5",
        "s,teacher,50,0,A,ivis2,ivis_loss,1.5",
        "s,teacher,50,0,A,tsne,kl_divergence,2",
    ]) == [
        "metric,layer,method,embedding,50",
        "ivis loss at convergence,A,teacher,ivis,0.375 ± 0.177",
        "ivis loss at convergence,A,teacher,ivis2,1.500",
    ]  # fmt: skip


def test_superclasses_have_rows_of_their_own(table):
    assert table("superclass_correlation", [
        "s,teacher,50,0,,,superclass_correlation,0.3",
        "s,teacher,50,0,,,superclass_correlation:fish,0.2",
        "s,teacher,50,0,,,superclass_correlation:large_trees,0.4",
        "s,teacher,50,1,,,superclass_correlation:fish,0.6",
    ]) == [
        "metric,method,50",
        "mean over superclasses,teacher,0.300",
        "fish,teacher,0.400 ± 0.283",
        "large_trees,teacher,0.400",
    ]  # fmt: skip


def test_runtime_by_hand(table):
    assert table("runtime", [
        "s,teacher,50,0,,,training_seconds,12.5",
        "s,teacher,50,0,A,,extraction_seconds,1",
        "s,teacher,50,0,A,,neighbour_seconds,2",
        "s,teacher,50,0,A,tsne,embedding_seconds,3",
        "s,teacher,50,1,A,tsne,embedding_seconds,7",
    ]) == [
        "metric,method,layer,embedding,50",
        "training (s),teacher,,,12.50",
        "extraction (s),teacher,A,,1.00",
        "neighbours (s),teacher,A,,2.00",
        "embedding (s),teacher,A,tsne,5.00 ± 2.83",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", TABLES)
def test_nothing_measured_leaves_the_header(table, kind):
    lines = table(kind, ["s,teacher,50,0,,,something_else,1"])
    assert len(lines) == 1
    assert lines[0].startswith("metric,")
    assert lines[0].endswith(",50")


def test_unknown_kind_is_an_error(table):
    with pytest.raises(InputError, match="^--kind acuracy: did you mean 'accuracy'. allowed: "):
        table("acuracy", [])


def test_gathered_rows_keep_their_order(tmp_path):
    first = ["s,teacher,50,0,,,accuracy,0.5", "s,teacher,50,0,,,training_seconds,1.50"]
    second = ["s,distilled,50,0,A,tsne,silhouette,-0.25"]
    for name, rows in (("z.csv", first), ("a.csv", second)):
        (tmp_path / name).write_text("\n".join([HEADER, *rows, ""]))
    gather_metrics([tmp_path / "z.csv", tmp_path / "a.csv"], tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_text().splitlines() == [HEADER, *first, *second]
