"""A table as one HTML page that needs no other file: sorted, searched, and read on a phone."""

import html
import re
from collections.abc import Sequence
from importlib import resources
from string import Template

NUMBER = re.compile(r"[-+]?\d")


def to_page(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, note: str = ""
) -> str:
    """Return a page with one table; all names are text, whatever markup they look like.

    Parameters
    ----------
    columns : sequence of str
        The header.
    rows : sequence of sequence of str
        Cells as they are to be read. Those that begin with a number are sorted by it, those that
        were not measured come last.
    title, note : str
        Above the table.
    """
    page = Template(resources.files(__package__).joinpath("page.html").read_text("utf-8"))
    labels = [html.escape(column) for column in columns]
    return page.substitute(
        title=html.escape(title),
        note=html.escape(note),
        options="".join(
            f'<option value="{at}">{label}</option>' for at, label in enumerate(labels)
        ),
        head="".join(
            f'<th scope="col"><button type="button">{label}</button></th>' for label in labels
        ),
        body="\n".join(f"<tr>{''.join(map(_cell, labels, row))}</tr>" for row in rows),
    )


def _cell(label: str, text: str) -> str:
    """Return a cell; `label`, escaped, names its column where there is no room for a header."""
    kinds = []
    if text.startswith("not "):
        kinds.append("gap")
    elif NUMBER.match(text):
        kinds.append("number")
    if label.startswith("null at "):
        kinds.append("null")
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    return f'<td{kind} data-column="{label}">{html.escape(text)}</td>'
