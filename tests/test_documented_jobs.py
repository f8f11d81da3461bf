"""docs/scaling.md: its formula and table say how many jobs the workflow has."""

import re
from pathlib import Path

import pytest

from limbeck.operations.jobs import jobs_of
from limbeck.study.config import read_config

REPOSITORY = Path(__file__).parents[1]
PAGE = (REPOSITORY / "docs/scaling.md").read_text()
LINES = re.findall(r"^\| `(config/\w+\.yaml)` \| (.*) \|$", PAGE, re.M)
COLUMNS = ("B", "F", "M", "S", "L", "E", "P", "T", "G")


@pytest.mark.parametrize(("path", "cells"), LINES, ids=[path for path, _ in LINES])
def test_the_table_has_the_jobs_of_the_workflow(path, cells, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    *numbers, jobs = map(int, cells.split(" | "))
    values = dict(zip(COLUMNS, numbers, strict=True))
    config = read_config([] if path == "config/config.yaml" else [path])
    run = config["run"]
    counted = (config["budgets"], run["methods"], config["layers"], run["embeddings"])
    assert [values[name] for name in "BMLE"] == list(map(len, counted))
    assert values["F"] == config["folds"]
    # `rule all` is a job too.
    assert jobs == len(list(jobs_of(config))) + 1
    formula = " + ".join(re.findall(r"^(?:jobs =|     \+) (.*?) *#", PAGE, re.M))
    code = re.sub(r"(\d)([A-Z])", r"\1*\2", formula.replace("·", "*"))
    assert eval(code, {}, values) == jobs


def test_every_line_of_the_table_is_looked_at():
    assert len(LINES) == 3
