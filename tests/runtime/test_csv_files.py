"""CSV files: read back exactly, or refused in one line."""

import math

import numpy as np
import pytest

from helpers.metric_files import write_metrics
from limbeck.runtime import storage
from limbeck.runtime.csv_files import read_metrics, read_rows, write_rows
from limbeck.runtime.errors import InputError

HEADER = ",".join(storage.METRIC_COLUMNS)
ROW = "demo,teacher,50,1,A,,accuracy,0.5,"


def test_rows_survive_commas_quotes_and_line_breaks(tmp_path):
    rows = [["a,b", 'say "c"'], ["two\nlines", ""], ["Käfer", "大"]]
    write_rows(tmp_path / "r.csv", ["p", "q"], rows)
    assert [list(row.values()) for row in read_rows(tmp_path / "r.csv", ("q", "p"))] == rows
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]


@pytest.mark.parametrize("encode", [lambda t: t.encode("utf-8-sig"), lambda t: t.encode()])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tables_of_spreadsheets_are_read(tmp_path, encode, end):
    (tmp_path / "r.csv").write_bytes(encode(f"p,q{end}1,ä{end}"))
    assert read_rows(tmp_path / "r.csv", ("p",), {"p": int}) == [{"p": "1", "q": "ä"}]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", ": an empty file"),
        (b"p;q\n1;2\n", ": no column 'p' in its header, p;q; needed, separated by commas: p,q"),
        (b"p,r\n1,2\n", ": no column 'q' in its header, p,r"),
        (b"p,q,q\n1,2,3\n", ": its header names a column twice"),
        (b"p,q\n1\n", ", line 2: not 2 values"),
        (b"p,q\n1,2\n1,2,3\n", ", line 3: not 2 values"),
        (b"p,q\n1,K\xe4fer\n", ": not UTF-8 text (byte 0xe4 at 7)"),
        ("p,q\n1,2\n".encode("utf-16"), ": not UTF-8 text"),
        (b'p,q\n1,"2\n', ": not a CSV file"),
        (b"p,q\n0.5,2\n", ", line 2: p = '0.5'; allowed: a whole number"),
        (b"p,q\n1,nan\n", ", line 2: q = 'nan'; allowed: a finite number"),
        (b"p,q\n1,1e999\n", ", line 2: q = '1e999'; allowed: a finite number"),
        (b"p,q\n1,\n", ", line 2: q = ''; allowed: a finite number"),
        (b"p,q\n", ": a header without rows"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path, content, reason):
    path = tmp_path / "r.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_rows(path, ("p", "q"), {"p": int, "q": float}, empty=False)
    assert str(caught.value).startswith(f"{path}{reason}")
    assert "\n" not in str(caught.value)


def test_what_is_no_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "folder").mkdir()
    for name, reason in {"none": "no such file", "folder": "a folder, where a file"}.items():
        with pytest.raises(InputError) as caught:
            read_rows(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: {reason}")


def test_metrics_are_tidy_rows(tmp_path):
    run = {"study": "demo", "method": "teacher", "budget": 50, "fold": 1}
    metrics = {"accuracy": np.float64(0.5), "loss": np.float32(0.1)}
    write_metrics(tmp_path / "m.csv", {**run, "layer": "A", "hash": "x"}, metrics)
    assert (tmp_path / "m.csv").read_text() == (
        f"{HEADER}\ndemo,teacher,50,1,A,,accuracy,0.5,\ndemo,teacher,50,1,A,,loss,0.1,\n"
    )


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_metric_that_cannot_be_measured_has_a_reason_and_the_log_says_so(tmp_path, caplog, value):
    run = {"study": "demo", "method": "teacher", "budget": 50, "fold": 1, "layer": "A"}
    metrics = {"accuracy": 0.5, "silhouette": value, "continuity": value}
    write_metrics(tmp_path / "m.csv", run, metrics, {"silhouette": "one class, no other"})
    named = "demo,teacher,50,1,A,"
    assert (tmp_path / "m.csv").read_text() == (
        f'{HEADER}\n{ROW}\n{named},silhouette,,"one class, no other"\n'
        f"{named},continuity,,not a finite number\n"
    )
    assert caplog.messages == [
        "silhouette of demo teacher 50 1 A: not measured, one class, no other",
        "continuity of demo teacher 50 1 A: not measured, not a finite number",
    ]
    rows = read_metrics([tmp_path / "m.csv"])
    assert [row["value"] for row in rows] == ["0.5", "", ""]
    assert rows[1]["reason"] == "one class, no other"


def test_tables_of_older_versions_have_no_reasons(tmp_path):
    header = HEADER.removesuffix(",reason")
    (tmp_path / "m.csv").write_text(f"{header}\n{ROW[:-1]}\n")
    (row,) = read_metrics([tmp_path / "m.csv"])
    assert (row["value"], row["reason"]) == ("0.5", "")


def write_tables(folder, *tables):
    paths = [folder / f"{number}.csv" for number in range(len(tables))]
    for path, rows in zip(paths, tables, strict=True):
        path.write_text("\n".join([HEADER, *rows, ""]))
    return paths


def test_metrics_are_joined_in_order(tmp_path):
    other = "demo,student,50,1,A,,accuracy,0.25,"
    rows = read_metrics(write_tables(tmp_path, [other], [], [ROW]), "demo")
    assert [",".join(row.values()) for row in rows] == [other, ROW]


@pytest.mark.parametrize(
    ("tables", "study", "reason"),
    [
        ([[ROW, ROW]], None, "0.csv: accuracy of demo teacher 50 1 A stands there twice;"),
        ([[ROW], [ROW[:-1] + "7,"]], None, "stands there twice, first in "),
        ([[ROW], [ROW.replace("demo", "other")]], None, "1.csv: of study other, not demo"),
        ([[ROW]], "mine", "0.csv: of study demo, not mine"),
        ([[], []], None, "no metrics in any of 2 tables"),
        ([], None, "--metrics: no metrics in any of 0 tables"),
        ([[ROW.replace("0.5", "nan")]], None, "0.csv, line 2: value = 'nan'"),
        ([[ROW.replace("0.5", "")]], None, "accuracy of demo teacher 50 1 A has no value and no"),
        ([[ROW.replace("50", "fifty")]], None, "0.csv, line 2: budget = 'fifty'"),
    ],
)
def test_metrics_that_contradict_each_other_are_refused(tmp_path, tables, study, reason):
    paths = write_tables(tmp_path, *tables)
    with pytest.raises(InputError) as caught:
        read_metrics(paths, study)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
