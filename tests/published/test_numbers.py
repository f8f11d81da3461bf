"""Published numbers against those of the paper's page."""

import itertools
import re
from collections import Counter

import pytest

from limbeck.published.numbers import SCALES, digest, names, read_published
from limbeck.runtime.errors import InputError
from limbeck.study.settings import PUBLISHED

BUDGETS = (400, 2500, 5000, 10000, 20000)

METHODS = ["teacher", "undistilled", "distilled"]


def test_the_config_allows_the_files_there_are():
    assert (*names(), None) == PUBLISHED
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
