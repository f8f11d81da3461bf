"""The notebook in the documentation, run on a finished study."""

import copy
import re
import shutil
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


@pytest.fixture(scope="module")
def committed():
    return nbformat.read(NOTEBOOK, as_version=4)


def outputs(notebook):
    """Return for each cell of code the kinds of what it shows, in order."""
    return [
        [sorted(output.get("data", {})) or output["output_type"] for output in cell["outputs"]]
        for cell in notebook.cells
        if cell["cell_type"] == "code"
    ]


@pytest.mark.slow
def test_the_notebook_runs(committed, finished_once, tmp_path):
    """Each cell shows what it shows on the page, with the numbers of another study."""
    results = finished_once.folder / "results" / "tiny"
    shutil.copytree(results, tmp_path / "results" / "demo")
    (tmp_path / "docs").mkdir()
    notebook = copy.deepcopy(committed)
    resources = {"metadata": {"path": str(tmp_path / "docs")}}
    nbclient.NotebookClient(notebook, timeout=60, resources=resources).execute()
    assert outputs(notebook) == outputs(committed)


def test_the_notebook_was_run_from_top_to_bottom(committed):
    nbformat.validate(committed)
    code = [cell for cell in committed.cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    text = NOTEBOOK.read_text()
    assert "Warning" not in text and "Traceback" not in text
    assert not re.search(r"/(home|root|work|tmp|opt)/", text)
