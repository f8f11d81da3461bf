"""The code of docs/tutorial.md, run as the page has it."""

import csv
import re
import shutil
import subprocess
import sys

import pytest

from helpers.checkout import REPOSITORY

pytestmark = pytest.mark.slow
PAGE = (REPOSITORY / "docs/tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(?:python|yaml)\n(.*?)^```$", PAGE, re.M | re.S)
FILES = {
    block.split()[1]: block for block in BLOCKS if block.startswith("# mine/")
}  # by their first lines
(COMMANDS,) = re.findall(r"^```sh\n(python mine/.*?)^```$", PAGE, re.M | re.S)


def test_two_checkpoints_of_a_script_without_limbeck(fresh):
    """The script says how many test images are right, and the study must find as many."""
    assert sorted(FILES) == ["mine/digit_net.py", "mine/look.yaml", "mine/train.py"]
    assert not any("limbeck" in text for path, text in FILES.items() if path.endswith(".py"))
    for path, text in FILES.items():
        (fresh.folder / path).parent.mkdir(exist_ok=True)
        (fresh.folder / path).write_text(text)
    commands = COMMANDS.replace("snakemake", "snakemake --cores 2").splitlines()
    said = ""
    for command in commands:
        result = fresh.call(*command.split())
        assert result.returncode == 0, result.stdout + result.stderr
        said = said or result.stdout
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
