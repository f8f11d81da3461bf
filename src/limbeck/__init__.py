"""Limbeck shows, layer by layer, what knowledge distillation does to a network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limbeck.explorer.study import Study

__all__ = ["__version__", "open_study"]
__version__ = "0.2.0"


def open_study(folder: str | os.PathLike[str]) -> Study:
    """Return a study's results, finished or not, as pandas frames and lazy arrays.

    Parameters
    ----------
    folder : str or os.PathLike
        The study's output tree, ``results/{study}``, or a copy of it.

    Raises
    ------
    InputError
        If nothing in the folder is a study's.

    Examples
    --------
    >>> study = limbeck.open_study("results/demo")
    >>> study.metrics
    >>> study.embedding("distilled", budget=50, fold=0, layer="C", name="tsne")
    """
    from limbeck.explorer.study import Study

    return Study(folder)
