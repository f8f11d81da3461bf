"""One style for all figures: legible in print, safe for colour-blind readers."""

import contextlib
import string
import textwrap
from collections.abc import Iterable, Iterator, Sequence

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import patheffects
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

MM_PER_INCH = 25.4

# Okabe & Ito (2008): told apart with every kind of colour vision.
PALETTE = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
# An eighth for methods, Tol's wine: a grey would be taken for the green or the pink.
METHOD_COLOURS = (*PALETTE, "#882255")
MISSING = "0.45"
NOTE_SIZE = 6
# Behind words that may lie on data.
HALO = [patheffects.withStroke(linewidth=1.6, foreground="white")]
# Text below a figure, in mm: width of a letter in a legend and in a note, padding of a legend's
# name, height of its rows and of a note's lines, and the margin around both.
LETTER_MM, NOTE_LETTER_MM, KEY_MM, ROW_MM, LINE_MM, MARGIN_MM = 1.22, 1.14, 8.6, 3.3, 2.8, 1.6

# Titles: margin for the panel's letter on both sides and space between neighbours in mm, the usual
# width of a letter in mm for each point of its size, and the smallest size.
TITLE_MARGIN_MM, TITLE_GAP_MM, TITLE_LETTER, SMALLEST = 7, 1, 0.19, 4

SETTINGS = {
    "axes.axisbelow": True,
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 7,
    "figure.constrained_layout.use": True,
    "figure.dpi": 300,
    "font.size": 7,
    "legend.columnspacing": 1.2,
    "legend.fontsize": 6.5,
    "legend.handletextpad": 0.5,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "text.hinting": "no_hinting",  # Letters keep their distances at every size.
    # Names are text: a dollar sign in one does not begin a formula.
    "text.parse_math": False,
    "xtick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 6.5,
    "ytick.major.width": 0.6,
}


@contextlib.contextmanager
def applied(families: Sequence[str] = ("DejaVu Sans",)) -> Iterator[None]:
    """Draw in this style inside the block, with these fonts; figures are closed at its end."""
    with plt.rc_context({**SETTINGS, "font.family": list(families)}):
        yield
        plt.close("all")


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **arguments):
    """Return a figure and its axes, an array of shape (rows, columns); sizes in mm."""
    size = (width / MM_PER_INCH, height / MM_PER_INCH)
    return plt.subplots(rows, columns, figsize=size, squeeze=False, **arguments)


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
    figure, axes = new_figure(width, rows * height, rows, columns, **arguments)
    for axis in axes.flat[:count]:
        axis.tick_params(labelbottom=True)
    for axis in axes.flat[count:]:
        axis.set_axis_off()
    return figure, axes


def letter_panels(axes: Iterable[Axes]) -> None:
    """Put a, b, c ... above the left ends of panels, if there are several and letters enough.

    Titles that are there are made smaller where they would run into the letters or into each other.
    Where even small ones have no room beside letters, there are none.
    """
    panels = list(axes)
    if 1 < len(panels) <= len(string.ascii_lowercase):
        for letter, axis in zip(string.ascii_lowercase, panels, strict=False):
            axis.set_title(letter, loc="left", weight="bold")
    titled = [axis for axis in panels if axis.get_title()]
    if not titled:
        return
    titled[0].figure.draw_without_rendering()  # Now panels are as wide as labels leave them.
    rooms = [axis.bbox.width / axis.figure.dpi * MM_PER_INCH for axis in titled]
    if not all([_fit_title(axis, room) for axis, room in zip(titled, rooms, strict=True)]):
        for axis in panels:
            axis.set_title("", loc="left")
        for axis, room in zip(titled, rooms, strict=True):
            if not _fit_title(axis, room):
                set_title(axis, axis.get_title(), room)


def set_title(axis: Axes, title: str, room: float | None = None) -> None:
    """Put a title above a panel: smaller where it is long, in lines where it would be too small.

    It has `room` mm, or else what the panel has of the figure.
    """
    room = room or share(axis) - TITLE_GAP_MM
    usual = max(int(room / (SMALLEST * TITLE_LETTER)), 1)
    for letters in range(usual, 0, -1):  # fewer where they are wide
        axis.set_title(textwrap.fill(title, letters, break_on_hyphens=False))
        if _fit_title(axis, room):
            break


def share(axis: Axes) -> float:
    """Return the width in mm of an axis' column, with its part of what lies between columns."""
    place = axis.get_subplotspec()
    ratios = place.get_gridspec().get_width_ratios()
    part = sum(ratios[place.colspan.start : place.colspan.stop]) / sum(ratios)
    return axis.figure.get_figwidth() * MM_PER_INCH * part


def _fit_title(axis: Axes, room: float) -> bool:
    """Make a title so small that it fits into `room` mm; return whether it does."""
    if axis.get_title(loc="left"):
        room -= TITLE_MARGIN_MM
    usual = SETTINGS["axes.titlesize"]
    axis.title.set_fontsize(usual)
    width = axis.title.get_window_extent().width / axis.figure.dpi * MM_PER_INCH
    size = min(1, room / max(width, 1)) * usual
    axis.title.set_fontsize(max(size, SMALLEST))
    return size >= SMALLEST


def wrap(title: str, width: float) -> str:
    """Break the title of a panel or an axis into lines that fit into `width` mm."""
    letters = int(width / (SETTINGS["axes.titlesize"] * TITLE_LETTER))
    return textwrap.fill(title, letters, break_on_hyphens=False)


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


def dot(**look) -> Line2D:
    """Return the handle of a point in a legend."""
    return Line2D([], [], **{"linestyle": "none", **look})


def percent(part: float) -> str:
    """Write a part as all figures do: 12.6 %, of 0.126."""
    return f"{100 * part:.1f} %"


def put_sign(axis: Axes, sign: str, place: tuple[float, float]) -> None:
    """Write a sign, ``*`` say, over a place in data units."""
    look = {"ha": "center", "va": "bottom", "path_effects": HALO, "zorder": 4}
    axis.annotate(sign, place, (0, 1), textcoords="offset points", **look)


def mark_missing(axis: Axes, text: str = "not measured") -> None:
    """Say in an empty panel why it is empty."""
    axis.text(0.5, 0.5, text, transform=axis.transAxes, ha="center", va="center", color=MISSING)


def add_footer(
    figure: Figure, note: str = "", handles: Sequence = (), labels: Sequence[str] = ()
) -> None:
    """Put a legend and a note below the panels; the figure grows by what they need.

    Parameters
    ----------
    figure : Figure
        With its panels.
    note : str
        What the reader needs to understand the picture; it is broken into lines.
    handles, labels : sequence
        Of one legend for all panels.
    """
    width, height = figure.get_size_inches() * MM_PER_INCH
    columns = legend_columns(labels, width, len(labels)) if len(labels) else 1
    legend = ROW_MM * -(-len(labels) // columns)
    lines = textwrap.wrap(note, int(width / NOTE_LETTER_MM)) if note else []
    footer = legend + LINE_MM * len(lines) + MARGIN_MM * (bool(len(labels)) + bool(lines))
    whole = height + footer
    figure.set_figheight(whole / MM_PER_INCH)
    figure.get_layout_engine().set(rect=(0, footer / whole, 1, height / whole))
    if len(labels):
        figure.legend(
            handles,
            labels,
            loc="upper center",
            bbox_to_anchor=(0.5, (footer - 0.5 * MARGIN_MM) / whole),
            ncols=columns,
            borderpad=0,
            borderaxespad=0,
        ).set_in_layout(False)
    if lines:
        figure.text(
            *(1 / width, 0.8 / whole, "\n".join(lines)),
            size=NOTE_SIZE,
            color="0.3",
            va="bottom",
            linespacing=1.2,
            in_layout=False,
        )


def legend_columns(labels: Sequence[str], width: float, most: int) -> int:
    """Return the number of columns of labels that fit into `width` mm.

    They are no more than the fewest rows need. Columns are filled one after another, the first ones
    with one more where they are not even.
    """
    lengths = [len(label) for label in labels]
    for limit in range(min(most, len(labels)), 1, -1):
        rows = -(-len(labels) // limit)
        columns = -(-len(labels) // rows)
        longest = sum(max(part) for part in np.array_split(lengths, columns))
        if longest * LETTER_MM + columns * KEY_MM <= width:
            return columns
    return 1
