"""Tables of accuracies on the same test images."""

import numpy as np
import pytest

from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages.compare_accuracies import compare_accuracies
from limbeck.statistics.image_tests import COLUMNS
from limbeck.study.settings import StatisticsSettings

SETTINGS = StatisticsSettings(
    methods=("undistilled", "distilled"), metrics=("accuracy",), confidence=0.95, correction="holm"
)
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1])


def write(path, method, predicted, ids=range(8), **changes):
    attributes = {"study": "s", "method": method, "budget": 50, "fold": 0, "model_hash": method}
    arrays = {
        "logits": np.eye(3, dtype=np.float32)[predicted],
        "labels": LABELS,
        "sample_ids": np.array([f"test-{index}" for index in ids]),
    }
    storage.write_store(path, arrays, {**attributes, "dataset_hash": "d", **changes})
    return path


def test_table_of_two_methods(tmp_path):
    # Three right of both, one of the first alone, four of the second alone.
    first = [0, 1, 2, 0, 0, 0, 1, 2]
    second = [0, 1, 2, 1, 1, 2, 0, 1]
    stores = [
        write(tmp_path / "a.zarr", "undistilled", first),
        write(tmp_path / "b.zarr", "distilled", second),
        write(tmp_path / "c.zarr", "teacher", second),
    ]
    tables = [tmp_path / f"images.{suffix}" for suffix in ("csv", "md", "html")]
    compare_accuracies(stores, SETTINGS, 0, tables)
    (row,) = storage.read_rows(tables[0])
    assert list(row) == list(COLUMNS)
    assert (row["budget"], row["fold"], row["images"]) == ("50", "0", "8")
    assert (row["only_first"], row["only_second"]) == ("1", "4")
    assert [float(row[name]) for name in ("first", "second", "difference")] == [0.5, 0.875, 0.375]
    assert float(row["low"]) < 0.375 < float(row["high"])
    # 1 and 4 of 5 throws: twice (1 + 5) / 32, the mid-p without 5 / 32.
    assert float(row["p"]) == pytest.approx(12 / 32)
    assert float(row["p_mid"]) == float(row["p_corrected"]) == pytest.approx(7 / 32)
    assert row["significant"] == "no"
    assert "McNemar's exact test" in tables[1].read_text()
    assert "+37.50" in tables[1].read_text() and "+37.50" in tables[2].read_text()


def test_what_is_refused(tmp_path):
    first = write(tmp_path / "a.zarr", "undistilled", LABELS)
    other = write(tmp_path / "b.zarr", "distilled", LABELS, range(8, 16))
    with pytest.raises(InputError, match=r"b\.zarr: other samples, or in another order"):
        compare_accuracies([first, other], SETTINGS, 0, [tmp_path / "t.csv"])
    other = write(tmp_path / "c.zarr", "distilled", LABELS, dataset_hash="other")
    with pytest.raises(InputError, match=r"c\.zarr: dataset_hash = other, but dataset_hash = d"):
        compare_accuracies([first, other], SETTINGS, 0, [tmp_path / "t.csv"])
