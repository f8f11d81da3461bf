"""The workflow, called from other folders than its own."""

import subprocess

import pytest

MODULE = """
configfile: "{folder}/tiny.yaml"

module limbeck:
    snakefile: "{folder}/Snakefile"
    config: config

use rule * from limbeck
"""


@pytest.fixture(params=["snakefile", "directory", "module"])
def elsewhere(request, finished, tmp_path):
    """Return a function that runs Snakemake on the finished study, in a folder of its own."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("results", "benchmarks", "logs", ".snakemake"):
        (finished.folder / name).rename(folder / name)
    tiny = str(finished.folder / "tiny.yaml")
    start, arguments = folder, []
    if request.param == "snakefile":
        arguments = ["-s", str(finished.folder / "Snakefile"), "--configfile", tiny]
    elif request.param == "directory":
        start = finished.folder
        arguments = ["--directory", str(folder), "--configfile", tiny]
    else:
        (folder / "Snakefile").write_text(MODULE.format(folder=finished.folder))

    def run(*more):
        return subprocess.run(
            ["snakemake", *arguments, *more],
            cwd=start,
            env=finished.environment,
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.slow
def test_the_study_is_found_and_its_report_written(elsewhere, tmp_path):
    result = elsewhere("--dry-run")
    assert "Nothing to be done" in result.stdout + result.stderr
    result = elsewhere("--report", str(tmp_path / "report.html"))
    assert result.returncode == 0, result.stderr
    assert "superclass_correlation" in (tmp_path / "report.html").read_text()
