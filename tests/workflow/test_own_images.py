"""A folder of images, from `limbeck init` to the end of its study."""

import subprocess

import pytest
import yaml

from helpers.own_folders import KINDS

pytestmark = pytest.mark.slow
SHORT = {
    "methods": {name: {"steps": 2} for name in ("teacher", "undistilled", "distilled")},
    "folds": 1,
    "layers": {"E": "auto"},
}


@pytest.fixture
def ready(fresh):
    """Return a function that writes a folder of a kind and has `limbeck init` look at it."""
    (fresh.folder / "tiny.yaml").unlink()

    def write(kind):
        KINDS[kind](fresh.folder / "mine")
        command = ["limbeck", "init", "--images", "mine", "--study", "tiny"]
        result = subprocess.run(
            command, cwd=fresh.folder, env=fresh.environment, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr
        return fresh

    return write


@pytest.mark.parametrize("kind", KINDS)
def test_the_config_passes_a_dry_run(kind, ready):
    assert sum(ready(kind).planned().values()) > 100


@pytest.mark.parametrize("kind", ["6 images a class", "unequal sizes"])
def test_the_study_runs_to_the_end(kind, ready):
    """With trainings of two steps, one fold and one layer."""
    workflow = ready(kind)
    (workflow.folder / "short.yaml").write_text(yaml.safe_dump(SHORT))
    result = workflow.run("short.yaml", "--cores", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    results = workflow.folder / "results/tiny"
    assert (results / "explorer.html").is_file()
    drawn = {path.stem for path in results.glob("figures/*.png")}
    assert {"accuracy", "embeddings", "class_boundary", "class_correlation", "layers"} <= drawn
