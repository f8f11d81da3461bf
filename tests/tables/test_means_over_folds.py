"""Tables of means over folds: worked out by hand, for programs and for readers."""

import csv
import json
from dataclasses import replace

import pytest

from limbeck.runtime.errors import InputError
from limbeck.runtime.storage import METRIC_COLUMNS, read_rows
from limbeck.stages.build_table import build_table
from limbeck.study.metrics import KINDS, metrics_of
from limbeck.study.settings import StudyPlan, parse_settings
from limbeck.study.tables import TABLES
from limbeck.tables.rows import COLUMNS

HEADER = ",".join(METRIC_COLUMNS)
PLAN = {
    "budgets": [50],
    "methods": {"teacher": {"50": 2}},
    "layers": {"A": ["teacher"]},
    "embeddings": {"tsne": "tsne", "ivis": "ivis"},
    "metrics": {kind: list(metrics_of(kind)) for kind in KINDS},
    "published": None,
}


@pytest.fixture
def table(tmp_path):
    """Return a function that builds a table from rows of metrics and gives its data and lines.

    Rows are "method,budget,fold,layer,embedding,metric,value", with ",reason" behind some. Lines
    are those of the Markdown file, as lists of cells, without the rule below the header.
    """

    def build(kind, rows, **plan):
        lines = [f"s,{row}{',' * (7 - row.count(','))}" for row in rows]
        (tmp_path / "metrics.csv").write_text("\n".join([HEADER, *lines, ""]))
        outputs = [tmp_path / f"table.{suffix}" for suffix in ("csv", "md", "html")]
        build_table(tmp_path / "metrics.csv", kind, StudyPlan(**{**PLAN, **plan}), outputs)
        note, _, markdown = outputs[1].read_text().partition("\n\n")
        cells = [[c.strip() for c in line[1:-1].split(" | ")] for line in markdown.splitlines()]
        return read_rows(outputs[0]), [cells[0], *cells[2:]], note

    return build


ACCURACIES = [
    *("teacher,50,0,,,accuracy,0.5", "teacher,50,1,,,accuracy,0.6", "teacher,50,2,,,accuracy,0.7"),
    *("teacher,200,0,,,accuracy,0.75", "teacher,50,0,,,top_5_accuracy,0.875"),
    *("distilled,200,0,,,accuracy,0.8", "distilled,200,1,,,accuracy,0.9"),
]
THREE = {"50": 3, "200": 3}
METHODS = {"budgets": [50, 200], "methods": {"teacher": THREE, "distilled": THREE}}


def test_accuracy_for_programs_by_hand(table):
    rows, _, _ = table("accuracy", ACCURACIES, **METHODS)
    assert list(rows[0]) == list(COLUMNS)
    first, one_fold, missing, two = rows[:4]
    assert first | {"metric": "accuracy", "method": "teacher", "budget": "50"} == first
    assert (first["mean"], first["sd"], first["n"], first["folds"]) == ("0.6", "0.1", "3", "3")
    assert (first["source"], first["reason"]) == ("measured", "")
    assert (one_fold["mean"], one_fold["sd"], one_fold["n"]) == ("0.75", "", "1")
    assert one_fold["reason"] == missing["reason"] == "not measured"
    assert (missing["mean"], missing["sd"], missing["n"]) == ("", "", "0")
    # 0.1 over the root of 2.
    assert (two["method"], two["budget"], two["mean"]) == ("distilled", "200", "0.85")
    assert float(two["sd"]) == pytest.approx(0.0707107, abs=1e-6)


def test_folds_that_are_not_planned_are_left_out(table):
    planned = {"budgets": [50, 200], "methods": {"teacher": {"50": 2}, "distilled": {"200": 1}}}
    rows, _, _ = table("accuracy", ACCURACIES, **planned)
    means = {(row["method"], row["budget"]): (row["mean"], row["n"]) for row in rows[:4]}
    assert means == {
        ("teacher", "50"): ("0.55", "2"),
        ("teacher", "200"): ("", "0"),
        ("distilled", "50"): ("", "0"),
        ("distilled", "200"): ("0.8", "1"),
    }


def test_accuracy_for_readers_by_hand(table):
    _, lines, note = table("accuracy", ACCURACIES, **METHODS)
    assert lines == [
        ["metric", "method", "50 labels", "200 labels"],
        ["accuracy (%)", "teacher", "60.00 ± 10.00", "75.00 (1 of 3 folds)"],
        ["accuracy (%)", "distilled", "not measured", "85.00 ± 7.07 (2 of 3 folds)"],
        ["top-5 accuracy (%)", "teacher", "87.50 (1 of 3 folds)", "not measured"],
        ["top-5 accuracy (%)", "distilled", "not measured", "not measured"],
    ]
    assert note == "Mean ± sample standard deviation over folds."


def test_rows_and_columns_are_those_of_the_plan_in_its_order(table):
    rows = [
        f"{method},{budget},0,,,accuracy,0.5"
        for method in ("surplus", "teacher")
        for budget in (2500, 400, 10000, 20000)
    ]
    one = {"10000": 1, "400": 1, "5000": 1}
    plan = {"budgets": [10000, 400, 5000], "methods": {"distilled": one, "teacher": one}}
    _, lines, note = table("accuracy", rows, **plan)
    assert lines[:3] == [
        ["metric", "method", "10,000 labels", "400 labels", "5,000 labels"],
        ["accuracy (%)", "distilled", *["not measured"] * 3],
        ["accuracy (%)", "teacher", "50.00", "50.00", "not measured"],
    ]
    assert note == "One fold."


def test_a_method_that_is_not_run_at_a_budget_says_so(table):
    methods = {"teacher": {"50": 1, "200": 1}, "control": {"50": 1}}
    rows = ["control,50,0,,,accuracy,0.5"]
    data, lines, _ = table("accuracy", rows, budgets=[50, 200], methods=methods)
    assert lines[2] == ["accuracy (%)", "control", "50.00", "not run"]
    assert (data[3]["n"], data[3]["folds"], data[3]["reason"]) == ("0", "0", "not run")


def test_reasons_stand_where_there_is_no_value(table):
    rows = [
        "teacher,50,0,A,tsne,class_area_ratio,,all points lie on a line",
        "teacher,50,1,A,tsne,class_area_ratio,,all points lie on a line",
        "teacher,50,0,A,ivis,class_area_ratio,0.5",
        "teacher,50,1,A,ivis,class_area_ratio,,a class has 2 images",
    ]
    data, lines, _ = table("class_area", rows)
    assert [row["reason"] for row in data[:2]] == [
        "not measured: all points lie on a line",
        "not measured: a class has 2 images",
    ]
    assert lines[1][-1] == "not measured: all points lie on a line"
    assert lines[2][-1] == "50.00 (1 of 2 folds)"


AREAS = [
    *("teacher,50,0,A,tsne,class_area_ratio,0.25", "teacher,50,1,A,tsne,class_area_ratio,0.75"),
    *(f"teacher,50,{fold},A,tsne,class_area_ratio_null,1.{2 * fold}" for fold in (0, 1)),
    *(f"teacher,50,{fold},A,tsne,class_area_ratio_null_low,0.9" for fold in (0, 1)),
    *(f"teacher,50,{fold},A,tsne,class_area_ratio_null_high,1.3" for fold in (0, 1)),
    *("teacher,50,0,A,tsne,class_area_ratio_to_null,0.25",),
]


def test_nulls_have_columns_of_their_own(table):
    data, lines, note = table("class_area", AREAS, embeddings={"tsne": "tsne"})
    area = data[0]
    assert [float(area[name]) for name in ("mean", "null", "null_low", "null_high")] == (
        [0.5, 1.1, 0.9, 1.3]
    )
    assert data[1]["metric"] == "class_area_ratio_to_null" and data[1]["null"] == ""
    assert lines[:3] == [
        ["metric", "embedding", "layer", "method", "50 labels", "null at 50"],
        [
            *("class area ratio (%)", "t-SNE", "A", "teacher"),
            *("50.00 ± 35.36", "110.00 (90.00 to 130.00)"),
        ],
        [
            *("class area over that of permuted classes (%)", "t-SNE", "A", "teacher"),
            *("25.00 (1 of 2 folds)", ""),
        ],
    ]
    assert (
        "class area ratio: permuted classes" in note
        and "in brackets 2.5th to 97.5th percentile" in note
    )


def test_collapsed_and_unconverged_embeddings_are_marked(table):
    rows = [
        *("teacher,50,0,A,ivis,ivis_loss,0.25", "teacher,50,1,A,ivis,ivis_loss,0.5"),
        *("teacher,50,0,A,ivis,ivis_epochs,20", "teacher,50,1,A,ivis,ivis_epochs,30"),
        *("teacher,50,0,A,ivis,ivis_converged,1", "teacher,50,1,A,ivis,ivis_converged,0"),
        *("teacher,50,0,A,ivis,collapsed,1", "teacher,50,1,A,ivis,collapsed,0"),
        "teacher,50,0,A,tsne,kl_divergence,2",
    ]
    _, lines, note = table("ivis_loss", rows)
    assert [line[-1] for line in lines[1:]] == ["0.375 ± 0.177 † ‡", "25 ± 7 †", "in 1 of 2 folds"]
    assert "† in a fold or more the embedding collapsed" in note
    assert "‡ in a fold or more ivis had not converged" in note
    whole = [row.replace("collapsed,1", "collapsed,0") for row in rows if "converged" not in row]
    assert "†" not in table("ivis_loss", whole)[2]


def test_ivis_loss_has_rows_for_ivis_only(table):
    rows = ["teacher,50,0,A,ivis2,ivis_loss,1.5", "teacher,50,0,A,tsne,kl_divergence,2"]
    embeddings = {"tsne": "tsne", "ivis": "ivis", "pca": "pca", "ivis2": "ivis"}
    data, _, _ = table("ivis_loss", rows, embeddings=embeddings)
    assert [row["embedding"] for row in data if row["metric"] == "ivis_loss"] == ["ivis", "ivis2"]
    assert table("ivis_loss", rows, embeddings={"tsne": "tsne"})[0] == []


def test_superclasses_have_rows_of_their_own(table):
    rows = [
        "teacher,50,0,,,superclass_correlation,0.3",
        "teacher,50,0,,,superclass_correlation:fish,0.2",
        "teacher,50,1,,,superclass_correlation:fish,0.6",
        "teacher,50,0,,,superclass_correlation:large_trees,0.4",
    ]
    data, lines, _ = table("superclass_correlation", rows)
    assert [row["part"] for row in data] == ["", "fish", "large_trees", ""]
    label = "correlation of logits inside superclasses"
    assert lines[:4] == [
        ["metric", "part", "method", "50 labels"],
        [label, "", "teacher", "0.300 (1 of 2 folds)"],
        [label, "fish", "teacher", "0.400 ± 0.283"],
        [label, "large trees", "teacher", "0.400 (1 of 2 folds)"],
    ]


def test_pairs_of_methods_are_named_and_none_is_compared_with_itself(table):
    rows = [
        "pi_model,50,0,A,,neighbour_overlap:teacher,0.25",
        "pi_model,50,0,A,,neighbour_overlap_null:teacher,0.1",
    ]
    methods = {"teacher": {"50": 1}, "pi_model": {"50": 1}}
    plan = {"methods": methods, "layers": {"A": list(methods)}}
    data, lines, _ = table("representation", rows, **plan)
    shared = [row for row in data if row["metric"] == "neighbour_overlap"]
    assert [(row["part"], row["method"], row["null"]) for row in shared] == [
        ("teacher", "pi_model", "0.1")
    ]
    assert lines[-1] == ["neighbours shared with teacher (%)", "A", "Π-Model", "25.00", "10.00"]


def test_layers_that_a_method_lacks_and_metrics_that_are_not_taken_have_no_rows(table):
    plan = {
        "methods": {"teacher": {"50": 1}, "distilled": {"50": 1}},
        "layers": {"A": ["teacher", "distilled"], "F": ["teacher"]},
        "metrics": {**PLAN["metrics"], "layers": ["silhouette"], "pairs": []},
    }
    data, _, _ = table("representation", ["teacher,50,0,A,,silhouette,0.5"], **plan)
    assert {row["metric"] for row in data} == {"silhouette"}
    assert [(row["layer"], row["method"]) for row in data] == [
        ("A", "teacher"),
        ("A", "distilled"),
        ("F", "teacher"),
    ]


def test_a_name_of_two_kinds_is_that_of_the_table(table):
    rows = ["teacher,50,0,A,,knn_accuracy,0.5", "teacher,50,0,A,tsne,knn_accuracy,0.25"]
    for kind, mean in (("representation", "0.5"), ("embedding_quality", "0.25")):
        data, _, _ = table(kind, rows)
        found = [row for row in data if row["metric"] == "knn_accuracy"]
        assert found[0]["mean"] == mean


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("published", [None, "cifar100"])
def test_no_number_is_a_word(table, kind, published):
    data, lines, _ = table(
        kind,
        ["teacher,50,0,,,something_else,1"],
        budgets=[50, 60],
        methods={"teacher": {"50": 2, "60": 2}},
        published=published,
    )
    assert data and len(lines) > 1
    numbers = COLUMNS[COLUMNS.index("budget") : COLUMNS.index("reason")]
    for row in data:
        assert row["reason"] in ("not measured", "not published")
        assert [row[name] for name in numbers[1:]] == ["", "", "0", row["folds"], "", "", ""]
    assert all(line[-1] in ("not measured", "not published") for line in lines[1:])


def test_of_how_many_folds_a_published_mean_is_may_be_unknown(table):
    data, _, _ = table(
        "accuracy",
        ["teacher,400,0,,,accuracy,0.5"],
        budgets=[400],
        methods={"teacher": {"400": 1}},
        published="cifar100",
    )
    folds = {row["method"]: (row["n"], row["folds"]) for row in data if row["mean"]}
    assert folds["fixmatch"] == ("", "")
    assert folds["fixmatch_wide"] == ("5", "5")


def test_unknown_kind_is_an_error(table):
    with pytest.raises(InputError, match="^--kind acuracy: did you mean 'accuracy'. allowed: "):
        table("acuracy", [])


def test_plan_is_read_from_json_in_its_order():
    given = {**PLAN, "embeddings": {"z": "pca", "a": "tsne"}}
    plan = parse_settings(StudyPlan, json.dumps(given))
    assert list(plan.embeddings) == ["z", "a"]
    with pytest.raises(InputError, match="published = 'cifar': did you mean 'cifar100'.*null"):
        parse_settings(StudyPlan, json.dumps({**PLAN, "published": "cifar"}))
    assert replace(plan, published="cifar100").embeddings_of(("ivis",)) == ["ivis"]


def test_hostile_names_are_text_in_every_format(table, tmp_path):
    name = '<b>a|b</b> "c",\n*d* $e$'
    rows = [f'teacher,50,0,,,"superclass_correlation:{name.replace(chr(34), chr(34) * 2)}",0.5']
    lines = [HEADER, "s," + rows[0] + ","]
    (tmp_path / "metrics.csv").write_text("\n".join([*lines, ""]))
    outputs = [tmp_path / f"t.{suffix}" for suffix in ("csv", "md", "html")]
    build_table(tmp_path / "metrics.csv", "superclass_correlation", StudyPlan(**PLAN), outputs)
    with open(outputs[0], newline="") as file:
        assert name in {row["part"] for row in csv.DictReader(file)}
    assert r"&lt;b&gt;a\|b&lt;/b&gt; " + '"c",' + r"\\n\*d\* \$e\$" in outputs[1].read_text()
    page = outputs[2].read_text()
    assert "<b>" not in page and "&lt;b&gt;a|b&lt;/b&gt;" in page
