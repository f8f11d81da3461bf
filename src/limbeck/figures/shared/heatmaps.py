"""Cells of colour with their numbers."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from limbeck.figures.shared import style

# Perceptually uniform, and as ordered in grey and to colour-blind readers.
COLOURS = "viridis"
NUMBER_SIZE = 6
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def draw_cells(
    axis: Axes,
    values: np.ndarray,
    numbers: Sequence[Sequence[str]] | None,
    ends: tuple[float, float],
    reverse: bool = False,
    **looks: object,
) -> AxesImage:
    """Draw a cell for each value; what was not measured is grey and crossed.

    Parameters
    ----------
    axis : Axes
        Where; the first row is drawn as its ``origin`` says.
    values : numpy.ndarray
        Shape (rows, columns); NaN where nothing was measured.
    numbers : sequence of sequences of str, or None
        What stands in the cells; None where they are too small to be read.
    ends : tuple of float
        The values of the first and the last colour.
    reverse : bool
        Whether the smallest value has the last colour.
    **looks
        Of ``Axes.imshow``.
    """
    colours = colormaps[COLOURS].reversed() if reverse else colormaps[COLOURS]
    axis.set_facecolor("0.9")
    image = axis.imshow(values, cmap=colours, vmin=ends[0], vmax=ends[1], **looks)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            axis.text(column, row, "×", ha="center", va="center", color="0.4")
        elif numbers is not None:
            # Where white and black stand out alike from a colour (WCAG 2, relative luminance).
            dark = np.power(image.cmap(image.norm(value))[:3], 2.2) @ LUMINANCE < 0.18
            axis.text(
                *(column, row, numbers[row][column]),
                ha="center",
                va="center",
                size=NUMBER_SIZE,
                color="white" if dark else "black",
            )
    return image


def name_columns(axis: Axes, names: Sequence[str], width: float) -> None:
    """Put names below columns of cells that are `width` mm wide, upright where they are wider."""
    axis.set_xticks(range(len(names)), names, rotation=90 * (names_mm(names) > width))


def names_mm(names: Sequence[str]) -> float:
    """Return about how long the longest name of a row or a column is, in mm."""
    return style.LETTER_MM * max(map(len, names), default=0)
