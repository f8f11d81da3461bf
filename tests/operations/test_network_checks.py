"""What is wrong with a study's networks is said before any job; what is right is built once."""

import os
from pathlib import Path

import pytest
import torch

from limbeck.data.facts import Facts
from limbeck.networks.model_file import save_network
from limbeck.networks.network import NetworkSpec, build
from limbeck.operations import network_checks
from limbeck.operations.look_at_networks import look_at
from limbeck.operations.network_checks import layer_values, looks_needed, network_mistakes
from limbeck.study.config import check_config

COLOUR = Facts(["ant", "bee"], [50, 50], [20, 20], (32, 32, 3), {})
GREY = Facts(["ant", "bee"], [50, 50], [20, 20], (8, 8, 1), {})


@pytest.fixture(autouse=True)
def folder(own_modules, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIMBECK_NETWORKS", str(tmp_path))
    return tmp_path


@pytest.fixture
def study():
    """Return a function that gives a study of a method, or of several."""

    def make(layers=None, budgets=(20,), **methods):
        for name, method in methods.items():
            if "objective" not in method:
                methods[name] = {"objective": "cross_entropy", **method}
        return check_config(
            {
                "study": "mine",
                "dataset": {"name": "digits", "test_fraction": 0.2},
                "budgets": list(budgets),
                "methods": methods,
                **({"layers": layers} if layers else {}),
            }
        )

    return make


def found_here(config, facts=COLOUR):
    """Return the mistakes that are found in this process, where torch is loaded already."""
    height, width, channels = facts.image_shape
    shape, classes = (channels, height, width), len(facts.class_names)
    return [
        f"{look['key']}: {mistake}"
        for look in looks_needed(config, facts)
        for mistake in look_at(look, classes, shape)[0]
    ]


def looked_at(config, facts=COLOUR):
    return [look["key"].removeprefix("methods.") for look in looks_needed(config, facts)]


def test_networks_of_which_all_is_known_are_not_built(study, monkeypatch):
    config = study(
        teacher={"model": "resnet8x4", "normalisation": "imagenet"},
        student={
            "objective": "distillation",
            "distillation": {"teacher": "teacher"},
            "model": "wrn_10_1",
            "input_size": 16,
        },
    )
    monkeypatch.setattr(network_checks, "_run", lambda task: pytest.fail("a network was built"))
    assert looked_at(config) == list(network_mistakes(config, COLOUR)) == []


@pytest.mark.parametrize(
    ("method", "layers", "facts"),
    [
        ({"model": "resnet18"}, None, COLOUR),
        ({"model": "wrn_10_1"}, {"F": "group3"}, COLOUR),
        ({"model": "wrn_10_1", "weights": "w.pth"}, None, COLOUR),
        ({"model": "wrn_10_1", "weights": "IMAGENET1K_V1"}, None, COLOUR),
        ({"model": "wrn_10_1", "batch_size": 1}, None, COLOUR),
        ({"model": "wrn_10_1", "normalisation": "imagenet"}, None, GREY),
        (
            {"model": "wrn_10_1", "normalisation": "own", "mean": [0.5], "std": [2.0]},
            None,
            COLOUR,
        ),
        (
            {
                "model": "wrn_10_1",
                "objective": "fitnet",
                "fitnet": {"teacher": "plain"},
            },
            None,
            COLOUR,
        ),
    ],
)
def test_networks_of_which_something_could_be_wrong_are_built(study, method, layers, facts):
    config = study(plain={"model": "wrn_10_1"}, its=method, layers=layers)
    names = ["plain", "its"] if layers else ["its"]
    assert looked_at(config, facts) == names


def test_layers_of_a_teacher_that_only_teaches_do_not_count(study):
    config = study(
        layers={"E": "auto", "F": {"teacher": "group3"}},
        teacher={"model": "wrn_10_1"},
        student={"model": "wrn_10_1"},
    )
    assert looked_at(config) == ["teacher"]
    config["run"]["methods"] = ["student"]
    assert looked_at(config) == []


@pytest.mark.parametrize(
    ("budgets", "images", "batch_size", "batch"),
    [
        ([20], "unlabelled", 50, 2),
        ([99], "unlabelled", 50, 1),
        ([99], "labelled", 50, 2),
        ([100], "labelled", 50, 2),
        ([20], "labelled", 1, 1),
        ([20], "unlabelled", 1, 1),
        # A labelled image and an unlabelled one, where there are both.
        ([20], "all", 1, 2),
        ([99], "all", 50, 2),
        ([20, 100], "all", 1, 1),
    ],
)
def test_the_smallest_step_of_a_training(study, budgets, images, batch_size, batch):
    student = {"model": "resnet18", "batch_size": batch_size, "objective": "distillation"}
    config = study(
        budgets=budgets,
        teacher={"model": "wrn_10_1"},
        student={**student, "distillation": {"teacher": "teacher", "images": images}},
    )
    (look,) = looks_needed(config, COLOUR)
    assert look["batch"] == batch


def test_mistakes_name_the_method(study, folder):
    (folder / "own.py").write_text(
        "import torch\n"
        "def flat(num_classes):\n"
        "    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, num_classes))\n"
    )
    config = study(
        layers={"F": {"flat": "1", "own": "2"}, "G": {"plain": "group4.0"}},
        flat={"model": "own:flat"},
        own={"model": "own:flat"},
        plain={"model": "wrn_10_1"},
        small={"model": "torchvision:vgg11"},
        named={"model": "wrn_10_1", "weights": "IMAGENET1K_V1"},
        pairs={
            "objective": "attention_transfer",
            "attention_transfer": {"teacher": "plain", "layers": {"C": "D", "D": "E"}},
            "model": "wrn_10_1",
        },
        swin={"model": "swin_t", "input_size": 32},
        turned={
            "objective": "vid",
            "vid": {"teacher": "swin", "layers": {"C": "B"}},
            "model": "wrn_10_1",
        },
    )
    lines = found_here(config, Facts(["ant", "bee"], [50, 50], [20, 20], (12, 12, 3), {}))
    starts = [
        "methods.flat: model = own:flat: takes no images of 12 × 12: ",
        "methods.own: layer F = 2: ",
        "methods.plain: layer G = group4.0: ",
        "methods.small: model = torchvision:vgg11: takes no images of 12 × 12: ",
        "methods.named: weights = IMAGENET1K_V1: wrn_10_1 takes only the path of a file",
        "methods.pairs: attention_transfer.layers = {'C': 'D', 'D': 'E'}: layer E of the teacher",
        "methods.turned: vid.layers = {'C': 'B'}: layer B of the teacher is 4 x 4 x 192, channels",
    ]
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=True)] == starts


def test_a_network_that_is_still_to_be_trained_on_a_gpu(study, folder):
    (folder / "own.py").write_text(
        "from torch import nn\n"
        "def pooled(num_classes):\n"
        "    parts = nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(2), nn.Flatten()\n"
        "    return nn.Sequential(*parts, nn.Linear(16, num_classes))\n"
    )
    config = study(layers={"F": "1"}, its={"model": "own:pooled"})
    assert found_here(config) == []
    config["device"] = "cuda"
    (line,) = found_here(config)
    assert line.startswith("methods.its: model = own:pooled: the gradients of AdaptiveAvgPool2D")
    (budget,) = config["budgets"]
    run = folder / f"results/mine/runs/its/budget-{budget}/fold-0"
    run.mkdir(parents=True)
    for name in ("model.pt", "history.csv"):
        (run / name).write_text("trained on a processor")
    assert found_here(config) == []


def test_weights_are_read_and_compared(study):
    for name, network in (("right.pth", "wrn_10_1"), ("wrong.pth", "wrn_10_2")):
        state = build(NetworkSpec(network, 2, 3, (0.5,), (0.5,))).backbone.state_dict()
        torch.save(state, name)
    methods = {
        name: {"model": "wrn_10_1", "weights": f"./{name}.pth"} for name in ("right", "wrong")
    }
    (line,) = found_here(study(**methods))
    assert line.startswith("methods.wrong: weights = wrong.pth: ")


def test_a_network_of_limbeck_takes_the_images_that_it_took(study):
    """The dataset's own mean and deviation are not known before it is read."""
    spec = NetworkSpec("wrn_10_1", 2, 3, (0.49, 0.48, 0.45), (0.2, 0.2, 0.2), 16)
    save_network("its.pt", build(spec), {})
    its = {"model": "wrn_10_1", "objective": "pretrained", "pretrained": {"weights": "./its.pt"}}
    its["input_size"] = 16
    start = "weights = its.pt: its network took images"
    assert found_here(
        study(
            right=its,
            wide={**its, "input_size": 32},
            other={**its, "normalisation": "imagenet"},
        )
    ) == [
        f"methods.wide: {start} with input_size: 16; set it so",
        f"methods.other: {start} of mean [0.49, 0.48, 0.45] and deviation [0.2, 0.2, 0.2]; set "
        "normalisation: own, mean: [0.49, 0.48, 0.45] and std: [0.2, 0.2, 0.2]",
    ]


@pytest.mark.parametrize(
    ("model", "weights"), [("resnet18", "IMAGENET1K_V1"), ("timm:resnet18", "a1_in1k")]
)
def test_named_weights_of_other_classes(study, model, weights):
    settings = {"model": model, "input_size": 64}
    config = study(
        finished={**settings, "objective": "pretrained", "pretrained": {"weights": weights}},
        tuned={**settings, "weights": weights},  # with a new head
    )
    assert found_here(config) == [
        f"methods.finished: weights = {weights}: has 1000 classes, the dataset has 2"
    ]
    of_imagenet = [*map(str, range(1000))]
    assert found_here(config, Facts(of_imagenet, [50] * 1000, [20] * 1000, (32, 32, 3), {})) == []


def test_weights_of_every_run_are_read(study):
    state = build(NetworkSpec("wrn_10_1", 2, 3, (0.5,), (0.5,))).backbone.state_dict()
    torch.save(state, "20.pth")
    torch.save({key: value for key, value in state.items() if key != "conv1.weight"}, "40.pth")
    config = study(budgets=[20, 40], its={"model": "wrn_10_1", "weights": "./{budget}.pth"})
    (line,) = found_here(config)
    assert line.startswith("methods.its: weights = 40.pth: does not fit: missing conv1.weight")
    torch.save(state, "40.pth")
    assert found_here(config) == []
    (look,) = looks_needed(config, COLOUR)
    before = network_checks._digest({"looks": [look]})
    os.utime("40.pth", (1, 1))
    assert network_checks._digest({"looks": [look]}) != before


def test_what_was_found_right_is_built_again_only_where_something_changed(
    study, folder, monkeypatch
):
    code = folder / "own.py"
    code.write_text(
        "import torch\n"
        "print('hello')\n"
        "def flat(num_classes):\n"
        "    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, num_classes))\n"
    )
    config = study(layers={"F": "1"}, own={"model": "own:flat"})
    assert list(network_mistakes(config, COLOUR)) == []
    with monkeypatch.context() as patch:
        patch.setattr(network_checks, "_run", lambda task: pytest.fail("built again"))
        assert list(network_mistakes(config, COLOUR)) == []
        for changed, facts in (
            (study(layers={"F": "0"}, own={"model": "own:flat"}), COLOUR),
            (config, GREY),
        ):
            with pytest.raises(pytest.fail.Exception):
                list(network_mistakes(changed, facts))
    code.write_text(code.read_text().replace("Linear(3072", "Linear(3000"))
    mistakes = ["methods.own: wrong", "methods.own: still wrong"]
    monkeypatch.setattr(network_checks, "_run", lambda task: {"mistakes": [mistakes.pop(0)]})
    # A mistake is never remembered as right.
    assert list(network_mistakes(config, COLOUR)) == ["methods.own: wrong"]
    assert list(network_mistakes(config, COLOUR)) == ["methods.own: still wrong"]


@pytest.mark.parametrize("last", ["'bye'", "'bye', end=''"])
def test_a_network_that_prints_at_exit(last, study, folder):
    (folder / "own.py").write_text(
        "import atexit, torch\n"
        f"atexit.register(lambda: print({last}))\n"
        "def flat(num_classes):\n"
        "    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, num_classes))\n"
    )
    config = study(layers={"F": "1"}, own={"model": "own:flat"})
    assert layer_values(config, COLOUR) == ([], {"own": {"F": 2}})


def test_a_network_that_ends_the_process(study, folder):
    Path("own.py").write_text("import os\ndef gone(num_classes):\n    os._exit(3)\n")
    assert list(network_mistakes(study(own={"model": "own:gone"}), COLOUR)) == [
        "methods.own.model: a network cannot be built here: status 3"
    ]


def test_values_of_all_layers(study, folder):
    """Files in the working directory are none of Python's."""
    (folder / "random.py").write_text("raise RuntimeError('not this one')")
    config = study(
        layers={"B": "auto", "E": "auto", "F": {"wide": "group3"}},
        narrow={"model": "wrn_10_1"},
        wide={"model": "wrn_10_2"},
    )
    # Groups of 16 and 32 channels at 32 pixels, of 64 and 128 at 8 at the end.
    assert layer_values(config, COLOUR) == (
        [],
        {
            "narrow": {"B": 16 * 32 * 32, "E": 64},
            "wide": {"B": 32 * 32 * 32, "E": 128, "F": 128 * 8 * 8},
        },
    )
