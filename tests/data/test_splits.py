"""Splits: balanced, nested inside a fold, different between folds, the same when run again."""

import numpy as np
import pytest

from limbeck.data import splits
from limbeck.data.splits import read_split
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError

# Ten, eight and twelve images of three classes, in mixed order: 24 are the largest budget.
LABELS = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], [10, 8, 12]))
NAMES = ["ant", "bee", "cat"]
BUDGETS = range(3, 25, 3)


def choose_labelled(labels, budget, fold, seed):
    names = NAMES[: len(set(labels.tolist()))]
    return splits.choose_labelled(labels, names, budget, fold, seed)


@pytest.mark.parametrize("budget", BUDGETS)
def test_budgets_are_balanced_and_ascending(budget):
    rows = choose_labelled(LABELS, budget, fold=0, seed=0)
    assert np.bincount(LABELS[rows]).tolist() == [budget // 3] * 3
    assert (np.diff(rows) > 0).all()


def test_budgets_are_nested_inside_a_fold():
    chosen = [set(choose_labelled(LABELS, budget, fold=2, seed=0)) for budget in BUDGETS]
    for smaller, larger in zip(chosen[:-1], chosen[1:], strict=True):
        assert smaller < larger


def test_folds_and_seeds_differ_and_reruns_do_not():
    labels = np.repeat(np.arange(3), 100)
    subsets = {
        (fold, seed): tuple(choose_labelled(labels, 30, fold, seed))
        for fold in range(5)
        for seed in range(3)
    }
    assert len(set(subsets.values())) == 15
    for (fold, seed), rows in subsets.items():
        assert tuple(choose_labelled(labels, 30, fold, seed)) == rows


def test_classes_have_permutations_of_their_own():
    labels = np.repeat(np.arange(3), 100)
    places = choose_labelled(labels, 30, fold=0, seed=0).reshape(3, 10) % 100
    assert len({tuple(row) for row in places}) == 3


def test_every_image_is_as_likely_as_any_other():
    labels = np.repeat([0, 1], 5)
    chosen = [choose_labelled(labels, 4, fold, seed=0) for fold in range(500)]
    counts = np.bincount(np.concatenate(chosen))
    # 200 expected, with a standard deviation of sqrt(500 * 0.4 * 0.6) = 11.
    assert counts.shape == (10,)
    assert (abs(counts - 200) < 44).all()


@pytest.mark.parametrize(
    ("budget", "nearest"),
    [(-3, 3), (0, 3), (1, 3), (4, 3), (5, 6), (10, 9), (11, 12), (23, 24), (25, 24), (27, 24)],
)
def test_impossible_budgets_name_the_nearest_possible_one(budget, nearest):
    with pytest.raises(InputError) as caught:
        choose_labelled(LABELS, budget, fold=0, seed=0)
    message = str(caught.value)
    assert message.startswith(f"budget {budget}: ")
    assert "multiple of the 3 classes, 3 to 24" in message
    assert message.endswith(f"the nearest is {nearest}")
    assert "\n" not in message
    assert len(choose_labelled(LABELS, nearest, fold=0, seed=0)) == nearest


IDS = [f"train/{name}, {index}" for index, name in enumerate("abcabcabc")]


def test_split_is_read_as_labelled_and_all_other_rows(tmp_path):
    storage.write_rows(
        tmp_path / "s.csv", ["sample_id", "class"], [[IDS[7], "bee"], [IDS[2], "cat"]]
    )
    labelled, unlabelled = read_split(tmp_path / "s.csv", np.array(IDS, dtype="T"))
    assert labelled.tolist() == [2, 7]
    assert unlabelled.tolist() == [0, 1, 3, 4, 5, 6, 8]


def test_unknown_sample_names_file_and_sample(tmp_path):
    path = tmp_path / "s.csv"
    storage.write_rows(path, ["sample_id", "class"], [[IDS[0], "ant"], ["train/z", "ant"]])
    with pytest.raises(InputError) as caught:
        read_split(path, np.array(IDS))
    assert str(caught.value) == f"{path}: the dataset has no sample 'train/z'; split it again"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "it is empty; needs sample_id, class"),
        ([[IDS[0], "ant"], [IDS[0], "ant"]], "names a sample twice"),
        ([[IDS[0], "bee"]], "'train/a, 0' is 'bee' there and 'ant' in the dataset"),
    ],
)
def test_a_split_of_something_else_is_one_line(tmp_path, rows, message):
    storage.write_rows(tmp_path / "s.csv", ["sample_id", "class"], rows)
    with pytest.raises(InputError) as caught:
        read_split(tmp_path / "s.csv", np.array(IDS), NAMES * 3)
    assert str(caught.value).startswith(f"{tmp_path / 's.csv'}: {message}")


def test_a_split_with_other_columns_is_one_line(tmp_path):
    (tmp_path / "s.csv").write_text("sample_id;class\n1;ant\n")
    with pytest.raises(InputError, match="its columns are sample_id;class; needs sample_id, class"):
        read_split(tmp_path / "s.csv", np.array(IDS))
