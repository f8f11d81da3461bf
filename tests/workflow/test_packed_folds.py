"""Folds in one job: which methods, what runs again, and what the rest of the workflow sees."""

from collections import Counter

import pytest

pytestmark = pytest.mark.slow
RUN = "results/tiny/runs/distilled/budget-20/fold-{}"


@pytest.fixture
def packed(fresh):
    """Return a checkout whose study has two folds in one job."""
    fresh.edit("tiny.yaml", "folds: 1", "folds: 2\ntraining: {pack: folds}")
    return fresh


def trainings(workflow, *targets):
    """Return the rules and methods of the trainings that would run, and how often."""
    found = Counter()
    for (rule, wildcards), number in workflow.planned(*targets).items():
        if rule in ("train", "train_folds"):
            (method,) = (part for part in wildcards if part.startswith("method="))
            found[rule, method.removeprefix("method=")] += number
    return found


def test_methods_that_cannot_be_packed_are_trained_fold_by_fold(packed):
    packed.edit("tiny.yaml", "undistilled: {model: wrn_10_1", "undistilled: {model: vgg11")
    assert trainings(packed) == {
        ("train_folds", "teacher"): 1,
        ("train_folds", "distilled"): 1,
        ("train", "undistilled"): 2,
    }


def test_packed_folds_leave_the_files_of_single_ones(packed):
    target = RUN.format(1) + "/predictions.zarr"
    result = packed.run("--cores", "2", target)
    assert result.returncode == 0, result.stdout + result.stderr
    for fold in (0, 1):
        files = {path.name for path in (packed.folder / RUN.format(fold)).iterdir()}
        assert {"model.pt", "history.csv"} <= files
    assert not list((packed.folder / "results/tiny/checkpoints").rglob("*.pt"))
    log = packed.folder / "logs/tiny/train_folds/distilled/budget-20.log"
    assert "1 of 1" in log.read_text()

    assert trainings(packed, target) == {}
    packed.edit("config/config.yaml", "temperature: 4 ", "temperature: 5 ")
    assert trainings(packed, target) == {("train_folds", "distilled"): 1}
    packed.edit("tiny.yaml", "pack: folds", "pack: null")
    assert trainings(packed, target) == {("train", "teacher"): 1, ("train", "distilled"): 1}
