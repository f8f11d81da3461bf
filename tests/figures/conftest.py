"""What figures read, and the style that they are drawn in."""

import pytest

from helpers.drawn import ROWS, write_dataset, write_embeddings, write_metrics
from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style


@pytest.fixture
def metrics(tmp_path):
    """Return the path of a tidy table."""
    return write_metrics(tmp_path, ROWS)


@pytest.fixture
def dataset(tmp_path):
    """Return a function that writes a dataset of 60 test images and opens it."""
    return lambda *classes: Dataset(*write_dataset(tmp_path / "dataset.zarr", *classes))


@pytest.fixture
def stores(tmp_path):
    """Return the paths of embeddings of two methods and three layers."""
    return write_embeddings(tmp_path)


@pytest.fixture
def styled():
    """Draw in the style of figures."""
    with style.applied():
        yield
