"""Comparisons with published numbers, worked out by hand."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from helpers.planned import accuracies, plan
from limbeck.published import comparison
from limbeck.published.comparison import compare, readable, z_score
from limbeck.published.numbers import read_published


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


def test_measured_cell_by_hand():
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
def test_gaps_have_a_note(values, folds, difference, note):
    row = one(compare(accuracies("distilled", 400, *values), plan(folds=folds)), "distilled")
    assert row.difference == (None if difference is None else pytest.approx(difference))
    assert row.note == note
    assert (row.z is None) == ("no" in note)


def test_collapsed_embeddings_have_a_note():
    key = ("distilled", "B", "ivis", 400)
    values = {("ivis_loss", *key): [0.5, 1.0], ("collapsed", *key): [0.0, 1.0]}
    rows = compare(values, plan(folds=2))
    notes = {row.layer: row.note for row in rows if (row.method, row.budget) == key[::3]}
    assert notes["B"].endswith("; an embedding collapsed")
    assert "collapsed" not in notes["A"]


def test_no_spread_has_no_z(monkeypatch):
    cell = next(cell for cell in read_published("cifar100") if cell.method == "distilled")
    monkeypatch.setattr(
        comparison, "read_published", lambda name: [dataclasses.replace(cell, std=0.0)]
    )
    (row,) = compare(accuracies("distilled", 400, 0.25, 0.25), plan())
    assert (row.z, row.note) == (None, "no z: no spread over folds")


def test_deviations_and_cells_that_were_not_published():
    methods = plan(methods=["fixmatch"], budgets=[400, 5000])
    values = accuracies("fixmatch", 400, 0.25, 0.27) | accuracies("fixmatch", 5000, 0.5)
    rows = compare(values, methods)
    assert [(row.difference, row.z, row.note) for row in rows] == [
        (pytest.approx(0.1), None, "no z: published without deviation"),
        (None, None, "not published; 1 of 2 folds"),
    ]
    assert readable(rows)[1][5:] == ["50.00", "not published", "", "", rows[1].note]


def test_what_is_compared_is_planned_and_published():
    study = plan(methods=["undistilled", "other"], budgets=[400, 100], layers="EZ")
    rows = compare({}, study)
    assert [(row.metric, row.method, row.layer, row.embedding, row.budget) for row in rows] == [
        ("accuracy", "undistilled", "", "", 400),
        ("ivis_loss", "undistilled", "E", "ivis", 400),
    ]
    assert compare({}, plan(published=None)) == []
