"""Splits: balanced, nested inside a fold, different between folds, the same when run again."""

import numpy as np
import pytest

from limbeck.data.splits import choose_labelled, read_split
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages.split_dataset import split_dataset

# Ten, eight and twelve images of three classes, in mixed order: 24 are the largest budget.
LABELS = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], [10, 8, 12]))
BUDGETS = range(3, 25, 3)


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


@pytest.fixture
def dataset(tmp_path):
    arrays = {"train/labels": np.tile([0, 1, 2], 3), "train/sample_ids": np.array(IDS)}
    attributes = {"class_names": ["ant", "bee", "cat, wild"]}
    storage.write_store(tmp_path / "dataset.zarr", arrays, attributes)
    return tmp_path / "dataset.zarr"


def test_csv_lists_sample_ids_and_class_names(dataset, tmp_path):
    split_dataset(dataset, 9, 0, 0, tmp_path / "all.csv")
    expected = [
        f'"{sample_id}",{name}'
        for sample_id, name in zip(IDS, ["ant", "bee", '"cat, wild"'] * 3, strict=True)
    ]
    assert (tmp_path / "all.csv").read_text().splitlines() == ["sample_id,class", *expected]


def test_csv_lists_the_chosen_rows(dataset, tmp_path):
    split_dataset(dataset, 6, 1, 4, tmp_path / "split.csv")
    rows = choose_labelled(np.tile([0, 1, 2], 3), 6, fold=1, seed=4)
    assert [row["sample_id"] for row in storage.read_rows(tmp_path / "split.csv")] == [
        IDS[row] for row in rows
    ]


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


def test_impossible_budget_writes_no_file(dataset, tmp_path):
    with pytest.raises(InputError, match="budget 4"):
        split_dataset(dataset, 4, 0, 0, tmp_path / "splits" / "s.csv")
    assert not (tmp_path / "splits").exists()
