"""The rule split_dataset writes the rows that are chosen, or nothing."""

import numpy as np
import pytest

from limbeck.data.splits import choose_labelled
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages.split_dataset import split_dataset

NAMES = ["ant", "bee", "cat, wild"]
IDS = [f"train/{name}, {index}" for index, name in enumerate("abcabcabc")]


@pytest.fixture
def dataset(tmp_path):
    arrays = {"train/labels": np.tile([0, 1, 2], 3), "train/sample_ids": np.array(IDS)}
    attributes = {"class_names": NAMES}
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
    rows = choose_labelled(np.tile([0, 1, 2], 3), NAMES, 6, fold=1, seed=4)
    assert [row["sample_id"] for row in storage.read_rows(tmp_path / "split.csv")] == [
        IDS[row] for row in rows
    ]


def test_impossible_budget_writes_no_file(dataset, tmp_path):
    with pytest.raises(InputError, match="budget 4"):
        split_dataset(dataset, 4, 0, 0, tmp_path / "splits" / "s.csv")
    assert not (tmp_path / "splits").exists()
