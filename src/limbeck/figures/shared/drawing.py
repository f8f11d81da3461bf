"""The result of every figure: a picture, its numbers and its text."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawing:
    """A figure, and what it shows for those who cannot see it or want to use it.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The picture.
    columns : sequence of str
        Of the numbers.
    rows : sequence of sequence
        The numbers that it shows, in the units of the study's tables; None where nothing is known.
    alt : str
        The picture in words: what is shown, by what, and what is to be seen.
    """

    figure: Figure
    columns: Sequence[str]
    rows: Sequence[Sequence]
    alt: str
