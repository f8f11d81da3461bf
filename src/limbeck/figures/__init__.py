"""Figures: they read tables and embeddings, never networks.

To add one, write a module with a function ``draw`` and name it in `FIGURES`.
"""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from limbeck import artifacts
from limbeck.data.datasets import Dataset

FIGURES = {
    "accuracy": "limbeck.figures.accuracy",
    "class_area": "limbeck.figures.class_area",
    "embeddings": "limbeck.figures.embeddings",
    "noise": "limbeck.figures.noise",
}


def draw_figure(
    dataset: str | Path,
    inputs: Sequence[str | Path],
    settings: Mapping,
    outputs: Sequence[str | Path],
) -> None:
    """Draw one figure and write it in every format asked for.

    Parameters
    ----------
    dataset : str or Path
        The dataset store, for the names and classes of its images.
    inputs : sequence of str or Path
        What the figure shows: the tidy table, or embedding stores.
    settings : mapping
        ``kind``, a key of `FIGURES`, ``width`` in mm, and the figure's own settings.
    outputs : sequence of str or Path
        Files to write; their suffixes say in which format.
    """
    from limbeck.figures import style

    module = importlib.import_module(FIGURES[settings["kind"]])
    with style.applied():
        figure = module.draw(Dataset(dataset), inputs, settings)
        for output in outputs:
            with artifacts.atomic_path(output) as temporary:
                figure.savefig(temporary, metadata=style.metadata(temporary.suffix))
