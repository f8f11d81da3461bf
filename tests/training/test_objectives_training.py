"""Every objective with a teacher in the training loop: resuming, what is kept, what is trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from helpers.outputs import column, read_model
from limbeck.networks.model_file import load_network
from limbeck.networks.network import build_network
from limbeck.study.objectives import OBJECTIVES, teacher_input
from limbeck.training.objectives import build_objective
from limbeck.training.objectives.base import TrainingData
from limbeck.training.teacher import LiveTeacher

TAUGHT = [name for name, objective in OBJECTIVES.items() if objective.teacher]
WITH_OWN = ["fitnet", "correlation_congruence", "vid", "crd"]


@pytest.fixture
def settings_of(method_settings):
    """Return a function that gives settings of nine steps, four an epoch, on the digits."""

    def settings(objective, images="all", **changes):
        options = {"images": images}
        if OBJECTIVES[objective].teacher != "logits":
            # The weights are those of batches of 64 and many epochs.
            options |= {"temperature": 4.0, "weight": 0.1}
        if objective == "crd":
            options |= {"negatives": 20}
        size = {"all": 400, "labelled": 16}[images]
        keys = {"batch_size": size, "epochs": None, "steps": 9, "learning_rate": 0.01}
        return method_settings(objective=objective, options=options, **keys | changes)

    return settings


@pytest.fixture
def teacher_of(trained, teacher_logits):
    """Return a function that gives a run's files of the teacher that settings ask for."""

    def teacher(settings):
        if teacher_input(settings.objective, settings.augmentation) == "logits":
            return {"teacher_logits": [teacher_logits]}
        return {"teacher_models": [trained / "model.pt"]}

    return teacher


# Mirror images, which are answered from caches where that is possible, and crops in bfloat16, of
# the few labelled ones alone.
VIEWS = {
    "flip": {"augmentation": "flip"},
    "crop": {
        "images": "labelled",
        "augmentation": "crop_flip",
        "crop_padding": 1,
        "precision": "bfloat16",
    },
}


@pytest.mark.parametrize(
    ("objective", "views"),
    # All of live passes; of flips one that hears cached logits, one live passes, two cached
    # features, of which one has a memory of its own.
    [(name, "crop") for name in TAUGHT]
    + [(name, "flip") for name in ("dkd", "fitnet", "attention_transfer", "crd")],
)
def test_a_stopped_training_ends_with_the_same_bits(
    objective, views, stop, run_training, settings_of, teacher_of, tmp_path, caplog
):
    caplog.set_level("INFO")
    settings = settings_of(objective, **VIEWS[views])
    stop(tmp_path / "a", settings, 6, **teacher_of(settings))
    state = torch.load(tmp_path / "a" / "checkpoint.pt", weights_only=True)
    assert bool(state["objective"]["own"]) == (objective in WITH_OWN)
    torch.manual_seed(999)  # what happens in between does not count
    run_training(tmp_path / "a", settings, **teacher_of(settings))
    assert "resuming in epoch 2, after 2 steps" in caplog.text
    caches = OBJECTIVES[objective].teacher == "arrays" and views == "flip"
    assert caplog.text.count("are computed once") == 2 * caches
    run_training(tmp_path / "b", settings, **teacher_of(settings))
    first, second = read_model(tmp_path / "a"), read_model(tmp_path / "b")
    assert first["hash"] == second["hash"]
    assert column(tmp_path / "a", "loss") == column(tmp_path / "b", "loss")
    # What is trained beside the network is not part of it.
    network, _ = load_network(tmp_path / "a" / "model.pt", torch.device("cpu"))
    assert first["state"].keys() == network.state_dict().keys()


@pytest.mark.parametrize("objective", WITH_OWN)
def test_what_hears_no_labels_has_no_gradient_in_the_first_steps(
    objective, run_training, settings_of, teacher_of, tmp_path
):
    settings = settings_of(objective, steps=3, batch_size=50)
    settings = replace(settings, options={**settings.options, "images": "unlabelled"})
    # One step of the 50 labelled images, then two of the unlabelled ones.
    run_training(tmp_path, settings, **teacher_of(settings))
    assert np.isfinite(column(tmp_path, "loss")).all()


ATTRIBUTES = {"class_names": ["a", "b", "c"], "mean": [0.5], "std": [0.25]}


@pytest.mark.parametrize("objective", TAUGHT)
def test_gradients_reach_the_student_and_what_is_trained_beside_it(objective, method_settings):
    torch.manual_seed(0)
    # The student's maps are larger than the teacher's, which has other channels.
    teacher = build_network(method_settings(model="wrn_10_2", input_size=4), ATTRIBUTES, 1)
    student = build_network(method_settings(), ATTRIBUTES, 1).train()
    images = torch.randint(0, 256, (24, 1, 8, 8), dtype=torch.uint8)
    rows = torch.arange(24).split([12, 12])
    data = TrainingData(images, torch.arange(24) % 3, *rows, LiveTeacher([teacher], ["float32"]))
    pairs = {"layers": {"B": "B", "C": "C"}} if OBJECTIVES[objective].teacher != "logits" else {}
    settings = method_settings(objective=objective, options={"images": "all"} | pairs)
    built = build_objective(data, settings, student)
    gradients = []
    for label_weight in (1.0, 1e-9):
        built.options["label_weight"] = label_weight
        student.zero_grad()
        built.own.zero_grad()
        torch.manual_seed(1)
        (step,) = built.epoch(0)
        step(student).loss.backward()
        gradients.append(student.backbone.conv1.weight.grad.clone())
        # The teacher's loss alone has a gradient.
        assert gradients[-1].norm() > 0
    assert not torch.equal(*gradients)
    own = list(built.parameters())
    assert bool(own) == (objective in WITH_OWN)
    assert all(value.grad is not None and value.grad.norm() > 0 for value in own)
    assert all(value.grad is None for value in teacher.parameters())


def test_what_is_trained_beside_the_network_moves(
    stop, run_training, settings_of, teacher_of, tmp_path
):
    states = []
    for number in (1, 4):
        settings = settings_of("crd", **VIEWS["flip"])
        stop(tmp_path / str(number), settings, number, **teacher_of(settings))
        state = torch.load(tmp_path / str(number) / "checkpoint.pt", weights_only=True)
        states.append(state["objective"]["own"])
    names = ["0.0.0.weight", "0.0.1.weight", "1.0.student", "1.0.teacher"]
    for name in names:
        assert not torch.equal(states[0][name], states[1][name]), name
    # After one step the memory holds the 50 labelled images and 400 others at unit length, after
    # four all.
    for name in names[2:]:
        for state, expected in zip(states, (450, 1437), strict=True):
            lengths = state[name].norm(dim=1)
            assert int((lengths - 1).abs().lt(1e-5).sum()) >= expected
    constants = [state["1.0.constants"] for state in states]
    assert torch.equal(*constants) and (constants[0] > 0).all()
