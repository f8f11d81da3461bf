"""The explorer follows the plan of the config at hand, however it is written."""

import json
import re
import shutil

import pytest

pytestmark = pytest.mark.slow


def test_runs_and_roles_of_an_earlier_config_are_not_shown(finished):
    results = finished.folder / "results" / "tiny"
    page, provenance = results / "explorer.html", results / "provenance.json"
    for run in results.glob("runs/*/budget-20"):
        shutil.copytree(run, run.with_name("budget-10"))

    def shown():
        text = re.search(r'<script [^>]*id="study">(.*?)</script>', page.read_text(), re.DOTALL)
        study = json.loads(text[1])
        budgets = {view["budget"] for view in study["views"]}
        return budgets, study["teacher"], study["students"], study["leftOut"]

    planned = {20}, "teacher", ["undistilled", "distilled"], []
    recorded = json.loads(provenance.read_text())
    recorded["config"] |= {"budgets": [10], "statistics": {"methods": ["teacher", "distilled"]}}
    provenance.write_text(json.dumps(recorded))
    for command in (
        (
            "snakemake",
            "--cores=1",
            "--forcerun=write_explorer",
            str(page.relative_to(finished.folder)),
        ),
        ("limbeck", "explore"),
    ):
        page.unlink()
        result = finished.call(*command, "--configfile", *finished.overlays)
        assert result.returncode == 0, result.stderr
        assert shown() == planned
    # Without a config that is at hand, the one that was recorded is the plan.
    command = ("limbeck", "write_explorer", "--study", str(results), "--page", str(page))
    assert finished.call(*command).returncode == 0
    left_out = ["Not in the config that the study recorded: budgets 20."]
    assert shown() == ({10}, "teacher", ["teacher", "distilled"], left_out)
