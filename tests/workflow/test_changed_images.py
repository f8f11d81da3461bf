"""A changed, new or deleted image reruns the study; what is no image does not."""

import os

import pytest
from PIL import Image

from helpers.checkout import Workflow, copy_repository

STORE, SUPERCLASSES = "results/own/dataset.zarr", "results/own/superclasses.csv"
OVERLAY = """
study: own
dataset: {name: image_folder, path: images, test_fraction: 0.25}
budgets: [2]
activations: {images_per_class: null}
run: {embeddings: [pca], figures: [accuracy]}
"""


@pytest.fixture
def workflow(tmp_path):
    """Return a checkout whose dataset, a folder of images, was prepared."""
    folder = copy_repository(tmp_path).folder
    for name in ("ant", "bee"):
        (folder / "images" / name).mkdir(parents=True)
        for index in range(12):
            Image.new("L", (8, 8), 9 * index).save(folder / "images" / name / f"{index}.png")
    (folder / "own.yaml").write_text(OVERLAY)
    workflow = Workflow(folder, ("tiny.yaml", "own.yaml"))
    result = workflow.run("--cores", "1", STORE, SUPERCLASSES)
    assert result.returncode == 0, result.stderr
    return workflow


def test_images_that_change_rerun_what_read_them(workflow):
    images = workflow.folder / "images"
    assert not workflow.planned(STORE)
    (images / "ant" / "notes.txt").write_text("notes")
    assert not workflow.planned(STORE)
    Image.new("L", (8, 8), 99).save(images / "ant" / "new.png")
    assert {rule for rule, _ in workflow.planned(STORE)} == {"prepare_dataset"}
    (images / "ant" / "new.png").unlink()
    assert not workflow.planned(STORE)
    (images / "bee" / "0.png").unlink()
    assert {rule for rule, _ in workflow.planned(STORE)} == {"prepare_dataset"}
    result = workflow.run("--touch", "--cores", "1", STORE)
    assert result.returncode == 0, result.stderr
    assert not workflow.planned(STORE)
    images.rename(workflow.folder / "away")
    result = workflow.run("--dry-run", STORE)
    assert result.returncode == 1
    assert "dataset.path = images: no such file or folder" in result.stdout + result.stderr
    # The same images in another folder are the same dataset.
    (workflow.folder / "own.yaml").write_text(OVERLAY.replace("path: images", "path: away"))
    assert not workflow.planned(STORE)


def test_superclasses_that_change_do_not_touch_the_dataset(workflow):
    file, networks = workflow.folder / "images/superclasses.csv", workflow.planned("trained")
    assert not workflow.planned(STORE, SUPERCLASSES)
    file.write_text("class,superclass\nant,insects\nbee,insects\n")
    assert {rule for rule, _ in workflow.planned(STORE, SUPERCLASSES)} == {"prepare_superclasses"}
    assert workflow.planned("trained") == networks
    result = workflow.run("--cores", "1", SUPERCLASSES)
    assert result.returncode == 0, result.stderr
    assert (workflow.folder / SUPERCLASSES).read_text() == file.read_text()
    os.utime(file, (1, 1))
    assert not workflow.planned(STORE, SUPERCLASSES)
    file.write_text("class,superclass\nant,insects\n")
    result = workflow.run("--dry-run", SUPERCLASSES)
    assert result.returncode == 1
    assert "images/superclasses.csv: no superclass for bee" in result.stdout + result.stderr
