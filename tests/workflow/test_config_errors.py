"""A fresh clone: dry runs resolve, and mistakes end before any job with one line each."""

from pathlib import Path

import pytest
import torch

from helpers.checkout import copy_repository
from limbeck.networks.network import NetworkSpec, build

SPEC = NetworkSpec("wrn_10_1", classes=10, channels=1, mean=(0.5,), std=(0.5,))
REPOSITORY = Path(__file__).parents[2]


# One mistake of each kind; tests/study has all of them.
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            ("neighbours: 5", "neighbors: 5"),
            "metrics.neighbors: unknown key; did you mean 'neighbours'",
        ),
        (("teacher: teacher", "teacher: distilled"), "a cycle, distilled <- distilled"),
        (("study: tiny", "study: tiny\nstudy: demo"), "line 4: 'study' stands in line 3 already"),
        (
            ("wrn_10_2,", "wrn_10_2, weights: ~/none.pt,"),
            "methods.teacher.weights = ~/none.pt: no such file",
        ),
    ],
)
def test_mistakes_name_key_value_and_source(fresh, edit, message):
    fresh.edit("tiny.yaml", *edit)
    result = fresh.run("--dry-run")
    assert result.returncode == 1
    output = result.stdout + result.stderr
    lines = [line for line in output.splitlines() if message in line]
    assert len(lines) == 1 and "tiny.yaml" in lines[0], output
    assert "Traceback" not in output
    assert not (fresh.folder / "results").exists()


def test_a_repository_below_a_folder_in_braces(tmp_path):
    result = copy_repository(tmp_path / "{study}").run("--dry-run")
    assert result.returncode == 1
    assert "{study}/workflow/rules: Snakemake takes what stands in braces" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_what_the_dataset_is_too_small_for_is_said_at_once(fresh):
    fresh.edit("tiny.yaml", "budgets: [20]", "budgets: [24]")
    fresh.edit("tiny.yaml", "perplexity: 5", "perplexity: 27")
    fresh.edit("tiny.yaml", '{class: "8"', '{class: "eight"')
    fresh.edit("tiny.yaml", "points: 40", "points: 99")
    result = fresh.run("--dry-run")
    lines = [line for line in result.stdout.splitlines() if line.startswith("tiny.yaml: ")]
    assert [line.split(" = ")[0] for line in lines] == [
        "tiny.yaml: budgets",
        "tiny.yaml: embeddings.tsne.perplexity",  # 82 points of 80, 8 of each class
        "tiny.yaml: figures.class_boundary.class",
    ]
    assert not (fresh.folder / "results").exists()


def test_what_is_known_of_a_dataset_before_it_is_downloaded(fresh):
    (fresh.folder / "many.yaml").write_text("activations: {images_per_class: 101}")
    result = fresh.run("--dry-run", "--configfile", "config/cifar100.yaml", "many.yaml")
    assert result.returncode == 1
    assert "activations.images_per_class = 101: class 'apple' has only 100" in result.stdout


def test_notes_are_said_once_and_stop_nothing(fresh):
    fresh.edit("tiny.yaml", "neighbours: 5", "neighbours: 40")
    fresh.edit("tiny.yaml", "points: 40", "points: 41")
    result = fresh.run("--dry-run", "--quiet", "all")
    assert result.returncode == 0
    note = "trustworthiness, continuity: not measured, because 80 test images are looked at"
    assert (result.stdout + result.stderr).count(note) == 1


def test_the_default_study_resolves(fresh):
    result = fresh.run("--dry-run", "--quiet", "rules", "--configfile", "config/config.yaml")
    assert result.returncode == 0, result.stderr


def test_dry_run_of_the_cpu_study_resolves(fresh):
    data = REPOSITORY / "data"
    if not (data / "cifar100").is_dir() or not (data / "weights").is_dir():
        pytest.skip("data/cifar100 and data/weights are not there")
    (fresh.folder / "data").symlink_to(data)
    jobs = fresh.planned("--configfile", "config/cifar100_grid.yaml")
    assert sum(number for (rule, _), number in jobs.items() if rule == "train") == 135


def test_the_papers_grid_is_complete(fresh):
    jobs = fresh.planned("--configfile", "config/cifar100.yaml")
    counts: dict[str, int] = {}
    for (rule, _), number in jobs.items():
        counts[rule] = counts.get(rule, 0) + number
    runs = 5 * 5 * 3
    assert counts["split_dataset"] == counts["teacher_logits"] == 25
    assert counts["train"] == counts["predict"] == runs
    assert counts["extract_activations"] == counts["find_neighbours"] == runs * 5
    assert counts["compare_layers"] == 25
    assert counts["embed"] == counts["embed_on_gpu"] == counts["score_layer"] == runs * 5


def test_dry_run_of_what_was_trained_elsewhere(fresh):
    torch.save(build(SPEC).backbone.state_dict(), fresh.folder / "after.pth")
    (fresh.folder / "five.yaml").write_text(
        "study: five\n"
        "dataset: {name: digits, test_fraction: 0.2}\n"
        "methods:\n"
        "  before: {objective: untrained, model: wrn_10_1}\n"
        "  after: {objective: pretrained, pretrained: {weights: after.pth}, model: wrn_10_1}\n"
    )
    jobs = fresh.planned("--configfile", "five.yaml")
    rules = {rule for rule, _ in jobs}
    assert {"embed", "score_layer", "compare_layers", "draw_figure"} <= rules
    (fresh.folder / "after.pth").unlink()
    result = fresh.run("--dry-run", "--configfile", "five.yaml")
    assert result.returncode == 1
    assert "methods.after.pretrained.weights = after.pth: no such file" in result.stdout


def test_lint_is_clean(fresh):
    result = fresh.run("--lint")
    assert result.returncode == 0, result.stdout + result.stderr
