"""Tables as files: CSV for programs, Markdown and HTML for readers."""

import html
import re
from collections.abc import Sequence
from pathlib import Path

from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show
from limbeck.statistics.fold_summaries import NOT_MEASURED, NOT_PUBLISHED

# Underscores inside of words are none.
MARKUP = re.compile(r"[\\`*~\[\]|]|(?<![^\W_])_|_(?![^\W_])")
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 14px/1.4 sans-serif; color: #222; margin: 1em; }}
p {{ max-width: 50em; }}
table {{ border-collapse: collapse; border-bottom: 1px solid #222; }}
th {{ border-top: 1px solid #222; border-bottom: 1px solid #222; }}
th, td {{ padding: 0.25em 0.8em; text-align: left; white-space: nowrap; }}
td {{ font-variant-numeric: tabular-nums; }}
td.gap {{ color: #888; font-style: italic; }}
tbody tr:hover {{ background: #f2f2f2; }}
</style>
</head>
<body>
<p>{note}</p>
{table}
</body>
</html>
"""


def write_table(
    path: str | Path,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    title: str,
    note: str = "",
) -> None:
    """Write a table in the format of the path's suffix.

    Parameters
    ----------
    path : str or Path
        Ends in ``.csv``, ``.md`` or ``.html``.
    columns : sequence of str
        The header.
    rows : sequence of sequence of str
        Cells as they are to be read.
    title : str
        Of the HTML page.
    note : str
        A paragraph above the table, in Markdown and HTML.

    Raises
    ------
    InputError
        For another suffix.
    """
    match Path(path).suffix:
        case ".csv":
            storage.write_rows(path, columns, rows)
        case ".md":
            storage.write_text(path, f"{note}\n\n".lstrip() + to_markdown(columns, rows) + "\n")
        case ".html":
            storage.write_text(path, _to_page(columns, rows, title, note))
        case suffix:
            raise InputError(f"--table {path}: suffix '{suffix}'; allowed: .csv, .md, .html")


def to_markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its columns aligned; cells are text, whatever they hold."""
    escaped = [list(map(_escape_markdown, row)) for row in rows]
    return _frame(columns, escaped).to_markdown(index=False, disable_numparse=True)


def _escape_markdown(cell: str) -> str:
    """Return a cell that Markdown shows as it is, in one line."""
    return MARKUP.sub(r"\\\g<0>", html.escape(show(cell), quote=False))


def _to_page(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, note: str) -> str:
    import pandas as pd

    with pd.option_context("display.max_colwidth", None):
        table = _frame(columns, rows).to_html(index=False, border=0, justify="unset")
    for gap in (NOT_MEASURED, NOT_PUBLISHED):
        table = table.replace(f"<td>{gap}</td>", f'<td class="gap">{gap}</td>')
    return PAGE.format(title=html.escape(title), note=html.escape(note), table=table)


def _frame(columns: Sequence[str], rows: Sequence[Sequence[str]]):
    import pandas as pd

    return pd.DataFrame(list(map(list, rows)), columns=list(columns), dtype=str)
