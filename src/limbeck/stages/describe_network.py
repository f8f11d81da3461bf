"""Write the stages of a network, their shapes and named layers."""

from pathlib import Path

from limbeck import description


def describe_network(dataset: Path, model: Path, table: Path) -> None:
    """Write a network's stages, in the order in which an image passes them.

    Parameters
    ----------
    dataset : Path
        Dataset store, of which one test image is taken.
    model : Path
        Trained network.
    table : Path
        CSV to write; see `limbeck.description.describe_network`.
    """
    description.describe_network(dataset, model, table)
