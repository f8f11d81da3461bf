"""The training loop: steps, seeds, what is kept, errors."""

import math

import numpy as np
import pytest
import torch

from helpers.outputs import column, read_history, read_model
from limbeck.data.dataset import Dataset
from limbeck.data.splits import read_split
from limbeck.networks.model_file import load_network
from limbeck.networks.network import build_network
from limbeck.runtime import devices, processor, storage
from limbeck.training import loop
from limbeck.training.loop import Run, keep_as_is

COLUMNS = ["epoch", "loss", "accuracy", "learning_rate", "images_per_second", "seconds"]


RUN = {"study": "test", "method": "untrained", "budget": 50, "fold": 0}


def plain_training(settings, digits, split, seed, rates):
    """Train on all labelled images at once, with SGD's formula written out."""
    source = Dataset(digits)
    labelled, _ = read_split(split, source.array("train", "sample_ids"))
    images = source.array("train", "images")[labelled].transpose(0, 3, 1, 2)
    images = torch.from_numpy(images.copy())
    labels = torch.from_numpy(source.array("train", "labels")[labelled])
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
    run_training(tmp_path, distilling, teacher_logits=[teacher_logits])
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


@pytest.fixture
def distilling(method_settings):
    return method_settings(objective="distillation", augmentation="flip")


def test_an_untrained_network_has_its_first_weights(
    digits, run_training, method_settings, tmp_path
):
    settings = method_settings(objective="untrained", epochs=None)
    files = {"model": tmp_path / "model.pt", "history": tmp_path / "history.csv"}
    keep_as_is(digits, Run(split=None, identity=RUN, seed=5, **files), settings, "cpu")
    torch.manual_seed(5)
    expected = build_network(settings, Dataset(digits).attributes, 1).state_dict()
    state = read_model(tmp_path)["state"]
    assert state.keys() == expected.keys()
    for name, value in state.items():
        assert torch.equal(value, expected[name]), name
    assert read_history(tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.csv", "model.pt"]


def test_statistics_of_batch_norm_of_all_images(digits, run_training, method_settings, tmp_path):
    first = run_training(tmp_path / "labelled", method_settings(steps=4, epochs=None))
    options = {"batch_norm_images": "all"}
    second = run_training(
        tmp_path / "all", method_settings(steps=4, epochs=None, options=options, batch_size=1437)
    )
    labelled, every = (read_model(folder)["state"] for folder in (first, second))
    network, _ = load_network(second / "model.pt", torch.device("cpu"))
    images = torch.from_numpy(Dataset(digits).array("train", "images").transpose(0, 3, 1, 2).copy())
    with torch.no_grad():
        # The input of the first batch normalisation is not normalised itself.
        stem = network.backbone.conv1(network.prepare(images))
    for name, value in every.items():
        if "running" not in name and "tracked" not in name:
            assert torch.equal(value, labelled[name]), name
    norm = "backbone.group1.0.norm1.running_"
    torch.testing.assert_close(every[norm + "mean"], stem.mean((0, 2, 3)), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(every[norm + "var"], stem.var((0, 2, 3)), rtol=1e-3, atol=1e-4)
    assert (every[norm + "mean"] - labelled[norm + "mean"]).abs().max() > 1e-3


def test_students_of_other_sizes_see_the_images_in_the_same_order(
    run_training, method_settings, tmp_path, monkeypatch
):
    from limbeck.training.objectives import base

    orders = []
    shuffled = base.shuffled_batches

    def recording(rows, size):
        orders.append(torch.cat(shuffled(rows, size)).tolist())
        return shuffled(rows, size)

    from limbeck.training.objectives import cross_entropy

    monkeypatch.setattr(cross_entropy, "shuffled_batches", recording)
    for model in ("wrn_10_1", "wrn_16_2"):
        settings = method_settings(model=model, steps=1, epochs=None)
        run_training(tmp_path / model, settings)
    assert orders[0] == orders[1]
    assert sorted(orders[0]) != orders[0]


# Errors


def test_teacher_logits_of_other_images_are_an_error(
    run_training, distilling, teacher_logits, tmp_path, refusal
):
    store = storage.open_store(teacher_logits)
    ids = store["sample_ids"][:]
    ids[0] = "another"
    path = tmp_path / "other.zarr"
    storage.write_store(path, {"logits": store["logits"][:], "sample_ids": ids}, store.attrs)
    message = refusal(run_training, tmp_path / "run", distilling, teacher_logits=[path])
    assert message == f"{path}: logits of other images than those of the dataset"


def test_a_teacher_of_other_classes_is_an_error(
    run_training, distilling, teacher_logits, tmp_path, refusal
):
    store = storage.open_store(teacher_logits)
    arrays = {"logits": store["logits"][:][..., :9], "sample_ids": store["sample_ids"][:]}
    path = tmp_path / "other.zarr"
    storage.write_store(path, arrays, store.attrs)
    message = refusal(
        run_training, tmp_path / "run", distilling, teacher_logits=[teacher_logits, path]
    )
    assert message == f"{path}: a teacher of 9 classes; the dataset has 10"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "flag"),
    [({"augmentation": "flip"}, "--teacher-logits"), ({"augmentation": "crop"}, "--teacher-model")],
)
def test_a_missing_teacher_is_an_error(
    changes, flag, run_training, method_settings, tmp_path, refusal
):
    settings = method_settings(objective="distillation", crop_padding=1, **changes)
    message = refusal(run_training, tmp_path / "run", settings)
    assert message == f"{flag} is missing: the objective distillation needs it"
    assert not (tmp_path / "run").exists()


def test_a_teacher_with_nan_weights_is_an_error(
    run_training, method_settings, trained, tmp_path, refusal
):
    content = torch.load(trained / "model.pt", weights_only=True)
    content["state"]["backbone.head.bias"][3] = float("nan")
    torch.save(content, tmp_path / "teacher.pt")
    settings = method_settings(objective="pkt")
    message = refusal(
        run_training, tmp_path / "run", settings, teacher_models=[tmp_path / "teacher.pt"]
    )
    assert message.startswith(f"{tmp_path / 'teacher.pt'}: NaN or infinite numbers in head.bias")


# 50 images in batches of 20, 20 and 10: three steps an epoch.
@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"epochs": 5}, "the loss is not finite at step 2 of epoch 1 of 5"),
        ({"epochs": None, "steps": 2}, "the loss is not finite at step 2 of epoch 1 of 1"),
        # The loss of the only step is that of the first weights; what it leaves has none.
        ({"epochs": None, "steps": 1}, "the network's logits are not finite after the last step"),
    ],
)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_divergence_is_an_error_that_says_when(
    changes, place, precision, run_training, method_settings, tmp_path, refusal
):
    keys = {"learning_rate": 1e30, "schedule": "constant", "batch_size": 20, "precision": precision}
    message = refusal(run_training, tmp_path, method_settings(**keys, **changes))
    assert message == f"learning_rate = 1e+30: {place}; use a smaller one"
    assert list(tmp_path.iterdir()) == []


def test_a_late_divergence_is_told_by_its_epoch(run_training, method_settings, tmp_path, refusal):
    # Steps 1 to 3 at 0.1; the fourth, at 1e30, breaks what the fifth sees.
    schedule = {"schedule": "multi_step", "decay_epochs": (1,), "decay_factor": 1e31}
    settings = method_settings(batch_size=20, **schedule, epochs=4)
    message = refusal(run_training, tmp_path, settings)
    assert "the loss is not finite at step 2 of epoch 2 of 4" in message


def test_a_diverged_training_saves_no_state(
    run_training, method_settings, tmp_path, monkeypatch, refusal
):
    from limbeck.training import checkpoints

    monkeypatch.setattr(checkpoints, "SAVE_SECONDS", 0.0)
    settings = method_settings(learning_rate=1e30, batch_size=20, schedule="constant")
    message = refusal(run_training, tmp_path, settings)
    assert "step 2 of epoch 1" in message
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert state["sums"][0] == 1  # steps taken


def test_a_constant_channel_is_not_the_learning_rates_fault(
    digits, run_training, method_settings, tmp_path, refusal
):
    source = storage.open_store(digits)
    arrays = {
        f"{part}/{name}": source[f"{part}/{name}"][:]
        for part in ("train", "test")
        for name in ("images", "labels", "sample_ids")
    }
    path = tmp_path / "dataset.zarr"
    storage.write_store(path, arrays, {**source.attrs, "std": [0.0]})
    message = refusal(run_training, tmp_path / "run", method_settings(), dataset=path)
    assert message.startswith("std = [0.0]: allowed: above 0")
    assert "learning" not in message


def test_nan_weights_are_not_the_learning_rates_fault(
    run_training, method_settings, tmp_path, monkeypatch, refusal
):
    from limbeck.training import loop

    build = loop.build_network

    def build_broken(*given):
        network = build(*given)
        network.backbone.head.bias.data[2] = float("nan")
        return network

    monkeypatch.setattr(loop, "build_network", build_broken)
    message = refusal(run_training, tmp_path, method_settings())
    expected = "the network's weights are not finite before training"
    assert message == f"model = wrn_10_1, weights = None: {expected}"


def test_a_step_of_one_image_is_an_error_where_it_has_no_variance(
    run_training, method_settings, tmp_path, refusal
):
    # Maps of 1 x 1 pixel in the last group of this network; those of wrn_10_1 have 2 x 2.
    settings = method_settings(model="resnet18", batch_size=1, steps=2, epochs=None)
    message = refusal(run_training, tmp_path / "resnet", settings)
    assert message.startswith("batch_size = 1: batch normalisation in resnet18 has no variance")
    assert list((tmp_path / "resnet").iterdir()) == []
    run_training(tmp_path / "wide", method_settings(batch_size=1, steps=2, epochs=None))


def test_the_backward_pass_multiplies_as_the_precision_says(
    run_training, method_settings, tmp_path, monkeypatch
):
    # torch's default lets cuDNN round to TF32, which has 10 bits where float32 has 23.
    seen, build = [], loop.build_network

    def watched(*arguments):
        network = build(*arguments)
        network.backbone.conv1.weight.register_hook(
            lambda gradient: seen.append(torch.backends.cudnn.allow_tf32)
        )
        return network

    monkeypatch.setattr(loop, "build_network", watched)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    run_training(tmp_path, method_settings(steps=2, epochs=None))
    assert set(seen) == {False}
    assert torch.backends.cudnn.allow_tf32


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here")
def test_absent_cuda_is_an_error(refusal):
    message = refusal(devices.select_device, "cuda")
    assert message.startswith("device = cuda: torch sees no CUDA device here")


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


def test_tf32_on_a_processor_is_an_error(refusal):
    message = refusal(devices.resolve_precision, "tf32", torch.device("cpu"))
    assert "precision = tf32" in message
