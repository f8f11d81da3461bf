"""Semi-supervised methods in the training loop: what is kept, resuming, errors."""

import csv

import pytest
import torch

from limbeck.networks.model_file import load_network
from limbeck.runtime.errors import InputError

METHODS = ("pi_model", "pseudo_label", "mean_teacher", "mixmatch", "fixmatch")


@pytest.fixture
def settings_of(method_settings):
    """Return a function that gives settings of two epochs of five steps on the digits."""

    def settings(objective, ratio=4, **changes):
        options = {
            "unlabelled_ratio": ratio,
            "unlabelled_weight": 1.0,
            "ramp_up": "linear",
            "ramp_up_steps": (0, 7),
        }
        if objective in ("pseudo_label", "fixmatch"):
            options["threshold"] = 0.5
        keys = {
            "objective": objective,
            "options": options,
            "augmentation": "crop",
            "crop_padding": 1,
            "batch_size": 64,
            "ema_decay": 0.9,
            "schedule": "cosine_7_16",
        }
        return method_settings(**keys | changes)

    return settings


def state_of(folder):
    return torch.load(folder / "model.pt", weights_only=True)


@pytest.mark.parametrize("objective", METHODS)
def test_resumed_training_ends_with_the_same_bits(
    objective, stop, run_training, settings_of, tmp_path, caplog
):
    caplog.set_level("INFO")
    settings = settings_of(objective)
    stop(tmp_path / "a", settings, 7)
    checkpoint = torch.load(tmp_path / "a" / "checkpoint.pt", weights_only=True)
    assert int(checkpoint["objective"]["average"]["n_averaged"]) == 7
    torch.manual_seed(999)  # what happens in between does not count
    run_training(tmp_path / "a", settings)
    assert "resuming in epoch 2, after 2 steps" in caplog.text
    run_training(tmp_path / "b", settings)
    first, second = state_of(tmp_path / "a"), state_of(tmp_path / "b")
    assert first["hash"] == second["hash"]
    with open(tmp_path / "a" / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    # The rate of step 4 of 10, and of step 9: cos(7π 9 / 160).
    assert float(rows[0]["learning_rate"]) == pytest.approx(0.1 * 0.8526402)
    assert float(rows[1]["learning_rate"]) == pytest.approx(0.1 * 0.3276302)


def test_the_average_is_kept_and_loads_like_any_network(run_training, settings_of, tmp_path):
    averaged = run_training(tmp_path / "averaged", settings_of("fixmatch"))
    last = run_training(tmp_path / "last", settings_of("fixmatch", ema_decay=None))
    first, second = state_of(averaged)["state"], state_of(last)["state"]
    assert first.keys() == second.keys()
    assert any(not torch.equal(first[name], second[name]) for name in first)
    network, metadata = load_network(averaged / "model.pt", torch.device("cpu"))
    assert metadata["settings"]["ema_decay"] == 0.9
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_training_of_more_than_the_unlabelled_images_is_an_error(
    run_training, settings_of, tmp_path
):
    with pytest.raises(InputError) as caught:
        run_training(tmp_path, settings_of("fixmatch", ratio=22))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("unlabelled_ratio = 22: with batch_size = 64 a step takes")
    assert "1387" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_crop_of_more_than_the_image_is_an_error(run_training, settings_of, tmp_path):
    with pytest.raises(InputError, match="crop_padding = 8: the images have 8 x 8 pixels"):
        run_training(tmp_path, settings_of("pi_model", crop_padding=8))
