"""Draw one figure."""

import importlib
from pathlib import Path

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.figures.shared.files import save
from limbeck.figures.shared.fonts import families_for
from limbeck.study.figures import FIGURES
from limbeck.study.settings import FigureSettings
from limbeck.study.shown import resolve_figure


def draw_figure(
    dataset: Path,
    superclasses: Path,
    inputs: list[Path],
    settings: FigureSettings,
    methods: list[str],
    pdf: Path,
    png: Path,
    csv: Path,
    layers: list[str] | None = None,
    area_mass: float | None = None,
) -> None:
    """Draw one figure and write it as PDF and PNG, and its numbers as CSV.

    Parameters
    ----------
    dataset : Path
        Dataset store, for the names and classes of its images.
    superclasses : Path
        CSV with the superclass of each class.
    inputs : list of Path
        Tables or stores to read.
    settings : FigureSettings
        ``kind``, ``width`` in mm, and the figure's own settings.
    methods : list of str
        The study's methods, in the order of their colours.
    pdf : Path
        Figure to write; its metadata hold what it shows in words.
    png : Path
        Figure to write, likewise.
    csv : Path
        Table to write: the numbers that the figure shows, in the units of the study's tables.
    layers : list of str, optional
        The study's layers, in the order in which they are shown; without: as they were measured.
    area_mass : float, optional
        Part of a class's density that its area holds; figures of areas need it.
    """
    source = Dataset(dataset, superclasses)
    names = source.attributes["class_names"]
    settings = resolve_figure(settings, class_names=names)
    settings |= {"study_methods": methods, "study_layers": layers or (), "area_mass": area_mass}
    module = importlib.import_module(FIGURES[settings["kind"]].module)
    with style.applied(families_for([*names, *source.superclass_names])):
        save(module.draw(source, inputs, settings), [pdf, png, csv])
