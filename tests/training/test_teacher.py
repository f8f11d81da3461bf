"""What a student hears: live passes that change nothing in the teacher, and caches of the same."""

import numpy as np
import pytest
import torch

from limbeck.data.dataset import Dataset
from limbeck.networks.model_file import load_network
from limbeck.networks.network import build_network
from limbeck.runtime import storage
from limbeck.stages.teacher_logits import teacher_logits as write_teacher_logits
from limbeck.training.objectives import build_objective
from limbeck.training.objectives.base import TrainingData
from limbeck.training.teacher import CachedTeacher, LiveTeacher, View

ATTRIBUTES = {"class_names": ["a", "b", "c"], "mean": [0.5] * 3, "std": [0.25] * 3}


@pytest.fixture
def networks(method_settings):
    """Return three networks whose statistics of batch normalisation are not those of new ones."""
    torch.manual_seed(0)
    built = [build_network(method_settings(), ATTRIBUTES, 3) for _ in range(3)]
    for network in built:
        network.train()(torch.randint(0, 256, (16, 3, 8, 8), dtype=torch.uint8))
    return built


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(40, 250, (40, 3, 8, 8), generator=generator, dtype=torch.uint8)
    images[:, 0] = torch.arange(40, dtype=torch.uint8).view(-1, 1, 1)
    return images


@pytest.fixture
def data(networks, images):
    labels = torch.arange(40) % 3
    teacher = LiveTeacher([networks[1]], ["float32"])
    return TrainingData(images, labels, torch.arange(10), torch.arange(10, 40), teacher)


def live_settings(method_settings, **changes):
    keys = {"augmentation": "crop_flip", "crop_padding": 2, "batch_size": 8}
    options = {"temperature": 4.0, "images": "all"}
    return method_settings(objective="attention_transfer", options=options, **keys | changes)


def test_a_live_teacher_sees_what_the_student_sees(data, networks, method_settings):
    student, teacher = networks[:2]
    seen = {"student": [], "teacher": []}
    objective = build_objective(data, live_settings(method_settings), student.train())
    student.register_forward_pre_hook(lambda _, given: seen["student"].append(given[0].clone()))
    teacher.register_forward_pre_hook(lambda _, given: seen["teacher"].append(given[0].clone()))
    for step in objective.epoch(0):
        step(student)
    assert len(seen["student"]) == len(seen["teacher"]) == 4
    for ours, theirs in zip(seen["student"], seen["teacher"], strict=True):
        assert torch.equal(ours, theirs)
    rows = [row for images in seen["student"] for row in images[:, 0, 4, 4].tolist()]
    # A labelled batch of 8 beside each of the 30 unlabelled images: 8, 8, 8 and 6.
    unlabelled = rows[8:16] + rows[24:32] + rows[40:48] + rows[56:]
    assert unlabelled != sorted(unlabelled) and sorted(unlabelled) == list(range(10, 40))
    assert set(rows[:8] + rows[16:24]) == set(range(10))
    views = torch.cat(seen["student"])
    assert not torch.equal(views, data.images[torch.tensor(rows)])  # cropped and mirrored


def test_nothing_in_a_live_teacher_changes(data, networks, method_settings):
    student, teacher = networks[:2]
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    objective = build_objective(data, live_settings(method_settings), student.train())
    for step in objective.epoch(0):
        step(student).loss.backward()
    assert not teacher.training
    assert all(value.grad is None for value in teacher.parameters())
    for name, value in teacher.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize("flipped", [None, torch.tensor([True, False, True])])
def test_a_cache_says_what_the_live_teacher_says(flipped, networks, images):
    live = LiveTeacher(networks[:2], ["float32", "float32"], ["B", "E"])
    rows = torch.tensor([30, 4, 17, 9, 2])
    cached = live.cached(rows, images)
    chosen = torch.tensor([9, 30, 2])
    seen = images[chosen]
    if flipped is not None:
        seen = torch.where(flipped.view(-1, 1, 1, 1), seen.flip(-1), seen)
    view = View(chosen, seen, flipped)
    expected, found = live.answer(view), cached.answer(view)
    assert [part.shape for part in found.logits] == [(3, 3), (3, 3)]
    assert [part.shape for part in found.features] == [(3, 16, 8, 8), (3, 64, 1, 1)]
    for part, other in zip(
        found.logits + found.features, expected.logits + expected.features, strict=True
    ):
        torch.testing.assert_close(part, other, rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(expected.logits[1], networks[1].eval()(seen))
    assert cached.knows(chosen) and not cached.knows(torch.tensor([9, 3]))


def test_a_teacher_computes_in_its_own_precision(networks, images):
    view = View(torch.arange(4), images[:4], None)
    low = LiveTeacher(networks[:1], ["bfloat16"], ["B"])
    full = LiveTeacher(networks[:1], ["float32"], ["B"])
    for student in ("bfloat16", "float32"):
        with torch.autocast("cpu", torch.bfloat16, enabled=student == "bfloat16"):
            coarse, fine = low.answer(view), full.answer(view)
        assert torch.equal(coarse.features[0], coarse.features[0].bfloat16().float())
        assert not torch.equal(fine.features[0], fine.features[0].bfloat16().float())
        assert fine.logits[0].dtype == coarse.logits[0].dtype == torch.float32


def live_logits(model, images):
    network, _ = load_network(model, torch.device("cpu"))
    with torch.no_grad():
        return network(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))).numpy()


def test_stored_logits_are_those_of_the_live_teacher(digits, trained, teacher_logits):
    source = Dataset(digits)
    images = source.array("train", "images")
    store = storage.open_store(teacher_logits)
    cached = store["logits"][:]
    assert (cached.dtype, cached.shape) == (np.float32, (1437, 2, 10))
    assert list(store["sample_ids"][:]) == list(source.array("train", "sample_ids"))
    plain, mirrored = (
        live_logits(trained / "model.pt", view) for view in (images, images[:, :, ::-1])
    )
    np.testing.assert_allclose(cached[:, 0], plain, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(cached[:, 1], mirrored, rtol=1e-4, atol=1e-4)
    assert np.abs(plain - mirrored).max() > 0.1  # the two views can be told apart


def test_writing_teacher_logits_leaves_gradients_on(digits, trained, tmp_path, device):
    with torch.inference_mode(False):
        write_teacher_logits(digits, trained / "model.pt", device, tmp_path / "logits.zarr")
        assert not torch.is_inference_mode_enabled()


@pytest.mark.parametrize(
    ("changes", "live"),
    [
        ({"augmentation": "flip", "crop_padding": None, "epochs": 3}, False),
        ({"augmentation": "none", "crop_padding": None, "epochs": None, "steps": 9}, False),
        ({"augmentation": "none", "crop_padding": None, "epochs": None, "steps": 8}, True),
        ({"augmentation": "flip", "crop_padding": None, "epochs": 2}, True),
        ({"epochs": 3}, True),  # cropped
    ],
)
def test_answers_are_kept_where_that_pays(changes, live, data, networks, method_settings):
    settings = live_settings(method_settings, **changes)
    objective = build_objective(data, settings, networks[0])
    assert objective.steps_per_epoch() == 4
    assert isinstance(objective.teacher, LiveTeacher if live else CachedTeacher)


def test_answers_that_are_too_large_are_not_kept(data, networks, method_settings, monkeypatch):
    from limbeck.training.objectives import layers

    settings = live_settings(method_settings, augmentation="flip", crop_padding=None, epochs=9)
    # Maps of 8 x 8, 4 x 4 and 2 x 2 and three logits, twice 40 images, 4 bytes a value.
    size = 4 * 2 * 40 * (64 + 16 + 4 + 3)
    for limit, expected in ((size, CachedTeacher), (size - 1, LiveTeacher)):
        monkeypatch.setattr(layers, "CACHE_BYTES", limit)
        assert isinstance(build_objective(data, settings, networks[0]).teacher, expected)
