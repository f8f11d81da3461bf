"""Decays of the learning rate come one after another, and before a training has ended."""

import pytest

from limbeck.study.config import check_config


def decay(config, schedule, decays, **length):
    """Have the teacher's rate fall at these epochs."""
    method = config["methods"]["teacher"]
    method |= {"schedule": schedule, "decay_epochs": decays, "decay_factor": 0.1}
    method |= {"steps": None, "epochs": None, **length}


@pytest.mark.parametrize("decays", [[1, 1], [2, 1], [2, 1, 3]])
def test_decays_that_do_not_ascend(config, decays):
    decay(config, "multi_step", decays, epochs=60)
    line = f"methods.teacher.decay_epochs = {decays}: each must be larger than the one before"
    assert config.mistake() == line


@pytest.mark.parametrize(
    ("schedule", "decays", "length", "limit"),
    [
        ("step", [60], {"epochs": 60}, "epochs = 60"),
        ("multi_step", [30, 90], {"epochs": 60}, "epochs = 60"),
        ("multi_step", [6000, 12000], {"steps": 100}, "steps = 100"),
    ],
)
def test_decays_behind_the_end_of_a_training(config, schedule, decays, length, limit):
    decay(config, schedule, decays, **length)
    assert config.mistake() == (
        f"methods.teacher.decay_epochs = {decays}: the training has ended by then; allowed: below "
        f"{limit}"
    )


@pytest.mark.parametrize("length", ["epochs", "steps"])
@pytest.mark.parametrize(("schedule", "decays"), [("step", [59]), ("multi_step", [1, 30, 59])])
def test_decays_before_the_end_of_a_training(config, schedule, decays, length):
    decay(config, schedule, decays, **{length: 60})
    check_config(config)
