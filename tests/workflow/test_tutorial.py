"""The code of docs/tutorial.md, run as the page has it."""

import csv
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from helpers.checkout import REPOSITORY, copy_repository

pytestmark = pytest.mark.slow
PAGE = (REPOSITORY / "docs/tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(?:python|yaml)\n(.*?)^```$", PAGE, re.M | re.S)
FILES = {
    block.split()[1]: block for block in BLOCKS if block.startswith("# mine/")
}  # by their first lines
(COMMANDS,) = re.findall(r"^```sh\n(python mine/.*?)^```$", PAGE, re.M | re.S)
# A quarter of the images and two of the layers are looked at.
FEW = "activations: {images_per_class: 16}\nlayers: {conv1: null}"


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory):
    """Return a checkout in which the page's script and study were run, and what the script said."""
    fresh = copy_repository(tmp_path_factory.mktemp("tutorial"))
    assert sorted(FILES) == ["mine/digit_net.py", "mine/look.yaml", "mine/train.py"]
    assert not any("limbeck" in text for path, text in FILES.items() if path.endswith(".py"))
    for path, text in FILES.items():
        (fresh.folder / path).parent.mkdir(exist_ok=True)
        (fresh.folder / path).write_text(text)
    script, study = COMMANDS.splitlines()
    # Threads of so small a network wait for each other.
    said = fresh.call("env", "OMP_NUM_THREADS=1", *script.split())
    assert said.returncode == 0, said.stderr
    (fresh.folder / "few.yaml").write_text(FEW)
    result = fresh.call(*study.split(), "few.yaml", "--cores", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    return replace(fresh, overlays=("mine/look.yaml", "few.yaml")), said.stdout


def test_two_checkpoints_of_a_script_without_limbeck(looked_at):
    """The script says how many test images are right, and the study must find as many."""
    fresh, said = looked_at
    counts = re.findall(r"^epoch \d+: (\d+) of (\d+)", said, re.M)
    assert len(counts) == 2
    with open(fresh.folder / "results/checkpoints/tables/metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {row["method"]: float(row["value"]) for row in rows if row["metric"] == "accuracy"}
    expected = [int(right) / int(images) for right, images in counts]
    assert [found["early"], found["late"]] == pytest.approx(expected)
    assert expected[1] > expected[0] + 0.2
    drawn = {path.stem for path in (fresh.folder / "results/checkpoints/figures").glob("*.png")}
    assert {"embeddings", "class_area", "networks", "cka"} <= drawn
    assert (fresh.folder / "results/checkpoints/explorer.html").is_file()


def test_the_doctor_finds_a_network_beside_its_config(looked_at):
    """With all layers of the page's config."""
    fresh, _ = looked_at
    lines = fresh.call("limbeck", "doctor", "--configfile", "mine/look.yaml").stdout.splitlines()
    assert "ok    networks: those of early, late can be built and take the images" in lines


def test_weights_that_are_replaced_by_older_ones_are_looked_at(looked_at):
    fresh, _ = looked_at
    assert fresh.planned() == {}
    shutil.copy(fresh.folder / "mine/epoch_15.pt", fresh.folder / "mine/epoch_1.pt")
    os.utime(fresh.folder / "mine/epoch_1.pt", (10**9, 10**9))
    trained = [wildcards for rule, wildcards in fresh.planned() if rule == "train"]
    assert len(trained) == 1 and "method=early" in trained[0]


def test_three_lines_in_a_notebook(finished_once, tmp_path):
    (lines,) = (block for block in BLOCKS if block.startswith("import limbeck"))
    shutil.copytree(finished_once.folder / "results/tiny", tmp_path / "results/demo")
    program = lines.replace("budget=50", "budget=20").rstrip().rpartition("\n")
    last = program[2].partition("#")[0]
    program = f"{program[0]}\nprint(*({last}).columns)"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert {"x", "y", "class", "prediction"} <= set(result.stdout.split())
