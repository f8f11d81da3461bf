"""Networks of users, in a file beside their config or an installed package."""

import subprocess
import sys

import pytest
import torch

from limbeck.networks.model_file import load_network, save_network
from limbeck.networks.network import build, meta_backbone
from limbeck.networks.user_code import (
    VARIABLE,
    search_beside,
    search_folders,
    source_digest,
    source_files,
)

SMALL = """
from torch import nn

def small(num_classes, in_channels):
    return nn.Sequential(nn.Conv2d(in_channels, 4, 3), nn.Flatten(), nn.Linear(144, num_classes))

def colour(num_classes, width=4):
    return nn.Sequential(
        nn.Conv2d(3, width, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, num_classes)
    )

class Nested(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.backbone = nn.Module()
        self.backbone.model = nn.Linear(192, num_classes)

    def forward(self, x):
        return self.backbone.model(x.flatten(1))

class Viewing(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(36, num_classes)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.conv(x), 2)
        return self.fc(x.view(x.size(0), -1))

def any_keyword(**options):
    assert options == {"num_classes": 5}
    return colour(5)

def no_classes(classes):
    return colour(classes)

def failing(num_classes):
    return nn.Linear(3, "five")

def lazy(num_classes):
    return nn.LazyLinear(num_classes)

def no_network(num_classes):
    return "network"

LIST = []
"""


@pytest.fixture
def folder(own_modules, tmp_path, monkeypatch):
    """Return a folder with modules of a user, on the search path of this test only."""
    (tmp_path / "my_nets.py").write_text(SMALL)
    monkeypatch.setenv(VARIABLE, f"/no/such/folder:{tmp_path}")
    return tmp_path


def test_a_file_beside_the_config_is_found(folder, spec):
    network = build(spec(model="my_nets:colour"))
    assert network(torch.zeros(2, 3, 8, 8)).shape == (2, 5)


def test_grey_images_reach_it_in_grey_or_repeated(folder, spec):
    network = build(spec(model="my_nets:small", channels=1))
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 5)
    assert network.backbone[0].in_channels == 1
    colour = build(spec(model="my_nets:colour", channels=1))
    assert colour(torch.zeros(2, 1, 8, 8)).shape == (2, 5)


def test_it_may_view_images_in_another_shape(folder, spec):
    network = build(spec(model="my_nets:Viewing"))
    images = torch.arange(384, dtype=torch.uint8).view(2, 3, 8, 8)
    logits = network(images.to(memory_format=torch.channels_last))
    logits.sum().backward()
    plain = (images / 255 - 0.5) / 0.25
    torch.testing.assert_close(logits, network.backbone(plain))
    assert network.backbone.conv.weight.grad.abs().min() > 0


def test_keywords_by_any_name_get_the_number_of_classes(folder, spec):
    assert build(spec(model="my_nets:any_keyword")).backbone[3].out_features == 5


def test_modules_of_packages_and_installed_ones_work(folder, spec):
    package = folder / "own" / "deep"
    package.mkdir(parents=True)
    (folder / "own" / "__init__.py").write_text("")
    (package / "__init__.py").write_text("from .parts import net")
    (package / "parts.py").write_text("from my_nets import colour as net")
    assert build(spec(model="own.deep:net")).backbone[3].out_features == 5
    installed = build(spec(model="torchvision.models:squeezenet1_1", input_size=64))
    assert installed(torch.zeros(1, 3, 8, 8)).shape == (1, 5)


@pytest.mark.parametrize(
    ("model", "head"), [("my_nets:colour", "3"), ("my_nets:Nested", "backbone.model")]
)
def test_its_network_is_saved_loaded_and_takes_weights(model, head, folder, spec, tmp_path):
    network = build(spec(model=model)).eval()
    path = tmp_path / "model.pt"
    save_network(path, network, {})
    images = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    loaded, _ = load_network(path, torch.device("cpu"))
    assert torch.equal(loaded(images), network(images))
    kept = build(spec(model=model), str(path), keep_head=True).eval()
    assert torch.equal(kept(images), network(images))
    more = build(spec(model=model, classes=9), str(path))
    assert more.backbone.get_submodule(head).out_features == 9


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        ("my_nests:colour", ("no module my_nests, neither installed nor in a folder",)),
        ("my_nets.deep:colour", ("no module my_nets.deep",)),
        ("my_nets:color", ("no callable color in", "my_nets.py; did you mean 'colour'?")),
        ("my_nets:LIST", ("no callable LIST",)),
        ("my_nets:no_classes", ("takes classes; it must take num_classes, and may take in_ch",)),
        ("builtins:getattr", ("takes no arguments; it must take num_classes",)),
        ("my_nets:failing", ("my_nets.py, line 38: TypeError: ",)),
        ("my_nets:lazy", ("has lazy modules; give their sizes",)),
        ("my_nets:no_network", ("returns a str; it must return a torch.nn.Module",)),
    ],
)
def test_mistakes_are_one_line(model, parts, folder, spec, refusal):
    message = refusal(build, spec(model=model))
    assert message.startswith(f"model = {model}: ")
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("import torch\nimport no_such_package", "line 2: ModuleNotFoundError: No module named"),
        ("def net(num_classes:\n    pass", "broken.py, line 1: "),
        ("raise ValueError('two\\nlines')", "line 1: ValueError: two lines"),
    ],
)
def test_a_module_that_cannot_be_imported_is_one_line(text, part, folder, spec, refusal):
    (folder / "broken.py").write_text(text)
    assert part in refusal(build, spec(model="broken:net"))


@pytest.mark.parametrize("name", ["json", "numpy", "limbeck"])
def test_a_name_that_is_taken_is_told(name, folder, spec, refusal):
    (folder / f"{name}.py").write_text(SMALL)
    message = refusal(build, spec(model=f"{name}:colour"))
    assert message.startswith(f"model = {name}:colour: {folder / name}.py cannot be imported")
    assert message.endswith("; rename it")


@pytest.mark.parametrize("other", [".venv/lib/site-packages", "studies"])
def test_another_file_below_the_folder_is_not_taken_for_it(other, folder, spec, refusal):
    installed = folder / other / "my_nets.py"
    installed.parent.mkdir(parents=True)
    installed.write_text(SMALL)
    sys.path.insert(0, str(installed.parent))
    assert refusal(build, spec(model="my_nets:colour")) == (
        f"model = my_nets:colour: {folder}/my_nets.py cannot be imported, because my_nets is "
        f"{installed}; rename it"
    )


def test_a_file_in_a_folder_without_init_is_the_one_that_is_imported(folder, spec, refusal):
    for place in (folder, folder / "installed"):
        (place / "parted").mkdir(parents=True)
        (place / "parted" / "nets.py").write_text(SMALL)
    assert build(spec(model="parted.nets:colour")).backbone[3].out_features == 5
    for name in ("parted", "parted.nets"):
        del sys.modules[name]
    sys.path.insert(0, str(folder / "installed"))
    message = refusal(build, spec(model="parted.nets:colour"))
    assert message.endswith(f"parted.nets is {folder}/installed/parted/nets.py; rename it")


def test_a_folder_with_a_colon_and_those_set_by_hand_are_searched(folder, spec, monkeypatch):
    config = folder / "12:30" / "study.yaml"
    config.parent.mkdir()
    (config.parent / "timed.py").write_text(SMALL)
    monkeypatch.chdir(folder / "12:30")
    before = search_folders()
    for _ in range(2):  # What was searched before comes last.
        search_beside([config])
        assert search_folders() == [config.parent, *before]
    for module in ("timed", "my_nets"):
        assert build(spec(model=f"{module}:colour")).backbone[3].out_features == 5


def test_a_link_to_the_file_is_the_file(folder, spec):
    (folder / "linked").mkdir()
    (folder / "linked" / "my_nets.py").symlink_to(folder / "my_nets.py")
    sys.path.insert(0, str(folder / "linked"))
    assert build(spec(model="my_nets:colour")).backbone[3].out_features == 5


def test_without_a_folder_the_line_says_so(spec, refusal, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert f"(none, {VARIABLE} is not set)" in refusal(build, spec(model="my_nets:colour"))


def test_source_files_are_those_that_the_code_lies_in(folder):
    package = folder / "own"
    package.mkdir()
    texts = {
        "own/__init__.py": "import torch",
        "own/nets.py": "from . import blocks\nfrom .more.deep import thing\nimport helper",
        "own/blocks.py": "from torch import nn",
        "own/unused.py": "",
        "own/more/__init__.py": "",
        "own/more/deep.py": "from ..blocks import nn",
        "helper.py": "import own.nets",
        "other.py": "",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    found = [str(path.relative_to(folder)) for path in source_files("own.nets:net")]
    assert found == sorted(texts.keys() - {"own/unused.py", "other.py"})
    assert "own" not in sys.modules
    assert source_files("torchvision.models:resnet18") == []


def test_an_installed_package_that_is_edited_counts(folder, tmp_path, monkeypatch):
    package = tmp_path / "project" / "own_project"
    package.mkdir(parents=True)
    for name, text in (
        ("__init__", ""),
        ("nets", "from . import blocks\nimport torch"),
        ("blocks", ""),
    ):
        (package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(package.parent)
    names = [path.name for path in source_files("own_project.nets:net")]
    assert names == ["__init__.py", "blocks.py", "nets.py"]
    before = source_digest("own_project.nets:net")
    (package / "blocks.py").write_text("x = 1")
    assert source_digest("own_project.nets:net") != before


def test_tensors_of_a_module_have_numbers(folder, spec):
    (folder / "scaled.py").write_text(
        "import torch\n"
        "SCALE = torch.tensor([0.5])\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self, num_classes):\n"
        "        super().__init__()\n"
        "        self.steps = [x.item() for x in torch.linspace(0, 1, 2)]\n"
        "        self.head = torch.nn.Linear(3, num_classes)\n"
        "    def forward(self, x):\n"
        "        return self.head(SCALE * x.mean((2, 3)))\n"
    )
    meta_backbone(spec(model="scaled:Net"))
    assert sys.modules["scaled"].SCALE.tolist() == [0.5]


def test_the_first_convolution_to_be_declared_need_not_take_the_image(folder, spec):
    (folder / "gated.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, num_classes):\n"
        "        super().__init__()\n"
        "        self.gate, self.stem = nn.Conv2d(1, 1, 3), nn.Conv2d(3, num_classes, 3)\n"
        "    def forward(self, x):\n"
        "        return self.stem(x).mean((2, 3)) * self.gate(x[:, :1]).mean((2, 3))\n"
    )
    colour = {"channels": 3, "mean": (0.1, 0.2, 0.3), "std": (1.0,)}
    network = build(spec(model="gated:Net", **colour))
    assert network(torch.zeros(2, 3, 8, 8, dtype=torch.uint8)).shape[0] == 2


def test_only_users_networks_have_a_digest(folder):
    (folder / "resnet18.py").write_text(SMALL)
    models = ("resnet18", "torchvision:resnet18", "torchvision.models:resnet18", "wrn_10_1")
    assert [source_digest(model) for model in models] == ["", "", "", ""]
    assert len(source_digest("my_nets:small")) == 16


def test_digest_follows_the_code_and_not_its_comments(folder):
    file = folder / "my_nets.py"
    digests = [source_digest("my_nets:small")]
    for text in (f"# A comment.\n{SMALL}", SMALL.replace("4, 3", "5, 3"), "def broken("):
        file.write_text(text)
        digests.append(source_digest("my_nets:small"))
    assert digests[0] == digests[1]
    assert len(set(digests[1:])) == 3


@pytest.mark.parametrize(
    ("start", "encoding"), [("", "utf-8-sig"), ("# coding: latin-1\n", "latin-1")]
)
def test_files_of_other_encodings_are_followed(start, encoding, folder):
    code = f"{start}from blocks import block\nname = 'Käfer'\n"
    (folder / "encoded.py").write_text(code, encoding=encoding)
    (folder / "blocks.py").write_text("block = 1")
    assert [path.name for path in source_files("encoded:net")] == ["blocks.py", "encoded.py"]
    before = source_digest("encoded:net")
    (folder / "encoded.py").write_text(f"{code}# a comment\n", encoding=encoding)
    assert source_digest("encoded:net") == before
    (folder / "encoded.py").write_text(code.replace("ä", "ö"), encoding=encoding)
    assert source_digest("encoded:net") != before


def test_where_the_code_lies_is_known_without_torch():
    code = (
        "import sys, limbeck.study.networks, limbeck.networks.user_code;"
        "assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_hash_of_a_network_follows_its_code(folder, tmp_path, spec):
    path, hashes = tmp_path / "model.pt", []
    for code in (SMALL, f"# a comment\n{SMALL}", SMALL.replace("nn.Flatten()", "nn.Flatten(1)")):
        (folder / "my_nets.py").write_text(code)
        torch.manual_seed(0)
        save_network(path, build(spec(model="my_nets:colour")), {})
        hashes.append(load_network(path, torch.device("cpu"))[1]["hash"])
    assert hashes[0] == hashes[1] != hashes[2]
