"""Write the page on which a study is explored."""

import re
from pathlib import Path

from limbeck.explorer import page as explorer
from limbeck.explorer.choice import ExplorerSettings
from limbeck.explorer.files import Run
from limbeck.runtime.errors import InputError


def write_explorer(
    study: str,
    page: Path,
    methods: list[str] | None = None,
    layers: list[str] | None = None,
    embeddings: list[str] | None = None,
    budgets: list[int] | None = None,
    folds: list[int] | None = None,
    runs: list[str] | None = None,
    teacher: str | None = None,
    students: list[str] | None = None,
    images: int | None = None,
) -> None:
    """Write the page on which a study is explored, finished or not.

    Parameters
    ----------
    study : str
        The study's output tree, or a copy of it.
    page : Path
        HTML file to write.
    methods : list of str, optional
        Methods to show, in this order; without: all of the plan.
    layers : list of str, optional
        Layers to show, likewise.
    embeddings : list of str, optional
        Embeddings to show, likewise; the first is shown at first.
    budgets : list of int, optional
        Budgets to show; without these and folds: as many as fit into a file that opens quickly.
    folds : list of int, optional
        Folds to show.
    runs : list of str, optional
        The study's plan, its runs as ``teacher/budget-50/fold-0``, made or not; without: the plan
        is the config that the study recorded or, before that, all that is there.
    teacher : str, optional
        Method that others learn from; without it and students: as the study recorded.
    students : list of str, optional
        The first two methods that the study compares.
    images : int, optional
        At most so many test images, the first of each class; without: 10,000, fewer where more than
        40 panels are shown.
    """
    settings = ExplorerSettings(
        methods=methods,
        layers=layers,
        embeddings=embeddings,
        budgets=budgets,
        folds=folds,
        runs=None if runs is None else set(map(_run, runs)),
        teacher=teacher,
        students=students,
        images=images,
    )
    explorer.write_explorer(study, page, settings)


def _run(text: str) -> Run:
    found = re.fullmatch(r"([^/]+)/budget-(\d+)/fold-(\d+)", text)
    if found is None:
        raise InputError(f"--runs {text}: must be as teacher/budget-50/fold-0")
    return found[1], int(found[2]), int(found[3])
