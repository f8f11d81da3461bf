"""The file of a network."""

import dataclasses
import functools
import sys

import pytest
import torch
from torch import nn

from limbeck.networks.model_file import check_reload, load_network, matches, save_network
from limbeck.networks.network import IMAGES, build
from limbeck.networks.user_code import VARIABLE
from limbeck.runtime.errors import InputError

CPU = torch.device("cpu")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.pt"


def test_saved_network_gives_identical_logits(path, spec):
    torch.manual_seed(0)
    settings = spec(model="wrn_16_2", input_size=16, mean=(0.5, 0.4, 0.3), interpolation="bicubic")
    network = build(settings)
    images = torch.randint(0, 256, (8, 3, 8, 8), dtype=torch.uint8)
    network.train()(images)  # so that the running statistics are not the initial ones
    metadata = {"settings": {"model": "wrn_16_2"}, "run": {"fold": 0}}
    save_network(path, network, metadata)
    loaded, content = load_network(path, CPU)
    assert not loaded.training
    assert torch.equal(loaded(images), network.eval()(images))
    assert not torch.equal(loaded(images), loaded(images.flip(3)))
    assert content.keys() == {*metadata, "hash"}
    assert {key: content[key] for key in metadata} == metadata
    assert loaded.spec == settings
    assert [file.name for file in path.parent.iterdir()] == ["model.pt"]


def test_nothing_in_the_file_names_layers(path, spec):
    save_network(path, build(spec()), {})
    content = torch.load(path, weights_only=True)
    assert content.keys() == {"network", "source", "hash", "state"}
    assert content["network"] == dataclasses.asdict(spec())


def hash_of(path, network) -> str:
    save_network(path, network, {})
    return load_network(path, CPU)[1]["hash"]


def test_hash_follows_the_weights(path, spec):
    network = build(spec())
    hashes = []
    for change in (0.0, 0.0, 1e-3):
        network.backbone.head.bias.data[3] += change
        hashes.append(hash_of(path, network))
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("change", [{"mean": (0.1,)}, {"std": (0.9,)}, {"input_size": 16}])
def test_hash_follows_what_the_weights_are_behind(path, spec, change):
    hashes = []
    for settings in (spec(), spec(), spec(**change)):
        torch.manual_seed(0)
        hashes.append(hash_of(path, build(settings)))
    assert hashes[0] == hashes[1] != hashes[2]


def test_saved_network_does_not_need_its_first_weights(path, tmp_path, spec):
    torch.manual_seed(0)
    settings = spec(model="resnet8", channels=1)
    first = tmp_path / "first.pth"
    torch.save(build(spec(model="resnet8", channels=3)).backbone.state_dict(), first)
    network = build(settings, str(first)).eval()
    save_network(path, network, {})
    first.unlink()
    loaded, _ = load_network(path, CPU)
    images = torch.randint(0, 256, (2, 1, 32, 32), dtype=torch.uint8)
    assert torch.equal(loaded(images), network(images))


def test_a_file_matches_what_it_was_written_with(path, spec):
    assert not matches(path, {})
    save_network(path, build(spec()), {"seed": 3, "run": {"fold": 0}})
    assert matches(path, {"seed": 3, "run": {"fold": 0}})
    assert not matches(path, {"seed": 4})
    assert not matches(path, {"seeds": 3})
    path.write_bytes(b"")
    assert not matches(path, {})


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        ("missing", "no network there; the rule that writes it has not run"),
        ("folder", "no network there"),
        ("empty", "no file of torch or safetensors, or a damaged one (0 bytes)"),
        ("cut", "no file of torch or safetensors, or a damaged one"),
        ("code", "holds torch.nn.modules.linear.Linear, an object that only code can make"),
        ("foreign", "no network of Limbeck, or of another version"),
        ("list", "no network of Limbeck, or of another version"),
        ("other version", "no network of Limbeck, or of another version"),
        ("lacking", "does not fit: missing head.bias"),
        ("nan", "NaN or infinite numbers in head.bias"),
    ],
)
def test_what_is_no_network_is_one_line(damage, part, path, spec, refusal):
    save_network(path, build(spec()), {})
    content = torch.load(path, weights_only=True)
    if damage in ("missing", "folder"):
        path.unlink()
        if damage == "folder":
            path.mkdir()
    elif damage in ("empty", "cut"):
        path.write_bytes(path.read_bytes()[: 0 if damage == "empty" else 5000])
    elif damage == "code":
        torch.save(nn.Linear(3, 2), path)
    elif damage == "foreign":
        torch.save(content["state"], path)
    elif damage == "list":
        torch.save([1], path)
    elif damage == "other version":
        torch.save({**content, "network": {**content["network"], "depth": 3}}, path)
    else:
        if damage == "nan":
            content["state"]["backbone.head.bias"][1] = float("nan")
        else:
            del content["state"]["backbone.head.bias"]
        torch.save(content, path)
    message = refusal(load_network, path, CPU)
    assert message.startswith(f"{path}: {part}")


OWN = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.register_buffer("scale", torch.ones(1, dtype=torch.bfloat16))
        self.volume = nn.Conv3d(1, 2, 2)
        self.head = nn.Linear(2, num_classes)
        self.projection = self.made()

    def made(self):
        return torch.eye(2)

    def forward(self, x):
        x = self.volume(x[:, None]).mean((2, 3, 4)) * self.scale
        return self.head(x @ self.projection)


class Drawn(Net):
    def made(self):
        return torch.randn(2, 2)


class Told(Net):
    def get_extra_state(self):
        return {"version": 3}

    def set_extra_state(self, state):
        pass
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return a function that builds a network of a user, in a module of its own."""
    (tmp_path / "reloaded_nets.py").write_text(OWN)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield lambda name, spec: build(spec(model=f"reloaded_nets:{name}"))
    sys.modules.pop("reloaded_nets", None)


def test_networks_with_weights_of_five_dimensions_and_half_precision_are_kept(own, path, spec):
    network = own("Net", spec)
    images = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8)
    random = torch.random.get_rng_state()
    check_reload(network.train(), images)
    assert network.training and torch.equal(torch.random.get_rng_state(), random)
    save_network(path, network, {})
    assert torch.equal(load_network(path, CPU)[0](images), network.eval()(images))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Drawn", "answers otherwise once it was written and read"),
        ("Told", "its state dict holds a dict, _extra_state; allowed: tensors"),
    ],
)
def test_networks_that_a_file_cannot_hold_are_refused(own, spec, refusal, name, message):
    network = own(name, spec)
    images = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8)
    assert message in refusal(check_reload, network, images)


def test_networks_that_ask_for_the_version_of_their_weights(path, spec):
    network = build(spec(model="mnasnet0_5", input_size=32)).eval()
    save_network(path, network, {})
    images = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    assert torch.equal(load_network(path, CPU)[0](images), network(images))


def test_a_network_is_not_read_by_other_code_than_it_was_trained_by(own, path, spec, tmp_path):
    network = own("Net", spec)
    file = tmp_path / "reloaded_nets.py"
    file.write_text(OWN + "\nEDITED = True\n")
    save_network(path, network, {})  # The code that it was built by counts, not that of now.
    with pytest.raises(InputError, match="trained by other code of reloaded_nets:Net than there"):
        load_network(path, CPU)
    file.write_text(OWN + "\n# A remark.\n")
    load_network(path, CPU)


def test_weights_of_a_network_of_limbeck_come_with_the_images_that_it_took(path, spec, refusal):
    """Those that are trained further may take others."""
    former = spec(mean=(0.4914, 0.5, 0.5), std=(0.2,), input_size=16, interpolation="bicubic")
    save_network(path, build(former), {})
    take = functools.partial(build, weights=str(path), keep_head=True, same=IMAGES)
    take(dataclasses.replace(former, mean=(0.49, 0.5, 0.5)))
    take(spec(), same=())
    start = f"weights = {path}: its network took images"
    assert refusal(take, dataclasses.replace(former, std=(0.25,))) == (
        f"{start} of mean [0.4914, 0.5, 0.5] and deviation [0.2]; set normalisation: own, "
        "mean: [0.4914, 0.5, 0.5] and std: [0.2]"
    )
    assert refusal(take, dataclasses.replace(former, input_size=None)) == (
        f"{start} with input_size: 16; set it so"
    )
    assert refusal(take, dataclasses.replace(former, interpolation="nearest")) == (
        f"{start} with interpolation: bicubic; set it so"
    )
    save_network(path, build(spec()), {})
    assert refusal(take, spec(input_size=16)) == f"{start} with input_size: null; set it so"
    take(spec(mean=(0.5, 0.5, 0.5), interpolation="nearest"))
