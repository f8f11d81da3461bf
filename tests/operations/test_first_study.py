"""The config that is written for somebody's own images: what it holds, and that it runs."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from helpers.own_folders import KINDS, save_images, write_split
from limbeck.cli import main
from limbeck.data.facts import Facts
from limbeck.networks import user_code
from limbeck.operations.first_study import choose_images
from limbeck.operations.preflight import check_before_jobs
from limbeck.study.config import read_config

# What of the config follows from the folder, and where that is not as in most.
COMMON = {
    **{"test_fraction": None, "image_size": None},
    **{"budget": 4, "perplexity": 3, "neighbours": 9},
}
CHANGES = {
    "a hundred classes": {
        **{"test_fraction": 0.5, "budget": 100, "perplexity": None, "neighbours": None}
    },
    "unequal sizes": {"image_size": 24},
    "no test split": {"test_fraction": 0.5, "budget": 12, "perplexity": 8, "neighbours": None},
    "6 images a class": {"test_fraction": 0.5, "budget": 2, "perplexity": 1.1, "neighbours": 2},
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder; what the command sets in the environment is taken back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(user_code.VARIABLE, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_the_config_fits_the_folder(kind, here, capsys):
    KINDS[kind](here / "mine")
    assert main(["init", "--images", "mine"]) == 0
    told = capsys.readouterr().out
    assert f"To run it, in a clone of Limbeck: snakemake --configfile {here}/mine.yaml\n" in told
    (here / "Snakefile").touch()
    assert main(["init", "--images", "mine", "--study", "again"]) == 0
    assert "To run it: snakemake --configfile again.yaml\n" in capsys.readouterr().out
    written = yaml.safe_load(Path("mine.yaml").read_text())
    assert {
        "test_fraction": written["dataset"].get("test_fraction"),
        "image_size": written["dataset"].get("image_size"),
        "budget": written["budgets"][0],
        "perplexity": written.get("embeddings", {}).get("tsne", {}).get("perplexity"),
        "neighbours": written.get("metrics", {}).get("neighbours"),
    } == COMMON | CHANGES.get(kind, {})
    # What a dry run checks.
    check_before_jobs(read_config(["mine.yaml"]), "mine.yaml")


def test_a_folder_may_have_a_name_with_a_variable(here, capsys):
    write_split(here / "pay$HOME/x")
    assert main(["init", "--images", "pay$HOME/x"]) == 0
    checked = read_config(["x.yaml"])
    assert checked["dataset"]["path"] == f"{here}/pay$HOME/x"
    check_before_jobs(checked, "x.yaml")


def test_too_few_test_images_are_said(here, capsys):
    for part in ("train", "test"):
        save_images(here / "mine" / part, 2, 1)
    assert main(["init", "--images", "mine"]) == 1
    assert "2 test images are looked at; needed are 3" in capsys.readouterr().err


def test_folders_that_tools_leave_behind_are_no_test_images(here):
    write_split(here / "mine")
    shutil.rmtree(here / "mine/test")
    for name in (".ipynb_checkpoints", "@eaDir"):
        (here / "mine/test" / name).mkdir(parents=True)
    assert main(["init", "--images", "mine"]) == 0
    assert yaml.safe_load(Path("mine.yaml").read_text())["dataset"]["test_fraction"] > 0


def test_the_classes_and_what_is_not_read_are_said(here, capsys):
    write_split(here / "mine")
    (here / "mine/test").rename(here / "mine/val")
    assert main(["init", "--images", "mine"]) == 0
    told, note = capsys.readouterr().out.splitlines()[:2]
    assert told.startswith("20 images of 2 classes (class 0, class 1), 10 of them test images; ")
    assert note == (
        f"{here}/mine: only train is read, not the images in val; move images to test on to "
        "test/<class>; if train is a class itself, rename it"
    )
    for part in ("Train", "Test"):
        save_images(here / "capitals" / part, 2, 5)
    assert main(["init", "--images", "capitals"]) == 1
    assert "its class folders have names of parts (Test, Train)" in capsys.readouterr().err


def test_superclasses_have_a_figure(here):
    write_split(here / "mine")
    (here / "mine/superclasses.csv").write_text("class,superclass\nclass 0,both\nclass 1,both\n")
    assert main(["init", "--images", "mine"]) == 0
    assert "superclass_correlation" in read_config(["mine.yaml"])["run"]["figures"]


NETWORK = """
from torch import nn


def small(num_classes):
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(4, num_classes)
    )
"""


def test_a_network_of_ones_own_with_its_weights(here):
    import torch

    write_split(here / "mine")
    (here / "own_small_net.py").write_text(NETWORK)
    state = {"0.weight": torch.ones(4, 3, 3, 3), "0.bias": torch.ones(4)}
    torch.save({**state, "4.weight": torch.ones(2, 4), "4.bias": torch.ones(2)}, here / "w.pt")
    flags = ["--images=mine", "--study=seen", "--network=own_small_net:small", "--weights=w.pt"]
    assert main(["init", *flags]) == 0
    config = read_config(["seen.yaml"])
    assert config["budgets"] == [0]
    assert {name: each["objective"] for name, each in config["methods"].items()} == {
        "network": "pretrained",
        "untrained": "untrained",
    }
    assert config["layers"] == {f"part_{name}": name for name in "0123"}
    assert config["methods"]["network"]["pretrained"]["weights"] == str(here / "w.pt")


def test_a_network_of_one_input_size(here):
    write_split(here / "mine")
    assert main(["init", "--images=mine", "--network=vit_b_16"]) == 0
    config = read_config(["mine.yaml"])
    assert {method["input_size"] for method in config["methods"].values()} == {224}
    paths = [f"encoder.layers.encoder_layer_{number}" for number in (2, 5, 9)]
    assert config["dataset"]["image_size"] is None  # as they are
    blocks = {path.replace(".", "_"): path for path in paths}
    assert config["layers"] == {"conv_proj": "conv_proj", **blocks, "encoder_ln": "encoder.ln"}


def test_photographs_are_as_large_as_the_network_takes_them(here):
    write_split(here / "mine", size=lambda number: (70 + number, 300))
    assert main(["init", "--images=mine", "--study=small"]) == 0
    assert read_config(["small.yaml"])["dataset"]["image_size"] == 32
    assert main(["init", "--images=mine", "--study=vit", "--network=vit_b_16"]) == 0
    assert read_config(["vit.yaml"])["dataset"]["image_size"] == 74


def test_a_network_is_looked_at_by_a_new_process(here):
    """There torch's kernels for shapes are imported late."""
    write_split(here / "mine")
    command = ["limbeck", "init", "--images=mine", "--network=wrn_16_2"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert read_config(["mine.yaml"])["methods"]["distilled"]["model"] == "wrn_16_2"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--images=none"], "none: no such folder"),
        (["--images=mine", "--weights=w.pt"], "whose weights are they? Add --network"),
        (["--images=mine", "--network=resnet81"], "did you mean 'resnet18'?"),
        (["--images=mine", "--study=a/b"], "letters, digits, _ and -"),
        (["--images=mine", "--study=old"], "results/old: is there already; take another --study"),
    ],
)
def test_what_cannot_be_is_one_line(flags, message, here, capsys):
    write_split(here / "mine")
    (here / "results/old").mkdir(parents=True)
    assert main(["init", *flags]) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert message in line
    assert not list(here.glob("*.yaml"))


def test_a_config_is_not_replaced(here, capsys):
    write_split(here / "mine")
    (here / "mine.yaml").write_text("study: mine\n")
    assert main(["init", "--images", "mine"]) == 1
    assert "mine.yaml: is there already; take another --study or remove it" in (
        capsys.readouterr().err
    )
    assert (here / "mine.yaml").read_text() == "study: mine\n"


@pytest.mark.parametrize(
    ("test_images", "classes", "chosen"),
    [(300, 10, None), (301, 10, 300), (100, 100, 30), (6, 700, 5), (4, 1000, None)],
)
def test_how_many_images_are_looked_at(test_images, classes, chosen):
    counts = [test_images] * classes
    facts = Facts([*map(str, range(classes))], counts, counts, (8, 8, 3), {})
    assert choose_images(facts) == chosen
