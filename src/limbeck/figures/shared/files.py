"""A drawing as files: the picture with its text inside, and its numbers beside it."""

import logging
from collections.abc import Sequence
from pathlib import Path

from limbeck.figures.shared.drawing import Drawing
from limbeck.runtime import storage


def save(drawing: Drawing, outputs: Sequence[str | Path]) -> None:
    """Write a drawing in the format of each output's suffix: ``.pdf``, ``.png`` or ``.csv``.

    Pictures carry the text of the drawing in their metadata and no date, so that the same figure is
    the same file.
    """
    # It tells, line by line, which glyphs it puts into a PDF.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    for output in outputs:
        if Path(output).suffix == ".csv":
            storage.write_rows(output, drawing.columns, [list(map(_cell, r)) for r in drawing.rows])
            continue
        with storage.atomic_path(output) as temporary:
            metadata = {"Description": drawing.alt}
            if temporary.suffix == ".pdf":
                metadata = {"Subject": drawing.alt, "CreationDate": None}
            drawing.figure.savefig(temporary, metadata=metadata)


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6g}" if value == value else ""
    return "" if value is None else value
