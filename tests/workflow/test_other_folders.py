"""The workflow, called from other folders than its own."""

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
        return finished.call("snakemake", *arguments, *more, folder=start)

    return run


@pytest.mark.slow
def test_the_study_is_found_and_its_report_written(elsewhere, tmp_path):
    result = elsewhere("--dry-run")
    assert "Nothing to be done" in result.stdout + result.stderr
    result = elsewhere("--report", str(tmp_path / "report.html"))
    assert result.returncode == 0, result.stderr
    assert "superclass_correlation" in (tmp_path / "report.html").read_text()


def dry_run(fresh, folder, snakefile):
    """Return what a dry run says of a workflow that uses Limbeck as a module, in a folder."""
    (folder / "Snakefile").write_text(snakefile.format(folder=fresh.folder))
    result = fresh.call("snakemake", "--dry-run", "--quiet", "all", folder=folder)
    return result.stdout + result.stderr


def test_a_module_without_a_config_is_the_default_study(fresh, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    said = dry_run(
        fresh,
        tmp_path / "elsewhere",
        MODULE.replace("    config: config\n", "").replace(
            'configfile: "{folder}/tiny.yaml"\n', ""
        ),
    )
    assert "results/demo/provenance.json" in said


def test_a_module_whose_config_names_no_methods(fresh, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    snakefile = MODULE.replace('configfile: "{folder}/tiny.yaml"', 'config["study"] = "mine"')
    said = dry_run(fresh, tmp_path / "elsewhere", snakefile)
    assert "config that the module is given: config: missing methods" in said
    assert "Traceback" not in said
