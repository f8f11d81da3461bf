"""Stores of activations that are deleted when all that reads them is done."""

import re
from collections import Counter

import pytest

from limbeck.operations.status import look

pytestmark = pytest.mark.slow

RUNS = "results/tiny/runs"
RUN = f"{RUNS}/distilled/budget-20/fold-0"
EMBEDDING = f"{RUN}/embeddings/E/pca.zarr"


def stores(workflow):
    """Return the stores of activations that are there."""
    paths = workflow.folder.glob(f"{RUNS}/*/*/*/activations/*.zarr")
    return {str(path.relative_to(workflow.folder)) for path in paths}


def test_what_is_finished_stays_so(finished, monkeypatch):
    finished.edit("tiny.yaml", "images_per_class: 8}", "images_per_class: 8, temporary: true}")
    # The record of the config is written again; nothing is extracted.
    only_provenance = Counter([("write_provenance", frozenset()), ("all", frozenset())])
    assert finished.planned() == only_provenance
    assert len(stores(finished)) == 6
    assert finished.run("--delete-temp-output").returncode == 0
    assert stores(finished) == set()
    assert finished.planned() == only_provenance
    monkeypatch.chdir(finished.folder)
    assert look(["tiny.yaml"]).finished

    # One embedding again: its layer's activations are taken anew and are gone at the end.
    result = finished.run("--forcerun", EMBEDDING, "--cores", "2", EMBEDDING)
    assert result.returncode == 0, result.stderr
    assert f"Removing temporary output {RUN}/activations/E.zarr." in result.stderr
    assert "3 of 3 steps" in result.stderr
    assert stores(finished) == set()
    assert (finished.folder / EMBEDDING / "zarr.json").is_file()

    # One layer again: of all methods, without what compares them.
    planned = finished.planned("layer_C", "--forcerun", "extract_activations")
    rules = Counter(rule for rule, _ in planned.elements())
    assert rules == {
        **dict.fromkeys(["extract_activations", "find_neighbours", "score_layer"], 3),
        "embed": 6,
        "layer_C": 1,
    }
    assert not any("layer=E" in wildcards for _, wildcards in planned)


def test_what_reads_networks_and_stores_comes_before_more_of_them_fold_by_fold(fresh):
    fresh.edit("tiny.yaml", "budgets: [20]\nfolds: 1", "budgets: [20, 50]\nfolds: 2")
    fresh.edit("tiny.yaml", "images_per_class: 8}", "images_per_class: 8, temporary: true}")
    result = fresh.run("--dry-run")
    assert result.returncode == 0, result.stderr
    found = {}
    for job in re.split(r"^(?=(?:local)?rule \w+:$)", result.stdout + result.stderr, flags=re.M):
        if priority := re.search(r"^    priority: (.*)$", job, re.M):
            rule = re.match(r"rule (\w+):", job)[1]
            budget, fold = re.search(r"budget=(\d+), fold=(\d+)", job).groups()
            found.setdefault((rule, int(budget), int(fold)), []).append(int(priority[1]))
    assert found == {
        (rule, budget, fold): jobs * [priority]
        for rule, jobs in (("train", 3), ("extract_activations", 6))
        for budget, fold, priority in ((20, 0, -1), (50, 0, -2), (20, 1, -3), (50, 1, -4))
    }
