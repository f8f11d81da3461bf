"""The subpackages: which may import which, what lies in the root, how long files are."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "src" / "limbeck"
RULES = "".join(path.read_text() for path in (REPOSITORY / "workflow/rules").glob("*.smk"))


def test_upper_subpackages_import_lower_ones_only():
    # In a process of its own: it closes the handlers of logs that it finds.
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
    ]
    result = subprocess.run(
        [*command, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_nothing_else_lies_in_the_root():
    assert {path.name for path in PACKAGE.iterdir() if path.is_file()} == {
        "__init__.py",
        "cli.py",
        "py.typed",
    }


@pytest.mark.parametrize("stage", sorted(path.stem for path in (PACKAGE / "stages").glob("[a-z]*")))
def test_a_stage_is_named_like_its_rule_and_short(stage):
    text = (PACKAGE / "stages" / f"{stage}.py").read_text()
    assert f"\ndef {stage}(" in text
    assert len(text.splitlines()) <= 120
    called = f"limbeck {stage} " in RULES
    assert called or stage in ("init", "status", "doctor", "explore")


def test_every_code_param_is_the_fingerprint_of_the_stage_that_is_called():
    rules = re.split(r"^(?:use )?rule (\w+)", RULES, flags=re.MULTILINE)
    for name, text in zip(rules[1::2], rules[2::2], strict=True):
        called = re.search(r"limbeck (\w+) ", text)
        if called:
            assert f'"{called[1]}"' in text or name == "train", name


def test_tests_lie_where_the_code_does():
    tests = REPOSITORY / "tests"
    folders = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")}
    assert all(
        (PACKAGE / folder).is_dir() for folder in folders - {Path("workflow"), Path("slurm")}
    )


def test_test_files_are_short():
    lines = {path: len(path.read_text().splitlines()) for path in REPOSITORY.glob("tests/**/*.py")}
    assert [path for path, number in lines.items() if number > 400] == []
