"""The examples of docs/extending.md, added to a copy of the repository and run."""

import ast
import csv
import re
import shutil
import struct
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import yaml
import zarr

from helpers.checkout import REPOSITORY, Workflow
from helpers.tiny_jobs import (
    RUN,
    embedding_jobs,
    figure_jobs,
    job,
    layer_jobs,
    new_method_jobs,
    noise_jobs,
    summary_jobs,
)

pytestmark = pytest.mark.slow

PAGE = REPOSITORY / "docs/extending.md"
BLOCK = re.compile(r"^```(?:python|yaml)\n(.*?)^```$", re.M | re.S)
ENTRY = re.compile(r"# (src/limbeck/study/\w+\.py): ([A-Z]+), (first|last)\n")


@dataclass
class Example:
    """Files of an example, its entries in registries and its config."""

    files: dict[str, str] = field(default_factory=dict)
    entries: list[tuple[str, str, str, str]] = field(default_factory=list)
    config: dict = field(default_factory=dict)

    def add_to(self, folder: Path) -> None:
        """Write the files, and the entries into their registries."""
        for path, text in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            assert not (folder / path).exists()
            (folder / path).write_text(text)
        for path, registry, end, text in self.entries:
            insert(folder / path, registry, end, text)


def insert(path: Path, registry: str, end: str, entry: str) -> None:
    """Insert an entry at an end of the tuple that a registry is made of."""
    lines = path.read_text().splitlines()
    names = [
        node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and ast.unparse(node).partition("=")[0].partition(":")[0].strip() == registry
    ]
    (value,) = (node.value for node in names)
    entries = value.generators[0].iter if isinstance(value, ast.DictComp) else value
    last, first = entries.elts[-1].end_lineno, entries.elts[0].lineno - 1
    indent = " " * entries.elts[0].col_offset
    at = first if end == "first" else last
    lines[at:at] = [indent + line for line in entry.splitlines()]
    path.write_text("\n".join(lines) + "\n")


def read_page() -> dict[str, Example]:
    """Return the examples by their headings."""
    examples = {}
    for section in PAGE.read_text().split("\n## ")[1:]:
        example = Example()
        for text in BLOCK.findall(section):
            first, _, rest = text.partition("\n")
            entry = ENTRY.fullmatch(first + "\n")
            if entry:
                example.entries.append((*entry.groups(), rest))
            elif first.startswith("# "):
                example.files[first.removeprefix("# ")] = rest
            else:
                example.config = yaml.safe_load(text)
        if example.entries:
            examples[section.partition("\n")[0]] = example
    return examples


EXAMPLES = read_page()


@pytest.fixture(scope="module")
def extended(finished_once, tmp_path_factory) -> Workflow:
    """Return the finished study with all examples but the table, which each study has."""
    workflow = finished_once.copy(tmp_path_factory.mktemp("extended") / "copy")
    for name, example in EXAMPLES.items():
        if name != "A table":
            example.add_to(workflow.folder)
    return workflow


@pytest.fixture
def chosen(extended, tmp_path):
    """Return a function that gives a copy whose config chooses an example."""

    def choose(name: str, **changes) -> Workflow:
        workflow = extended.copy(tmp_path / "copy")
        text = yaml.safe_dump({**EXAMPLES[name].config, **changes})
        (workflow.folder / "chosen.yaml").write_text(text)
        return replace(workflow, overlays=(*workflow.overlays, "chosen.yaml"))

    return choose


def make(workflow: Workflow, path: str) -> Path:
    """Make a file of the study, and return its path."""
    result = workflow.run("--cores", "2", path)
    assert result.returncode == 0, result.stdout + result.stderr
    return workflow.folder / path


def metrics(path: Path) -> dict[str, float]:
    return {row["metric"]: float(row["value"]) for row in csv.DictReader(path.open())}


def test_there_are_eight_examples():
    assert len(EXAMPLES) == 8


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_one_file_one_entry_and_its_test(name):
    example = EXAMPLES[name]
    code = [path for path in example.files if path.startswith("src/")]
    tests = [path for path in example.files if path.startswith("tests/")]
    assert len(example.entries) == 1
    assert len(code) == (name != "A table") and len(tests) <= 1
    assert len(code) + len(tests) == len(example.files)


def test_the_code_of_the_page_is_tidy(extended):
    config = ("--config", str(REPOSITORY / "pyproject.toml"))
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, *config, "src/limbeck", "tests"]
        result = subprocess.run(ruff, cwd=extended.folder, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr


def test_tests_of_the_examples_and_of_all_entries_pass(extended):
    own = [str(extended.folder / path) for e in EXAMPLES.values() for path in e.files]
    names = ("registry", "metric_declarations", "objective_declarations", "generated")
    tests = [path for path in own if "/tests/" in path]
    tests += [f"tests/study/test_{name}.py" for name in names]
    (extended.folder / "docs").mkdir()
    shutil.copy(REPOSITORY / "docs/configuration.md", extended.folder / "docs")
    for command in (["limbeck.study.generate"], ["pytest", "-q", "-p", "no:cacheprovider", *tests]):
        result = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=REPOSITORY,
            env={**extended.environment, "PYTHONPATH": f"{extended.folder}/src:{REPOSITORY}/tests"},
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout + result.stderr


def test_entries_rerun_nothing(extended):
    assert extended.planned() == Counter()


def test_an_objective_trains_its_method(chosen):
    workflow = chosen("An objective")
    assert workflow.planned() == new_method_jobs("regressed")
    history = make(workflow, RUN.format("regressed") + "/model.pt").with_name("history.csv")
    (epoch,) = csv.DictReader(history.open())
    assert np.isfinite(float(epoch["loss"]))


def test_an_embedding_embeds_every_layer(chosen):
    workflow = chosen("An embedding")
    expected = embedding_jobs(["embed"], embeddings=["spectral"]) + layer_jobs(["score_layer"])
    expected += noise_jobs(embeddings=["spectral"]) + summary_jobs("algorithms")
    assert workflow.planned() == expected
    store = zarr.open_group(make(workflow, RUN.format("teacher") + "/embeddings/E/spectral.zarr"))
    assert store["points"].shape == (80, 2) and np.isfinite(store["points"][:]).all()


def test_metrics_of_layers_and_of_embeddings_score_every_layer(chosen):
    names = ("A metric of layers", "A metric of embeddings")
    layers, embeddings = (EXAMPLES[name].config["run"]["metrics"] for name in names)
    workflow = chosen(names[0], run={"metrics": layers | embeddings})
    assert workflow.planned() == layer_jobs(["score_layer"]) + summary_jobs()
    scores = metrics(make(workflow, RUN.format("teacher") + "/metrics/E.csv"))
    assert np.isfinite(scores["hubness"])
    assert -1 <= scores["class_distance_correlation"] <= 1


def test_a_figure_is_drawn(chosen):
    workflow = chosen("A figure")
    assert workflow.planned() == figure_jobs("reliability")
    path = make(workflow, "results/tiny/figures/reliability.png")
    assert path.read_bytes().startswith(b"\x89PNG") and path.with_suffix(".pdf").is_file()


def test_a_table_is_built(extended, tmp_path):
    workflow = extended.copy(tmp_path / "copy")
    EXAMPLES["A table"].add_to(workflow.folder)
    built = Counter([job("build_table", "table=fit")])
    assert workflow.planned() == built + figure_jobs()
    path = make(workflow, "results/tiny/tables/fit.csv")
    rows = list(csv.DictReader(path.open()))
    assert {row["metric"] for row in rows} == {"kl_divergence", "explained_variance"}


def test_a_dataset_is_read(chosen):
    workflow = chosen("A dataset", figures={"class_boundary": {"class": "wo"}})
    write_letters(workflow.folder / "letters/KMNIST/raw")
    split = "results/letters/splits/budget-20/fold-0.csv"
    planned = workflow.planned(split)
    assert {rule for rule, _ in planned} == {"prepare_dataset", "split_dataset"}
    classes = [row["class"] for row in csv.DictReader(make(workflow, split).open())]
    assert Counter(classes) == dict.fromkeys(
        ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"], 2
    )


def write_letters(folder: Path) -> None:
    """Write files as Kuzushiji-MNIST has them, with 20 training and 8 test images a class."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for part, per_class in (("train", 20), ("t10k", 8)):
        labels = np.repeat(np.arange(10, dtype=np.uint8), per_class)
        images = generator.integers(0, 256, (len(labels), 28, 28), dtype=np.uint8)
        head = struct.pack(">4i", 0x0803, *images.shape)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        head = struct.pack(">2i", 0x0801, len(labels))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())


def test_a_network_is_trained_and_looked_at(chosen):
    workflow = chosen("A network")
    assert workflow.planned() == new_method_jobs("plain")
    store = zarr.open_group(make(workflow, RUN.format("plain") + "/activations/C.zarr"))
    assert store["activations"].shape == (80, 32 * 4 * 4)
