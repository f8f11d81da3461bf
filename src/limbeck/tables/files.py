"""Tables as files: CSV for programs, Markdown and HTML for readers."""

import html
import re
from collections.abc import Sequence
from pathlib import Path

from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show
from limbeck.tables.page import to_page

# What Markdown takes for anything but text; underscores inside of words are none.
MARKUP = re.compile(r"[\\`*~\[\]|$]|(?<![^\W_])_|_(?![^\W_])")


def write_table(
    paths: Sequence[str | Path],
    columns: Sequence[str],
    rows: Sequence[Sequence],
    title: str,
    note: str = "",
    readable: tuple[Sequence[str], Sequence[Sequence[str]]] | None = None,
) -> None:
    """Write a table in the format of each path's suffix.

    Parameters
    ----------
    paths : sequence of str or Path
        End in ``.csv``, ``.md`` or ``.html``.
    columns : sequence of str
        The header of the CSV file.
    rows : sequence of sequence
        Its values; None is an empty cell.
    title : str
        Of the HTML page.
    note : str
        A paragraph above the table, in Markdown and HTML.
    readable : tuple, optional
        Columns and rows of texts for Markdown and HTML; those of the CSV file, with three digits,
        where it is not given.

    Raises
    ------
    InputError
        For another suffix, before anything is written.
    """
    for path in paths:
        if Path(path).suffix not in (".csv", ".md", ".html"):
            raise InputError(
                f"--table {path}: suffix '{Path(path).suffix}'; allowed: .csv, .md, .html"
            )
    names, texts = readable or ([column.replace("_", " ") for column in columns], _texts(rows))
    for path in paths:
        match Path(path).suffix:
            case ".csv":
                storage.write_rows(path, columns, [list(map(_value, row)) for row in rows])
            case ".md":
                paragraph = f"{escape_markdown(note)}\n\n".lstrip()
                storage.write_text(path, f"{paragraph}{to_markdown(names, texts)}\n")
            case _:
                storage.write_text(path, to_page(names, texts, title, note))


def to_markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its columns aligned; what looks like markup is text."""
    import pandas as pd

    header, *lines = ([escape_markdown(cell) for cell in row] for row in [columns, *rows])
    frame = pd.DataFrame(lines, columns=header, dtype=str)
    return frame.to_markdown(index=False, disable_numparse=True)


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is, in one line."""
    return MARKUP.sub(r"\\\g<0>", html.escape(show(text), quote=False))


def _value(value: object) -> object:
    """Return a CSV cell; floats with ten digits, which is more than any metric has."""
    return f"{value:.10g}" if isinstance(value, float) else "" if value is None else value


def _texts(rows: Sequence[Sequence]) -> list[list[str]]:
    return [list(map(_text, row)) for row in rows]


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.3g}" if isinstance(cell, float) else str(cell)
