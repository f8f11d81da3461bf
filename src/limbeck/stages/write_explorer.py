"""Write the page on which a study is explored."""

from pathlib import Path

from limbeck.explorer import page as explorer
from limbeck.explorer.gather import ExplorerSettings


def write_explorer(
    study: str,
    page: Path,
    methods: list[str] | None = None,
    layers: list[str] | None = None,
    embeddings: list[str] | None = None,
    budgets: list[int] | None = None,
    folds: list[int] | None = None,
    images: int | None = None,
    neighbours: int = 10,
) -> None:
    """Write the page on which a study is explored, finished or not.

    Parameters
    ----------
    study : str
        The study's output tree, or a copy of it.
    page : Path
        HTML file to write.
    methods : list of str, optional
        Methods to show, in this order; without: all that there are.
    layers : list of str, optional
        Layers to show, likewise.
    embeddings : list of str, optional
        Embeddings to show, likewise; the first is shown at first.
    budgets : list of int, optional
        Budgets to show; without these and folds: as many as fit into a file that opens quickly.
    folds : list of int, optional
        Folds to show.
    images : int, optional
        At most so many test images, the first of each class; without: 10,000.
    neighbours : int, optional
        How many nearest neighbours of an image are shown.
    """
    settings = ExplorerSettings(methods, layers, embeddings, budgets, folds, images, neighbours)
    explorer.write_explorer(study, page, settings)
