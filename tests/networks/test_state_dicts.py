"""State dicts as people have them, and what is no state dict."""

import argparse
import os
import pickle
import re
from collections import OrderedDict

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from limbeck.networks.model_file import save_network
from limbeck.networks.network import build, meta_backbone
from limbeck.networks.state_dicts import read_state_dict, rename


@pytest.fixture(scope="module")
def source(spec):
    """Return a network of which the statistics differ from a new one's, as the weights do."""
    torch.manual_seed(5)
    network = build(spec(model="resnet8"))
    images = torch.randint(0, 256, (8, 3, 8, 8), dtype=torch.uint8)
    network.train()(images)
    return network.eval()


def prefixed(state, *prefixes):
    return {"".join(prefixes) + key: value for key, value in state.items()}


def legacy(content, path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


OTHERS = {"epoch": 3, "optimizer": {"state": {0: {"momentum_buffer": torch.ones(2)}}}}
NUMPY = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "longdouble", "complex64", "complex128", "str", "bytes"),
)
FORMS = {
    "bare": lambda state: state,
    "state_dict": lambda state: {**OTHERS, "state_dict": state},
    "model": lambda state: {"model": state, **OTHERS},
    "model_state": lambda state: {"model_state": state, "best": torch.tensor(3.0)},
    "net": lambda state: {"net": state, "acc": np.float64(95.5), "epoch": np.int64(3)},
    "numbers of NumPy": lambda state: {
        "net": state,
        **{name: np.dtype(name).type(3) for name in NUMPY},
    },
    "ema": lambda state: {"ema": state},
    "options of a command line": lambda state: {
        "opt": argparse.Namespace(rate=0.1, names=["a"]),
        "model": state,
    },
    "module.": lambda state: prefixed(state, "module."),
    "_orig_mod.": lambda state: prefixed(state, "_orig_mod."),
    "backbone.": lambda state: prefixed(state, "backbone."),
    "model.": lambda state: {"state_dict": prefixed(state, "model."), "hparams": {"rate": 0.1}},
    "several prefixes": lambda state: {"model": prefixed(state, "module.", "_orig_mod.", "model.")},
    "average": lambda state: {"n_averaged": torch.tensor(3), **prefixed(state, "module.")},
    "in another order": lambda state: dict(reversed(state.items())),
    "in double precision": lambda state: {
        key: value.double() if value.is_floating_point() else value for key, value in state.items()
    },
    "before counters": lambda state: {
        key: value for key, value in state.items() if not key.endswith("num_batches_tracked")
    },
}
WRITERS = {"zip": torch.save, "legacy": legacy}


@pytest.mark.parametrize(
    ("form", "writer"),
    [*((form, "zip") for form in FORMS), ("bare", "legacy"), ("model_state", "legacy")],
)
def test_every_form_gives_the_same_logits(form, writer, source, spec, tmp_path):
    path = tmp_path / "weights"
    WRITERS[writer](FORMS[form](OrderedDict(source.backbone.state_dict())), path)
    assert_same(source, build(spec(model="resnet8"), str(path), keep_head=True))


def assert_same(source, loaded):
    images = torch.randint(0, 256, (4, 3, 16, 16), dtype=torch.uint8)
    assert torch.equal(loaded.eval()(images), source(images))


@pytest.mark.parametrize("prefix", ["", "module."])
def test_safetensors_are_told_by_their_content(prefix, source, spec, tmp_path):
    path = tmp_path / "weights.pth"
    state = prefixed(source.backbone.state_dict(), prefix)
    contiguous = {key: value.contiguous() for key, value in state.items()}
    safetensors.torch.save_file(contiguous, path)
    assert_same(source, build(spec(model="resnet8"), str(path), keep_head=True))


def test_limbecks_own_file_is_a_file_of_weights(source, spec, tmp_path):
    path = tmp_path / "model.pt"
    save_network(path, source, {"run": {"method": "teacher"}})
    assert_same(source, build(spec(model="resnet8"), str(path), keep_head=True))


def test_the_average_is_left_where_the_weights_are_there_too(source, spec, tmp_path, caplog):
    state = source.backbone.state_dict()
    other = {key: torch.zeros_like(value) for key, value in state.items()}
    torch.save({"ema": other, "model": state}, tmp_path / "both.pth")
    assert_same(source, build(spec(model="resnet8"), str(tmp_path / "both.pth"), keep_head=True))
    assert "model is taken, not ema" in caplog.text


def test_names_that_the_network_has_keep_their_prefix():
    state = {"model.a": 1, "module.model.b": 2, "module.c": 3}
    expected = {"model.a", "model.b", "c"}
    assert rename(state, expected, "") == {"model.a": 1, "model.b": 2, "c": 3}


@pytest.mark.parametrize(
    ("model", "new", "old"),
    [
        ("densenet121", r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2."),
        ("vit_b_32", r"mlp\.0\.", "mlp.linear_1."),
    ],
)
def test_names_that_torchvision_had_before(model, new, old, spec):
    expected = meta_backbone(spec(model=model, input_size=224)).state_dict()
    former = {re.sub(new, old, name): value for name, value in expected.items()}
    assert former.keys() != expected.keys()
    assert rename(former, expected, "weights:").keys() == expected.keys()


def test_two_tensors_of_one_name_are_an_error(refusal):
    message = refusal(rename, {"a": 1, "module.a": 2}, {"a"}, "weights = x:")
    assert message == "weights = x: holds a twice, under several prefixes"


def truncate(path, state):
    torch.save(state, path)
    os.truncate(path, 3000)


def write_script(path, state):
    torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)).save(path)


class Attack:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


DAMAGED = {
    "empty": (lambda path, state: path.write_bytes(b""), "a damaged one (0 bytes)"),
    "text": (lambda path, state: path.write_text("<html>404</html>"), "no file of torch or safe"),
    "short text": (lambda path, state: path.write_text("oid 1"), "no file of torch or safe"),
    "cut": (truncate, "no file of torch or safetensors, or a damaged one (3000 bytes)"),
    "module": (
        lambda path, state: torch.save(nn.Linear(3, 7), path),
        "holds torch.nn.modules.linear.Linear, an object that only code can make, which is not run",
    ),
    "module inside": (
        lambda path, state: torch.save({"model": nn.Linear(3, 7)}, path),
        "torch.save(network.state_dict(), 'weights.pth')",
    ),
    "legacy module": (lambda path, state: legacy(nn.Linear(3, 7), path), "torch.nn.modules.linear"),
    "script": (write_script, "is a TorchScript program"),
    "list": (lambda path, state: torch.save([torch.ones(3)], path), "holds no state dict; allowed"),
    "numbers": (
        lambda path, state: torch.save({"epoch": 3, "weights": {"a": torch.ones(3)}}, path),
        "holds no state dict; its keys: epoch, weights; allowed: tensors by name, alone or under",
    ),
    "optimiser": (lambda path, state: torch.save(OTHERS, path), "holds no state dict; its keys"),
    "nan": (
        lambda path, state: torch.save({**state, "fc.bias": state["fc.bias"] * torch.nan}, path),
        "NaN or infinite numbers in fc.bias",
    ),
    "infinite": (
        lambda path, state: torch.save(
            {key: 1 / (0 * value) for key, value in state.items()}, path
        ),
        "numbers in conv1.weight, bn1.weight, bn1.bias and",
    ),
}


@pytest.mark.filterwarnings("ignore:.*(jit|TorchScript)")
@pytest.mark.parametrize("damage", DAMAGED)
def test_what_is_no_state_dict_is_one_line(damage, source, tmp_path, refusal):
    path = tmp_path / "weights.pth"
    write, part = DAMAGED[damage]
    write(path, source.backbone.state_dict())
    message = refusal(read_state_dict, path)
    assert message.startswith(f"weights = {path}: ")
    assert part in message


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_no_code_of_a_file_is_run(tmp_path, refusal):
    victim = tmp_path / "made"
    for path in (tmp_path / "zip.pth", tmp_path / "plain.pth"):
        if path.name == "zip.pth":
            torch.save({"model": Attack(str(victim))}, path)
        else:
            path.write_bytes(pickle.dumps(Attack(str(victim))))
        refusal(read_state_dict, path)
        assert not victim.exists()


def misfit(change, source, spec, path, refusal, keep_head=True):
    state = source.backbone.state_dict()
    change(state)
    torch.save(state, path)
    message = refusal(build, spec(model="resnet8"), str(path), keep_head=keep_head)
    return message.removeprefix(f"weights = {path}: does not fit: ")


def test_what_does_not_fit_is_listed(source, spec, tmp_path, refusal):
    def change(state):
        state["conv_1.weight"] = state.pop("conv1.weight")
        state["layer4.weight"] = torch.ones(3)
        state["bn1.bias"] = torch.ones(3, 2)
        for key in list(state):
            if key.startswith("layer3"):
                del state[key]

    message = misfit(change, source, spec, tmp_path / "w", refusal)
    assert message == (
        "missing conv1.weight, layer3.0.conv1.weight, layer3.0.bn1.weight and 13 more; "
        "unexpected conv_1.weight (instead of conv1.weight?), layer4.weight; "
        "other shapes: bn1.bias 3×2 instead of 16"
    )


@pytest.mark.parametrize("kind", ["int8", "int64", "bool", "complex64"])
@pytest.mark.parametrize("keep_head", [False, True])
def test_weights_that_are_no_real_numbers_are_listed(
    kind, keep_head, source, spec, tmp_path, refusal
):
    def change(state):
        state["conv1.weight"] = state["conv1.weight"].to(getattr(torch, kind))

    message = misfit(change, source, spec, tmp_path / "w", refusal, keep_head)
    assert message == f"other numbers: conv1.weight {kind} instead of float32"


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_another_precision_fit(kind, source, spec, tmp_path):
    state = {key: value.to(kind) for key, value in source.backbone.state_dict().items()}
    torch.save(state, tmp_path / "w")
    loaded = build(spec(model="resnet8"), str(tmp_path / "w"), keep_head=True)
    weights = loaded.backbone.conv1.weight
    assert torch.equal(weights, state["conv1.weight"].to(weights))


def test_weights_of_another_network_are_a_short_line(source, spec, tmp_path, refusal):
    torch.save(build(spec(model="resnet14")).backbone.state_dict(), tmp_path / "w")
    for keep_head in (False, True):
        message = refusal(build, spec(model="resnet8"), str(tmp_path / "w"), keep_head=keep_head)
        assert "does not fit: unexpected layer1.1.conv1.weight" in message
    vgg = {f"features.{index}.weight": torch.ones(3) for index in range(400)}
    torch.save(vgg, tmp_path / "w")
    assert len(refusal(build, spec(model="resnet8"), str(tmp_path / "w"))) < 400


@pytest.mark.parametrize("present", [True, False])
def test_a_new_head_needs_none_in_the_file(present, source, spec, tmp_path):
    state = source.backbone.state_dict()
    if not present:
        del state["fc.weight"], state["fc.bias"]
    torch.save(state, tmp_path / "w")
    loaded = build(spec(model="resnet8", classes=9), str(tmp_path / "w")).backbone
    assert loaded.fc.weight.shape == (9, 64)
    assert torch.equal(loaded.layer3[0].conv2.weight, state["layer3.0.conv2.weight"])


def test_a_kept_head_is_needed_in_the_file(source, spec, tmp_path, refusal):
    message = misfit(lambda state: state.pop("fc.bias"), source, spec, tmp_path / "w", refusal)
    assert message == "missing fc.bias"


def test_unreadable_files_are_told_as_such(source, tmp_path, refusal, monkeypatch):
    path = tmp_path / "w"
    torch.save(source.backbone.state_dict(), path)

    def deny(*arguments, **keywords):
        raise PermissionError(13, "Permission denied")

    if os.geteuid():
        path.chmod(0)
    else:  # root may read everything
        monkeypatch.setattr("limbeck.networks.state_dicts._is_safetensors", deny)
    assert refusal(read_state_dict, path) == f"weights = {path}: no permission to read it"
