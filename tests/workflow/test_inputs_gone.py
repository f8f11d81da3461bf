"""What a config names may be gone by the time that its study is looked at."""

import pytest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("overlay", "key"),
    [
        ("methods: {teacher: {weights: w/gone.pth}}", "methods.teacher.weights = w/gone.pth"),
        ("dataset: {name: image_folder, path: gone}", "dataset.path = gone"),
    ],
)
def test_a_study_without_its_inputs_is_unlocked_and_reported(finished, overlay, key):
    (finished.folder / "over.yaml").write_text(overlay)
    overlays = ("--configfile", "tiny.yaml", "over.yaml")
    planned = finished.run("--dry-run", *overlays)
    assert planned.returncode == 1
    assert f"{key}: no such file or folder" in planned.stdout + planned.stderr
    for arguments in (["--unlock"], ["--report", "report.html"]):
        result = finished.run(*arguments, *overlays)
        assert result.returncode == 0, result.stderr
    assert "superclass_correlation" in (finished.folder / "report.html").read_text()
