"""A fresh clone: dry runs resolve, and mistakes end before any job with one line each."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (("budgets: [20]", "budgets: []"), "budgets is empty"),
        (
            ("neighbours: 5", "neighbors: 5"),
            "metrics.neighbors: unknown key; did you mean 'neighbours'",
        ),
        (
            ("perplexity: 5", "perplexity: many"),
            "embeddings.tsne.perplexity = 'many': must be of type number",
        ),
        (("[tsne, pca]", "[tsne, umap]"), "run.embeddings: 'umap' is not defined"),
        (("layers: [C, E]", "layers: [C, F]"), "'F' is no layer of teacher, undist"),
        (
            ("epochs: 1}", "epochs: 1, teacher: professor}"),
            "methods.distilled.teacher = 'professor'",
        ),
        (("epochs: 1}", "epochs: 1, teacher: distilled}"), "a cycle, distilled <- distilled"),
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


@pytest.mark.parametrize("overlay", ["config/config.yaml", "config/cifar100.yaml"])
def test_dry_runs_of_a_fresh_clone_resolve(fresh, overlay):
    result = fresh.run("--dry-run", "--quiet", "rules", "--configfile", overlay)
    assert result.returncode == 0, result.stderr


def test_dry_run_of_the_cpu_study_resolves(fresh):
    data = REPOSITORY / "data"
    if not (data / "cifar100").is_dir() or not (data / "weights").is_dir():
        pytest.skip("data/cifar100 and data/weights are not there")
    (fresh.folder / "data").symlink_to(data)
    jobs = fresh.planned("--configfile", "config/config.yaml", "config/cifar100_cpu.yaml")
    assert sum(number for (rule, _), number in jobs.items() if rule == "train") == 12


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
    assert counts["embed"] == counts["score_embedding"] == runs * 5 * 2


def test_lint_is_clean(fresh):
    result = fresh.run("--lint")
    assert result.returncode == 0, result.stdout + result.stderr
