"""The training loop: rates, steps, seeds, resuming, errors."""

import contextlib
import csv
import dataclasses
import json
import math
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from stored import samples_of

from limbeck import cli
from limbeck.data.datasets import Dataset
from limbeck.data.splits import read_split
from limbeck.models.network import build_network
from limbeck.runtime import devices, processor, storage
from limbeck.runtime.errors import InputError
from limbeck.stages.split_dataset import split_dataset
from limbeck.training import checkpoints
from limbeck.training.schedules import learning_rate

COLUMNS = ["epoch", "loss", "accuracy", "learning_rate", "images_per_second", "seconds"]


def read_model(folder):
    return torch.load(folder / "model.pt", weights_only=True)


def read_history(folder):
    with open(folder / "history.csv", newline="") as file:
        return list(csv.DictReader(file))


def column(folder, name):
    return [float(row[name]) for row in read_history(folder)]


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


def plain_training(settings, digits, split, seed, rates):
    """Train on all labelled images at once, with SGD's formula written out."""
    source = Dataset(digits)
    samples = samples_of(source, "train")
    labelled, _ = read_split(split, samples.sample_ids)
    images = torch.from_numpy(samples.images[labelled].transpose(0, 3, 1, 2).copy())
    labels = torch.from_numpy(samples.labels[labelled])
    torch.manual_seed(seed)
    network = build_network(settings, source.attributes, 1).train()
    parameters = list(network.parameters())
    velocities = [torch.zeros_like(parameter) for parameter in parameters]
    losses, accuracies = [], []
    for rate in rates:
        logits = network(images)
        loss = (logits.logsumexp(1) - logits[torch.arange(50), labels]).mean()
        gradients = torch.autograd.grad(loss, parameters)
        losses.append(loss.item())
        accuracies.append((logits.argmax(1) == labels).float().mean().item())
        with torch.no_grad():
            for w, v, g in zip(parameters, velocities, gradients, strict=True):
                g = g + settings.weight_decay * w
                v.mul_(settings.momentum).add_(g)
                w -= rate * (g + settings.momentum * v if settings.nesterov else v)
    return network.state_dict(), losses, accuracies


@pytest.mark.parametrize("nesterov", [True, False])
def test_steps_are_those_of_plain_sgd(
    nesterov, digits, split, run_training, method_settings, tmp_path
):
    settings = method_settings(steps=3, epochs=None, nesterov=nesterov, weight_decay=0.05)
    run_training(tmp_path, settings, seed=5)
    # Cosine over three steps: (1 + cos 0°) / 2, (1 + cos 60°) / 2, (1 + cos 120°) / 2
    rates = [0.1, 0.075, 0.025]
    expected, losses, accuracies = plain_training(settings, digits, split, 5, rates)
    weights = read_model(tmp_path)["state"]
    assert weights.keys() == expected.keys()
    for name, value in weights.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-3, atol=1e-4, msg=name)
    np.testing.assert_allclose(column(tmp_path, "loss"), losses, rtol=1e-4)
    np.testing.assert_allclose(column(tmp_path, "accuracy"), accuracies, rtol=1e-6)
    np.testing.assert_allclose(column(tmp_path, "learning_rate"), rates, rtol=1e-6)


def test_same_seed_same_bits(trained, run_training, method_settings, tmp_path):
    settings = method_settings(augmentation="flip", batch_size=20)
    run_training(tmp_path / "same", settings)
    run_training(tmp_path / "other", settings, seed=8)
    first, again, other = map(read_model, (trained, tmp_path / "same", tmp_path / "other"))
    assert first["hash"] == again["hash"]
    for name, value in first["state"].items():
        assert torch.equal(value, again["state"][name]), name
    assert first["hash"] != other["hash"]


def test_history_has_a_row_an_epoch(trained):
    rows = read_history(trained)
    assert list(rows[0]) == COLUMNS
    assert column(trained, "epoch") == [0, 1]
    # Two epochs of three steps; a row holds the rate of its last step, 2 and 5 of 6.
    rates = [0.1 * (1 + math.cos(math.pi * step / 6)) / 2 for step in (2, 5)]
    np.testing.assert_allclose(column(trained, "learning_rate"), rates, rtol=1e-6)
    for row in rows:
        assert 0 < float(row["loss"]) < 10
        correct = 50 * float(row["accuracy"])
        assert 0 <= correct <= 50
        assert correct == pytest.approx(round(correct), abs=1e-6)
        assert float(row["images_per_second"]) * float(row["seconds"]) == pytest.approx(50)
    assert sorted(path.name for path in trained.iterdir()) == ["history.csv", "model.pt"]


def test_steps_need_not_fill_an_epoch(run_training, method_settings, tmp_path):
    # 50 images in batches of 20, 20 and 10: three steps an epoch.
    run_training(tmp_path, method_settings(steps=7, epochs=None, batch_size=20))
    assert column(tmp_path, "epoch") == [0, 1, 2]
    assert int(read_model(tmp_path)["state"]["backbone.norm.num_batches_tracked"]) == 7
    last = 0.1 * (1 + math.cos(math.pi * 6 / 7)) / 2
    assert column(tmp_path, "learning_rate")[-1] == pytest.approx(last)


def test_distillation_cycles_over_all_images(run_training, teacher_logits, distilling, tmp_path):
    run_training(tmp_path, distilling, teacher_logits=teacher_logits)
    # One step of 50 labelled images, then 1387 = 21 * 64 + 43 unlabelled ones, for two cycles.
    assert int(read_model(tmp_path)["state"]["backbone.norm.num_batches_tracked"]) == 2 * 23
    images = np.array(column(tmp_path, "images_per_second")) * column(tmp_path, "seconds")
    np.testing.assert_allclose(images, [1437, 1437])


def test_bfloat16_keeps_float32_weights(run_training, method_settings, tmp_path):
    run_training(tmp_path / "low", method_settings(steps=1, epochs=None, precision="bfloat16"))
    run_training(tmp_path / "full", method_settings(steps=1, epochs=None))
    low, full = read_model(tmp_path / "low"), read_model(tmp_path / "full")
    assert (low["precision"], full["precision"]) == ("bfloat16", "float32")
    assert {value.dtype for value in low["state"].values()} == {torch.float32, torch.int64}
    assert low["hash"] != full["hash"]


# Resuming


@pytest.fixture
def distilling(method_settings):
    return method_settings(
        objective="distillation", teacher="teacher", temperature=4.0, augmentation="flip"
    )


def test_resumed_distillation_ends_with_the_same_bits(
    interrupt, run_training, distilling, teacher_logits, tmp_path, caplog
):
    caplog.set_level("INFO")
    interrupt(tmp_path / "a", distilling, teacher_logits=teacher_logits)
    torch.manual_seed(999)  # what happens in between does not count
    run_training(tmp_path / "a", distilling, teacher_logits=teacher_logits)
    assert "resuming in epoch 2, after 23 steps" in caplog.text
    run_training(tmp_path / "b", distilling, teacher_logits=teacher_logits)
    assert read_model(tmp_path / "a")["hash"] == read_model(tmp_path / "b")["hash"]
    assert not (tmp_path / "a" / "checkpoint.pt").exists()
    assert column(tmp_path / "a", "loss") == column(tmp_path / "b", "loss")


# A cycle has one labelled step and 22 unlabelled ones.
@pytest.mark.parametrize(
    ("steps", "place"),
    [
        (1, "epoch 1, after 1 steps"),
        (9, "epoch 1, after 9 steps"),
        (23, "epoch 1, after 23 steps"),
        (30, "epoch 2, after 7 steps"),
    ],
)
def test_training_stopped_at_any_step_ends_with_the_same_bits(
    steps, place, stop, run_training, distilling, teacher_logits, tmp_path, caplog
):
    caplog.set_level("INFO")
    stop(tmp_path / "a", distilling, steps, teacher_logits=teacher_logits)
    torch.manual_seed(999)
    run_training(tmp_path / "a", distilling, teacher_logits=teacher_logits)
    assert f"resuming in {place}" in caplog.text
    run_training(tmp_path / "b", distilling, teacher_logits=teacher_logits)
    assert read_model(tmp_path / "a")["hash"] == read_model(tmp_path / "b")["hash"]
    for name in ("loss", "accuracy", "learning_rate"):
        assert column(tmp_path / "a", name) == column(tmp_path / "b", name)


def test_sigterm_ends_the_command_with_its_status_and_the_way_on(
    digits, split, method_settings, tmp_path, monkeypatch, capsys
):
    keep = checkpoints.Checkpoint.keep

    def stop_and_keep(self, state):
        os.kill(os.getpid(), signal.SIGTERM)
        keep(self, state)

    monkeypatch.setattr(checkpoints.Checkpoint, "keep", stop_and_keep)
    assert cli.main(command_line(tmp_path / "run", digits, split, method_settings())) == 143
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith("limbeck train: stopped: SIGTERM")
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


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
    interrupt(tmp_path / "a", distilling, teacher_logits=teacher_logits)
    run_training(tmp_path / "a", distilling, teacher_logits=other)
    run_training(tmp_path / "b", distilling, teacher_logits=other)
    assert read_model(tmp_path / "a")["hash"] == read_model(tmp_path / "b")["hash"]


@pytest.mark.parametrize("content", [b"", b"no checkpoint", None])
def test_a_checkpoint_that_cannot_be_read_is_passed_over(
    content, run_training, method_settings, tmp_path, caplog
):
    settings = method_settings(batch_size=20)
    if content is None:
        torch.save({"rows": []}, tmp_path / "checkpoint.pt")
    else:
        (tmp_path / "checkpoint.pt").write_bytes(content)
    run_training(tmp_path, settings)
    (line,) = caplog.messages
    assert line.startswith(f"{tmp_path / 'checkpoint.pt'}: cannot be read")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.csv", "model.pt"]


def test_what_a_killed_writer_left_beside_a_checkpoint_is_removed(
    run_training, method_settings, tmp_path
):
    (tmp_path / ".checkpoint.pt.a1b2").mkdir()
    (tmp_path / ".checkpoint.pt.a1b2/checkpoint.pt").write_bytes(b"half")
    run_training(tmp_path, method_settings(batch_size=20))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.csv", "model.pt"]


KILLABLE = """
import sys
import limbeck.cli, limbeck.training.checkpoints
limbeck.training.checkpoints.SAVE_SECONDS = 0.0
sys.exit(limbeck.cli.main(sys.argv[1:]))
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


# Errors


def one_line_error(call):
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nothing_to_distil_on_is_an_error(
    digits, run_training, distilling, teacher_logits, tmp_path
):
    path = tmp_path / "all.csv"
    ids = Dataset(digits).array("train", "sample_ids")
    storage.write_rows(path, ["sample_id", "class"], [(name, "0") for name in ids])
    message = one_line_error(
        lambda: run_training(tmp_path, distilling, split=path, teacher_logits=teacher_logits)
    )
    assert str(path) in message
    assert "1437" in message
    assert not (tmp_path / "model.pt").exists()


def test_missing_teacher_logits_are_an_error(digits, split, distilling, tmp_path, capsys):
    assert cli.main(command_line(tmp_path / "run", digits, split, distilling)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "--teacher-logits" in line
    assert not (tmp_path / "run").exists()


def test_teacher_logits_of_another_split_are_an_error(
    digits, run_training, distilling, teacher_logits, tmp_path
):
    path = tmp_path / "fold-1.csv"
    split_dataset(digits, 50, 1, 0, path)
    message = one_line_error(
        lambda: run_training(tmp_path, distilling, split=path, teacher_logits=teacher_logits)
    )
    assert str(teacher_logits) in message
    assert str(path) in message


def test_loss_that_is_not_finite_is_an_error(run_training, method_settings, tmp_path):
    settings = method_settings(learning_rate=1e30, epochs=5, schedule="constant")
    message = one_line_error(lambda: run_training(tmp_path, settings))
    assert "learning_rate = 1e+30" in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here")
def test_absent_cuda_is_an_error(digits, split, method_settings, tmp_path, capsys):
    arguments = command_line(tmp_path / "run", digits, split, method_settings(), device="cuda")
    assert cli.main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "device = cuda" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("setting", "flags", "expected"),
    [
        ("auto", {"fpu", "avx512_bf16"}, "bfloat16"),
        ("auto", {"amx_bf16"}, "bfloat16"),
        ("auto", {"asimd", "bf16"}, "bfloat16"),
        ("auto", {"fpu", "avx2", "avx512f"}, "float32"),
        ("auto", set(), "float32"),
        ("float32", {"avx512_bf16"}, "float32"),
        ("bfloat16", set(), "bfloat16"),
    ],
)
def test_precision_follows_the_processor(setting, flags, expected, monkeypatch):
    monkeypatch.setattr(processor, "processor_flags", lambda: flags)
    assert devices.resolve_precision(setting, torch.device("cpu")) == expected


def test_tf32_on_a_processor_is_an_error():
    message = one_line_error(lambda: devices.resolve_precision("tf32", torch.device("cpu")))
    assert "precision = tf32" in message
