"""The state of a training: resumed, stopped, killed and doubled jobs end with the same bits."""

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
import torch

from helpers.outputs import column, read_model
from limbeck import cli
from limbeck.runtime import storage
from limbeck.stages.split_dataset import split_dataset
from limbeck.training import checkpoints


@pytest.fixture(scope="module")
def distilling(method_settings):
    return method_settings(objective="distillation", augmentation="flip")


@pytest.fixture(scope="module")
def whole(run_training, distilling, teacher_logits, tmp_path_factory):
    """Return the folder of a distillation that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole")
    return run_training(folder, distilling, teacher_logits=[teacher_logits])


def test_resumed_distillation_ends_with_the_same_bits(
    interrupt, run_training, distilling, teacher_logits, whole, tmp_path, caplog
):
    caplog.set_level("INFO")
    interrupt(tmp_path / "a", distilling, teacher_logits=[teacher_logits])
    torch.manual_seed(999)  # what happens in between does not count
    run_training(tmp_path / "a", distilling, teacher_logits=[teacher_logits])
    assert "resuming in epoch 2, after 23 steps" in caplog.text
    assert read_model(tmp_path / "a")["hash"] == read_model(whole)["hash"]
    assert not (tmp_path / "a" / "checkpoint.pt").exists()
    assert column(tmp_path / "a", "loss") == column(whole, "loss")


# A cycle has one labelled step and 22 unlabelled ones.
@pytest.mark.parametrize(
    ("steps", "place"),
    [
        (9, "epoch 1, after 9 steps"),
        (23, "epoch 1, after 23 steps"),
        (30, "epoch 2, after 7 steps"),
    ],
)
def test_training_stopped_at_any_step_ends_with_the_same_bits(
    steps, place, stop, run_training, distilling, teacher_logits, whole, tmp_path, caplog
):
    caplog.set_level("INFO")
    stop(tmp_path / "a", distilling, steps, teacher_logits=[teacher_logits])
    torch.manual_seed(999)
    run_training(tmp_path / "a", distilling, teacher_logits=[teacher_logits])
    assert f"resuming in {place}" in caplog.text
    assert read_model(tmp_path / "a")["hash"] == read_model(whole)["hash"]
    for name in ("loss", "accuracy", "learning_rate"):
        assert column(tmp_path / "a", name) == column(whole, name)


@pytest.fixture
def in_the_foreground():
    """Let Ctrl-C count, which is ignored where the tests run in the background of a script."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.mark.usefixtures("in_the_foreground")
@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_ends_the_command_with_its_status_and_the_way_on(
    digits, split, method_settings, tmp_path, monkeypatch, capsys, name, status
):
    number = signal.Signals[name]
    former = signal.getsignal(number)
    keep = checkpoints.Checkpoint.keep

    def stop_and_keep(self, state):
        os.kill(os.getpid(), number)
        keep(self, state)

    monkeypatch.setattr(checkpoints.Checkpoint, "keep", stop_and_keep)
    assert cli.main(command_line(tmp_path / "run", digits, split, method_settings())) == status
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith(f"limbeck train: stopped: {name}; ")
    assert (tmp_path / "run" / "checkpoints" / "run.pt").is_file()
    assert signal.getsignal(number) == former


@contextlib.contextmanager
def two_copies(command):
    """Start a job, halt it in its fifth epoch, and start it again; give both when one waits."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as first:
        next(line for line in first.stderr if "epoch 5 of" in line)
        first.send_signal(signal.SIGSTOP)
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as second:
            next(line for line in second.stderr if "another copy of this job is at work" in line)
            yield first, second


@pytest.mark.slow
def test_a_second_copy_waits_and_takes_the_firsts_network(digits, split, method_settings, tmp_path):
    settings = method_settings(epochs=20, batch_size=20)
    command = [sys.executable, "-c", KILLABLE, *command_line(tmp_path, digits, split, settings)]
    with two_copies(command) as (first, second):
        first.send_signal(signal.SIGCONT)
        first.stderr.read()
        written = (tmp_path / "model.pt").stat().st_mtime_ns
        said = second.stderr.read()
    assert (first.returncode, second.returncode) == (0, 0)
    assert f"{tmp_path / 'model.pt'}: written by the other copy" in said
    assert "epoch" not in said
    assert (tmp_path / "model.pt").stat().st_mtime_ns == written
    assert list((tmp_path / "checkpoints").iterdir()) == []


@pytest.mark.slow
def test_a_second_copy_goes_on_where_the_first_was_killed(digits, split, method_settings, tmp_path):
    settings = method_settings(epochs=20, batch_size=20)
    command = [sys.executable, "-c", KILLABLE, *command_line(tmp_path, digits, split, settings)]
    with two_copies(command) as (first, second):
        first.kill()
        first.wait()
        said = second.stderr.read()
    assert second.returncode == 0
    assert "resuming in epoch" in said
    whole = tmp_path / "whole"
    assert cli.main(command_line(whole, digits, split, settings)) == 0
    assert read_model(tmp_path)["hash"] == read_model(whole)["hash"]


@pytest.mark.parametrize("change", ["settings", "seed", "split"])
def test_checkpoint_of_another_run_is_passed_over(
    change, interrupt, run_training, method_settings, digits, tmp_path, caplog
):
    caplog.set_level("INFO")
    settings = method_settings(batch_size=20)
    changes = {}
    if change == "seed":
        changes["seed"] = 8
    if change == "split":
        changes["split"] = tmp_path / "fold-1.csv"
        split_dataset(digits, 50, 1, 0, changes["split"])
    interrupt(tmp_path / "a", settings)
    if change == "settings":
        settings = dataclasses.replace(settings, weight_decay=1e-3)
    run_training(tmp_path / "a", settings, **changes)
    assert "starting anew" in caplog.text
    assert "resuming" not in caplog.text
    run_training(tmp_path / "b", settings, **changes)
    assert read_model(tmp_path / "a")["hash"] == read_model(tmp_path / "b")["hash"]
    assert not (tmp_path / "a" / "checkpoint.pt").exists()


def test_checkpoint_of_another_teacher_is_passed_over(
    interrupt, run_training, distilling, teacher_logits, tmp_path
):
    store = storage.open_store(teacher_logits)
    arrays = {"logits": -store["logits"][:], "sample_ids": store["sample_ids"][:]}
    other = tmp_path / "other.zarr"
    storage.write_store(other, arrays, {**store.attrs, "model_hash": "another"})
    interrupt(tmp_path / "a", distilling, teacher_logits=[teacher_logits])
    run_training(tmp_path / "a", distilling, teacher_logits=[other])
    run_training(tmp_path / "b", distilling, teacher_logits=[other])
    assert read_model(tmp_path / "a")["hash"] == read_model(tmp_path / "b")["hash"]


def test_checkpoint_of_other_weights_in_the_same_file_is_passed_over(
    interrupt, run_training, method_settings, tmp_path
):
    for seed, name in enumerate(("first", "second")):
        run_training(tmp_path / name, method_settings(), seed=seed)
    weights = tmp_path / "weights.pt"
    settings = method_settings(weights=str(weights))
    shutil.copy(tmp_path / "first/model.pt", weights)
    interrupt(tmp_path / "a", settings)
    shutil.copy(tmp_path / "second/model.pt", weights)
    run_training(tmp_path / "a", settings)
    run_training(tmp_path / "b", settings)
    assert read_model(tmp_path / "a")["hash"] == read_model(tmp_path / "b")["hash"]


KILLABLE = """
from limbeck.cli import run
from limbeck.runtime.startup import postpone_torch_compiler
postpone_torch_compiler()
from limbeck.training import checkpoints
checkpoints.SAVE_SECONDS = 0.0
run()
"""


def command_line(folder, digits, split, settings, device="cpu"):
    flags = {
        "dataset": digits,
        "split": split,
        "settings": json.dumps(dataclasses.asdict(settings)),
        "seed": 0,
        "device": device,
        "study": "test",
        "method": "undistilled",
        "budget": 50,
        "fold": 0,
        "checkpoint": folder / "checkpoints" / "run.pt",
        "model": folder / "model.pt",
        "history": folder / "history.csv",
    }
    return ["train", *(part for flag, value in flags.items() for part in (f"--{flag}", str(value)))]


@pytest.mark.slow
def test_killed_job_ends_with_the_same_bits(digits, split, method_settings, tmp_path, caplog):
    caplog.set_level("INFO")
    settings = method_settings(epochs=60, batch_size=20, augmentation="flip")
    arguments = command_line(tmp_path / "killed", digits, split, settings)
    checkpoint = tmp_path / "killed" / "checkpoints" / "run.pt"
    with subprocess.Popen(
        [sys.executable, "-c", KILLABLE, *arguments], stderr=subprocess.PIPE, text=True
    ) as job:
        for line in job.stderr:
            if "epoch 5 of 60" in line:
                job.send_signal(signal.SIGKILL)
                break
    assert job.returncode == -signal.SIGKILL
    assert checkpoint.is_file()
    assert not (tmp_path / "killed" / "model.pt").exists()
    assert not (tmp_path / "killed" / "history.csv").exists()

    assert cli.main(arguments) == 0
    assert "resuming in epoch " in caplog.text
    assert not checkpoint.exists()
    assert cli.main(command_line(tmp_path / "whole", digits, split, settings)) == 0
    assert read_model(tmp_path / "killed")["hash"] == read_model(tmp_path / "whole")["hash"]
    assert column(tmp_path / "killed", "epoch") == list(range(60))
    assert column(tmp_path / "killed", "loss") == column(tmp_path / "whole", "loss")
