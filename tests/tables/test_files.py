"""Tables as files: what a config or a dataset is called is text in all of them."""

import csv
import re

import pytest

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
        ("*a* _b_ c_d_", r"\*a\* \_b\_ c_d\_"),
        ("`a` [b](c) ~~d~~ \\", r"\`a\` \[b\](c) \~\~d\~\~ \\"),
    ],
)
def test_cells_are_text_in_markdown(cell, expected):
    *_, row = to_markdown(["name", "value"], [[cell, "1"]]).splitlines()
    assert re.fullmatch(rf"\| {re.escape(expected)} +\| 1 +\|", row)


def test_a_hostile_name_is_one_row_of_each_format(tmp_path):
    paths = [tmp_path / f"table.{suffix}" for suffix in ("csv", "md", "html")]
    for path in paths:
        write_table(path, ["name", "value"], [[HOSTILE, "1"]], HOSTILE, "A note.")
    table, markdown, page = (path.read_text() for path in paths)
    assert list(csv.reader(table.splitlines(keepends=True)))[1:] == [[HOSTILE, "1"]]
    note, blank, *rows = markdown.splitlines()
    assert (note, blank, len(rows)) == ("A note.", "", 3)
    assert "<script" not in markdown and "<script" not in page
    assert page.count("<td>") == 2
