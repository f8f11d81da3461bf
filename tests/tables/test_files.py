"""Tables as files: what a config or a dataset is called is text in all of them."""

import csv
import re

import pytest

from limbeck.runtime.errors import InputError
from limbeck.tables.files import to_markdown, write_table

HOSTILE = "</td><script>alert(1)</script>\n| *a* | `b` [c](d) ~~e~~ _f_ g_h \\ &lt; ünd"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("superclass_correlation", "superclass_correlation"),
        ("46.22 ± 0.61", "46.22 ± 0.61"),
        ("a|b", r"a\|b"),
        ("a\nb", r"a\\nb"),
        ("a\r\u2028b", r"a\\r\\u2028b"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("$a$", r"\$a\$"),
        ("*a* _b_ c_d_", r"\*a\* \_b\_ c_d\_"),
        ("`a` [b](c) ~~d~~ \\", r"\`a\` \[b\](c) \~\~d\~\~ \\"),
    ],
)
def test_cells_are_text_in_markdown(cell, expected):
    *_, row = to_markdown(["name", "value"], [[cell, "1"]]).splitlines()
    assert re.fullmatch(rf"\| {re.escape(expected)} +\| 1 +\|", row)


def test_a_hostile_name_is_one_row_of_each_format(tmp_path):
    paths = [tmp_path / f"table.{suffix}" for suffix in ("csv", "md", "html")]
    write_table(paths, ["name", "value"], [[HOSTILE, "1"]], HOSTILE, "A note.")
    table, markdown, page = (path.read_text() for path in paths)
    assert list(csv.reader(table.splitlines(keepends=True)))[1:] == [[HOSTILE, "1"]]
    note, blank, *rows = markdown.splitlines()
    assert (note, blank, len(rows)) == ("A note.", "", 3)
    assert "<script>alert" not in markdown and "<script>alert" not in page
    assert page.count("<td ") == 2


NUMBERS = [["a_b", 1, 0.123456789012, None], ["<c>", 20_000, 1e-12, "x"]]


def test_numbers_are_data_in_csv_and_short_for_readers(tmp_path):
    paths = [tmp_path / f"table.{suffix}" for suffix in ("csv", "md", "html")]
    write_table(paths, ["my_name", "count", "part", "note"], NUMBERS, "title")
    table, markdown, page = (path.read_text() for path in paths)
    assert table == "my_name,count,part,note\na_b,1,0.123456789,\n<c>,20000,1e-12,x\n"
    assert markdown.startswith("| my name") and "| 0.123 " in markdown
    assert '<td class="number" data-column="part">0.123</td>' in page


def test_readers_get_texts_of_their_own(tmp_path):
    paths = [tmp_path / f"table.{suffix}" for suffix in ("csv", "md")]
    write_table(paths, ["a"], [[0.5]], "title", "Note.", (["A (%)"], [["50.0"]]))
    assert paths[0].read_text() == "a\n0.5\n"
    assert "A (%)" in paths[1].read_text() and "50.0" in paths[1].read_text()


def test_other_formats_are_an_error_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match=r"--table .*t\.tex: suffix '\.tex'; allowed: \.csv"):
        write_table([tmp_path / "t.csv", tmp_path / "t.tex"], ["a"], [["b"]], "title")
    assert list(tmp_path.iterdir()) == []
