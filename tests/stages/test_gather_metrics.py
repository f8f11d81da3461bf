"""Metrics of a study are joined in the order given, and of no other study."""

import pytest

from limbeck.runtime.errors import InputError
from limbeck.runtime.storage import METRIC_COLUMNS
from limbeck.stages.gather_metrics import gather_metrics

HEADER = ",".join(METRIC_COLUMNS)
FIRST = ["s,teacher,50,0,,,accuracy,0.5,", "s,teacher,50,0,,,training_seconds,1.50,"]
SECOND = ["s,distilled,50,0,A,tsne,silhouette,,of one class"]


@pytest.fixture
def files(tmp_path):
    """Write two files of metrics; return their paths."""
    for name, rows in (("z.csv", FIRST), ("a.csv", SECOND)):
        (tmp_path / name).write_text("\n".join([HEADER, *rows, ""]))
    return [tmp_path / "z.csv", tmp_path / "a.csv"]


def test_gathered_rows_keep_their_order(files, tmp_path):
    gather_metrics(files, "s", tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_text().splitlines() == [HEADER, *FIRST, *SECOND]


def test_metrics_of_another_study_are_refused(files, tmp_path):
    with pytest.raises(InputError, match=r"z\.csv"):
        gather_metrics(files, "other", tmp_path / "all.csv")
    assert not (tmp_path / "all.csv").exists()
