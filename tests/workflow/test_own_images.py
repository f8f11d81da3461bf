"""A folder of images, from `limbeck init` to the end of its study."""

import pytest
import yaml

from helpers.own_folders import KINDS, save_images

pytestmark = pytest.mark.slow
SHORT = {
    "methods": {name: {"steps": 2} for name in ("teacher", "undistilled", "distilled")},
    "folds": 1,
    "layers": {"E": "auto"},
}


@pytest.fixture
def ready(fresh):
    """Return a function that has `limbeck init` look at the folder of images `mine`."""
    (fresh.folder / "tiny.yaml").unlink()

    def look():
        result = fresh.call("limbeck", "init", "--images", "mine", "--study", "tiny")
        assert result.returncode == 0, result.stderr
        return fresh

    return look


# Configs that have a test split, classes that are many or test images that are chosen; those of
# other kinds differ from the first in no key that decides on jobs.
@pytest.mark.parametrize("kind", ["two classes", "a hundred classes", "no test split"])
def test_the_config_passes_a_dry_run(kind, ready, fresh):
    KINDS[kind](fresh.folder / "mine")
    assert sum(ready().planned().values()) > 100


def test_a_study_of_few_images_of_unequal_sizes_runs_to_the_end(ready, fresh):
    """With trainings of two steps, one fold and one layer."""
    save_images(fresh.folder / "mine", 2, 6, size=lambda number: (20 + number, 30))
    workflow = ready()
    config = yaml.safe_load((workflow.folder / "tiny.yaml").read_text())
    assert config["dataset"]["image_size"] == 22 and config["dataset"]["test_fraction"] == 0.5
    (workflow.folder / "short.yaml").write_text(yaml.safe_dump(SHORT))
    result = workflow.run("short.yaml", "--cores", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    results = workflow.folder / "results/tiny"
    assert (results / "explorer.html").is_file()
    drawn = {path.stem for path in results.glob("figures/*.png")}
    assert {"accuracy", "embeddings", "class_boundary", "class_correlation", "layers"} <= drawn
