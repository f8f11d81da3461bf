"""Figures: they read tables and stores, never networks.

To add one, write a module with a function ``draw`` and name it in `FIGURES`.
"""

import importlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from limbeck.data.dataset import Dataset
from limbeck.runtime import storage

FIGURES = {
    "accuracy": "limbeck.figures.accuracy",
    "algorithms": "limbeck.figures.algorithms",
    "cka": "limbeck.figures.cka",
    "class_area": "limbeck.figures.class_area",
    "class_boundary": "limbeck.figures.class_boundary",
    "class_correlation": "limbeck.figures.class_correlation",
    "embeddings": "limbeck.figures.embeddings",
    "layers": "limbeck.figures.layers",
    "networks": "limbeck.figures.networks",
    "noise": "limbeck.figures.noise",
    "published": "limbeck.figures.published",
    "superclass_correlation": "limbeck.figures.superclass_correlation",
}


def draw_figure(
    dataset: str | Path,
    inputs: Sequence[str | Path],
    settings: Mapping,
    outputs: Sequence[str | Path],
    methods: Sequence[str] = (),
    area_mass: float | None = None,
) -> None:
    """Draw one figure and write it in every format asked for.

    Parameters
    ----------
    dataset : str or Path
        The dataset store, for the names and classes of its images.
    inputs : sequence of str or Path
        What the figure shows: tables or stores.
    settings : mapping
        ``kind``, a key of `FIGURES`, ``width`` in mm, and the figure's own settings.
    outputs : sequence of str or Path
        Files to write; their suffixes say in which format.
    methods : sequence of str
        The study's methods, in the order of their colours; figures of some of them need it.
    area_mass : float, optional
        Part of a class's density that its area holds; figures of areas need it.
    """
    from limbeck.figures.shared import style

    settings = {**settings, "study_methods": methods, "area_mass": area_mass}
    module = importlib.import_module(FIGURES[settings["kind"]])
    with style.applied():
        save(module.draw(Dataset(dataset), inputs, settings), outputs)


def save(figure, outputs: Sequence[str | Path]) -> None:
    """Write a Matplotlib figure in the format of each output's suffix."""
    from limbeck.figures.shared import style

    # It tells, line by line, which glyphs it puts into a PDF.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    for output in outputs:
        with storage.atomic_path(output) as temporary:
            figure.savefig(temporary, metadata=style.metadata(temporary.suffix))
