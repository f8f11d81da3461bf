"""Published numbers against those of the paper's page, and comparisons worked out by hand."""

import dataclasses
import itertools
import math
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from limbeck.published import comparison
from limbeck.published.comparison import READABLE, compare, read_comparisons, readable, z_score
from limbeck.published.numbers import SCALES, digest, names, read_published
from limbeck.runtime.errors import InputError
from limbeck.study.config import read_config
from limbeck.study.settings import StudyPlan
from limbeck.study.structure import CONFIG
from limbeck.tables.published import write_comparisons

CONFIG_FOLDER = Path(__file__).parents[2] / "config"
BUDGETS = (400, 2500, 5000, 10000, 20000)
METHODS = ["teacher", "undistilled", "distilled"]
PLAN = {
    "budgets": [400],
    "methods": METHODS,
    "layers": {layer: METHODS for layer in "ABCDE"},
    "embeddings": {"tsne": "tsne", "ivis": "ivis"},
    "metrics": {"predictions": ["accuracy"], "embeddings": ["ivis_loss"]},
    "published": "cifar100",
}


@pytest.fixture
def plan():
    """Return a function that gives the plan of a study, changed where its keywords say so.

    All methods are run in as many `folds` at all budgets.
    """

    def build(folds=2, **changes):
        plan = {**PLAN, **changes}
        folds_at = {str(budget): folds for budget in plan["budgets"]}
        return StudyPlan(**{**plan, "methods": {name: folds_at for name in plan["methods"]}})

    return build


def accuracies(method, budget, *values):
    return {("accuracy", method, "", "", budget): list(values)}


# --- The files --------------------------------------------------------------------------------


def test_the_config_allows_the_files_there_are():
    assert CONFIG.keys["published"].allowed == (*names(), None)
    assert names() == ["cifar100"]


def test_cells_are_complete_and_unique():
    cells = Counter((c.metric, c.method, c.layer, c.budget) for c in read_published("cifar100"))
    assert set(cells.values()) == {1}
    table_1 = [
        *("pi_model", "pseudo_labelling", "mean_teacher", "mixmatch", "fixmatch_wide", "fixmatch"),
        *METHODS,
    ]
    assert set(cells) == {
        *itertools.product(["accuracy"], table_1, [""], BUDGETS),
        *itertools.product(["ivis_loss"], ["undistilled", "distilled"], "ABCDE", BUDGETS),
    }


def test_cells_have_what_they_need():
    for cell in read_published("cifar100"):
        percent = cell.metric == "accuracy"
        assert cell.unit == ("percent" if percent else "1") and cell.unit in SCALES
        assert cell.mean is None or 0 < cell.mean < (100 if percent else 1)
        assert cell.std is None or (cell.mean is not None and cell.folds == 5)
        assert cell.label and re.search("Table [12] of the paper", cell.source)


def means(metric, method, layer=""):
    return [
        (cell.mean, cell.std)
        for cell in read_published("cifar100")
        if (cell.metric, cell.method, cell.layer) == (metric, method, layer)
    ]


NO = (None, None)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("pi_model", [NO, (42.75, 0.48), NO, (62.12, 0.11), NO]),
        ("mixmatch", [(32.39, 1.32), (60.06, 0.37), NO, (71.69, 0.33), NO]),
        ("fixmatch", [(25.9, None), (45.63, None), NO, (60.35, None), NO]),
        (
            "distilled",
            [(23.75, 0.85), (46.22, 0.61), (50.15, 0.8), (54.24, 1.69), (56.51, 1.43)],
        ),
    ],
)
def test_rows_of_table_1(method, expected):
    assert means("accuracy", method) == expected


@pytest.mark.parametrize(
    ("method", "layer", "expected"),
    [
        ("undistilled", "A", [0.255, 0.274, 0.442, 0.462, 0.436]),
        ("distilled", "A", [0.606, 0.533, 0.571, 0.498, 0.472]),
        ("undistilled", "D", [0.181, 0.317, 0.297, 0.289, 0.249]),
        ("distilled", "D", [0.24, 0.246, 0.243, 0.227, 0.215]),
        ("distilled", "E", [0.174, 0.18, 0.168, 0.156, 0.154]),
    ],
)
def test_columns_of_table_2(method, layer, expected):
    assert means("ivis_loss", method, layer) == [(mean, None) for mean in expected]


def test_no_file_and_a_wrong_one():
    assert list(read_published(None)) == []
    assert digest(None) == ""
    assert re.fullmatch("[0-9a-f]{16}", digest("cifar100"))
    with pytest.raises(InputError, match="published = 'cifar10': did you mean 'cifar100'"):
        read_published("cifar10")


# --- Cell by cell -----------------------------------------------------------------------------


def test_z_score_by_hand():
    # Variances of the means: 9 / 9 = 1 and 4 / 5 = 0.8, with 1.8 = (3 / sqrt(5))^2.
    assert z_score(6, 3, 9, 2, 5) == pytest.approx(6 / math.sqrt(1.8))
    assert z_score(-3, 0, 2, 2, 4) == pytest.approx(-3)
    assert z_score(3, 0, 2, 0, 5) is None


def test_z_score_is_welchs_statistic():
    first, second = [1.0, 2.5, 2.0, 4.0], [3.0, 3.5, 5.0, 4.5, 4.0]
    z = z_score(
        *(np.mean(first) - np.mean(second), np.std(first, ddof=1), 4),
        *(np.std(second, ddof=1), 5),
    )
    assert z == pytest.approx(stats.ttest_ind(first, second, equal_var=False).statistic)


def test_measured_cell_by_hand(plan):
    # Mean 26.25, squares 2 x 0.75^2 = 1.125 over 1; published 23.75 ± 0.85 over five folds.
    row = one(compare(accuracies("distilled", 400, 0.255, 0.27), plan()), "distilled")
    assert (row.measured, row.difference) == (pytest.approx(26.25), pytest.approx(2.5))
    assert row.measured_std == pytest.approx(math.sqrt(1.125))
    assert row.z == pytest.approx(2.5 / math.sqrt(1.125 / 2 + 0.7225 / 5))
    assert (row.measured_folds, row.planned_folds, row.published_folds) == (2, 2, 5)
    assert row.note == ""
    assert readable([row]) == [
        ["accuracy (%)", "", "distilled", "", "400"]
        + ["26.25 ± 1.06", "23.75 ± 0.85", "+2.50", "+3.0", ""]
    ]


def one(comparisons, method, metric="accuracy", layer="", budget=400):
    (row,) = [
        row
        for row in comparisons
        if (row.metric, row.method, row.layer, row.budget) == (metric, method, layer, budget)
    ]
    return row


@pytest.mark.parametrize(
    ("values", "folds", "difference", "note"),
    [
        ([], 2, None, "not measured"),
        ([0.25], 1, 1.25, "no z: measured in one fold"),
        ([0.25], 5, 1.25, "no z: measured in one fold; 1 of 5 folds"),
        ([0.25, 0.26, 0.27], 5, 2.25, "3 of 5 folds"),
    ],
)
def test_gaps_have_a_note(plan, values, folds, difference, note):
    row = one(compare(accuracies("distilled", 400, *values), plan(folds=folds)), "distilled")
    assert row.difference == (None if difference is None else pytest.approx(difference))
    assert row.note == note
    assert (row.z is None) == ("no" in note)


def test_no_spread_has_no_z(plan, monkeypatch):
    cell = next(cell for cell in read_published("cifar100") if cell.method == "distilled")
    monkeypatch.setattr(
        comparison, "read_published", lambda name: [dataclasses.replace(cell, std=0.0)]
    )
    (row,) = compare(accuracies("distilled", 400, 0.25, 0.25), plan())
    assert (row.z, row.note) == (None, "no z: no spread over folds")


def test_deviations_and_cells_that_were_not_published(plan):
    methods = plan(methods=["fixmatch"], budgets=[400, 5000])
    values = accuracies("fixmatch", 400, 0.25, 0.27) | accuracies("fixmatch", 5000, 0.5)
    rows = compare(values, methods)
    assert [(row.difference, row.z, row.note) for row in rows] == [
        (pytest.approx(0.1), None, "no z: published without deviation"),
        (None, None, "not published; 1 of 2 folds"),
    ]
    assert readable(rows)[1][5:] == ["50.00", "not published", "", "", rows[1].note]


def test_what_is_compared_is_planned_and_published(plan):
    study = plan(methods=["undistilled", "other"], budgets=[400, 100], layers={"E": [], "Z": []})
    rows = compare({}, study)
    assert [(row.metric, row.method, row.layer, row.embedding, row.budget) for row in rows] == [
        ("accuracy", "undistilled", "", "", 400),
        ("ivis_loss", "undistilled", "E", "ivis", 400),
    ]
    assert compare({}, plan(published=None)) == []


def test_files_say_the_same(plan, tmp_path):
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


OVERLAY = """
study: small
budgets: [400]
layers: {{E: auto}}
published: {published}
run: {{figures: [accuracy]}}
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Return the results of a study of twelve runs, none of which were made."""
    shutil.copytree(CONFIG_FOLDER, tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(OVERLAY.format(published="cifar100"))
    return tmp_path / "results/small"


def test_figure_without_published_numbers_is_a_mistake(study):
    Path("small.yaml").write_text(
        OVERLAY.format(published="null").replace("[accuracy]", "[published]")
    )
    with pytest.raises(InputError, match="figures.published: nothing to compare with; set publi"):
        read_config(["small.yaml"])
