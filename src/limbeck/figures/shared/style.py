"""One style for all figures: legible in print, safe for colour-blind readers."""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from limbeck.runtime import storage
from limbeck.study.embeddings import EMBEDDINGS

MM_PER_INCH = 25.4

# Okabe & Ito (2008): told apart with every kind of colour vision.
PALETTE = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
# An eighth for methods, Tol's wine: a grey would be taken for the green or the pink.
METHOD_COLOURS = (*PALETTE, "#882255")
MISSING = "0.45"
LETTER_MM, KEY_MM = 1.22, 8.6  # of a legend: about a letter, and what is around a name


SETTINGS = {
    "axes.axisbelow": True,
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 7,
    "figure.constrained_layout.use": True,
    "figure.dpi": 300,
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "legend.columnspacing": 1.2,
    "legend.fontsize": 6.5,
    "legend.handletextpad": 0.5,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "xtick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 6.5,
    "ytick.major.width": 0.6,
}


@contextlib.contextmanager
def applied() -> Iterator[None]:
    """Draw in this style inside the block; figures are closed at its end."""
    with plt.rc_context(SETTINGS):
        yield
        plt.close("all")


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **arguments):
    """Return a figure and its axes, an array of shape (rows, columns); sizes in mm."""
    size = (width / MM_PER_INCH, height / MM_PER_INCH)
    return plt.subplots(rows, columns, figsize=size, squeeze=False, **arguments)


def method_style(method: str, methods: Sequence[str]) -> dict:
    """Return a method's colour and marker, the same in every figure of a study.

    Beyond eight methods colours come again, with other markers.
    """
    position = list(methods).index(method)
    turn = position // len(METHOD_COLOURS)
    return {
        "color": METHOD_COLOURS[position % len(METHOD_COLOURS)],
        "marker": MARKERS[(position + turn) % len(MARKERS)],
    }


def group_style(position: int) -> dict:
    """Return colour and marker of one of many groups of points.

    Seven colours are what can be told apart safely; beyond them the marker changes.
    """
    return {
        "color": PALETTE[position % len(PALETTE)],
        "marker": MARKERS[position // len(PALETTE) % len(MARKERS)],
    }


def mark_significant(axis: Axes, x: object, y: float) -> None:
    """Put an asterisk above the point (x, y), in data units."""
    axis.annotate("*", (x, y), (0, 1), textcoords="offset points", ha="center", va="bottom")


def embedding_name(name: str) -> str:
    """Return how figures call an embedding of the study."""
    return EMBEDDINGS[name].title if name in EMBEDDINGS else name


def panel_grid(width: float, height: float, count: int, per_row: int, **arguments):
    """Return a figure and a grid of axes for `count` panels, the rest of them switched off.

    Parameters
    ----------
    width, height : float
        Of the figure and of a row of panels, in mm.
    count, per_row : int
        Number of panels, and the largest number of them in a row.
    **arguments
        Of ``plt.subplots``.
    """
    columns = min(per_row, count)
    rows = -(-count // columns)
    figure, axes = new_figure(width, rows * height + 10, rows, columns, **arguments)
    for axis in axes.flat[:count]:
        axis.tick_params(labelbottom=True)
    for axis in axes.flat[count:]:
        axis.set_axis_off()
    return figure, axes


def mark_missing(axis: Axes, text: str = "not measured") -> None:
    """Say in an empty panel why it is empty."""
    axis.text(0.5, 0.5, text, transform=axis.transAxes, ha="center", va="center", color=MISSING)


def mark_missing_methods(
    axis: Axes, missing: Sequence[str], methods: Sequence[str], corner: str = "top"
) -> None:
    """Say which methods of a panel were not measured, at the right of its ``top`` or ``bottom``."""
    if len(missing) == len(methods):
        mark_missing(axis)
    elif missing:
        text = "\n".join([*missing, "not measured"])
        place = 0.98, 0.98 if corner == "top" else 0.02
        axis.text(
            *(*place, text), transform=axis.transAxes, ha="right", va=corner, color=MISSING, size=6
        )


def legend_below(figure: Figure, handles: Sequence, labels: Sequence[str], columns: int) -> None:
    """Put one legend for all axes below them, in at most so many columns, fewer if it is wide."""
    width = figure.get_figwidth() * MM_PER_INCH
    columns = legend_columns(labels, width, columns)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)


def legend_columns(labels: Sequence[str], width: float, most: int) -> int:
    """Return how many columns of labels fit into `width` mm.

    Columns are filled one after another, the first ones with one more where they are not even.
    """
    lengths = [len(label) for label in labels]
    for columns in range(min(most, len(labels)), 1, -1):
        longest = sum(max(part) for part in np.array_split(lengths, columns))
        if longest * LETTER_MM + columns * KEY_MM <= width:
            return columns
    return 1


def metadata(suffix: str) -> dict:
    """Return metadata without the date, so that the same figure is the same file."""
    return {"CreationDate": None} if suffix == ".pdf" else {}


def save(figure, outputs: Sequence[str | Path]) -> None:
    """Write a Matplotlib figure in the format of each output's suffix."""
    # It tells, line by line, which glyphs it puts into a PDF.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    for output in outputs:
        with storage.atomic_path(output) as temporary:
            figure.savefig(temporary, metadata=metadata(temporary.suffix))
