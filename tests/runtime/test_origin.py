"""The commit that logs and provenance name is Limbeck's own."""

import subprocess

from limbeck.operations.provenance import describe_environment
from limbeck.runtime import origin


def test_somebody_elses_checkout_is_not_named(tmp_path, monkeypatch):
    def git(*arguments):
        author = ("-c", "user.name=a", "-c", "user.email=a@b")
        command = ["git", "-C", str(tmp_path), *author, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    module = tmp_path / "venv/limbeck/runtime/origin.py"
    module.parent.mkdir(parents=True)
    module.touch()
    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message=theirs")
    monkeypatch.setattr(origin, "__file__", str(module))
    assert "commit unknown" in origin.describe_process()
    assert describe_environment()["git"] == {"commit": None, "modified_files": []}
    git("add", "venv")
    commit = git("rev-parse", "HEAD")
    assert f"commit {commit[:12]}" in origin.describe_process()
    assert describe_environment()["git"]["commit"] == commit
