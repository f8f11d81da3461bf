"""Learning rates by hand."""

import pytest

from limbeck.training.schedules import learning_rate


@pytest.mark.parametrize(
    ("schedule", "epoch", "step", "expected"),
    [
        ({"schedule": "constant"}, 99, 999, 0.4),
        ({"schedule": "cosine"}, 0, 0, 0.4),
        ({"schedule": "cosine"}, 0, 250, 0.4 * 0.853553),  # (1 + cos 45°) / 2
        ({"schedule": "cosine"}, 0, 500, 0.2),
        ({"schedule": "cosine"}, 0, 1000, 0.0),
        ({"schedule": "step", "decay_epochs": (30,), "decay_factor": 0.5}, 29, 0, 0.4),
        ({"schedule": "step", "decay_epochs": (30,), "decay_factor": 0.5}, 30, 0, 0.2),
        ({"schedule": "step", "decay_epochs": (30,), "decay_factor": 0.5}, 59, 0, 0.2),
        ({"schedule": "step", "decay_epochs": (30,), "decay_factor": 0.5}, 60, 0, 0.1),
        ({"schedule": "multi_step", "decay_epochs": (3, 5), "decay_factor": 0.1}, 2, 0, 0.4),
        ({"schedule": "multi_step", "decay_epochs": (3, 5), "decay_factor": 0.1}, 3, 0, 0.04),
        ({"schedule": "multi_step", "decay_epochs": (3, 5), "decay_factor": 0.1}, 4, 0, 0.04),
        ({"schedule": "multi_step", "decay_epochs": (3, 5), "decay_factor": 0.1}, 5, 0, 0.004),
    ],
)
def test_learning_rate_by_hand(schedule, epoch, step, expected, method_settings):
    settings = method_settings(learning_rate=0.4, **schedule)
    assert learning_rate(settings, epoch, step, 1000) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("step", "factor"), [(0, 1.0), (500, 0.7730105), (1000, 0.1950903)])
def test_seven_sixteenths_of_a_cosine_by_hand(step, factor, method_settings):
    # cos(7π/32) and cos(7π/16)
    settings = method_settings(learning_rate=0.03, schedule="cosine_7_16")
    assert learning_rate(settings, 0, step, 1000) == pytest.approx(0.03 * factor)
