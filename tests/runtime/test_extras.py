"""Optional libraries: what the line says that is printed before any job."""

import re
import tomllib
from pathlib import Path

import pytest

from limbeck.runtime import extras


@pytest.mark.parametrize(
    ("modules", "clause"),
    [
        (("json",), None),
        (
            ("json", "no_such_a"),
            "needs no_such_a, which is not installed: pip install 'limbeck[x]'",
        ),
        (
            ("no_such_a", "no_such_b", "no_such_c"),
            "needs no_such_a, no_such_b and no_such_c, which are not installed: "
            "pip install 'limbeck[x]'",
        ),
    ],
)
def test_missing_modules_are_named(monkeypatch, modules, clause):
    monkeypatch.setitem(extras.EXTRAS, "x", modules)
    assert extras.missing_requirements("x") == clause


def test_extras_are_those_of_the_package():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    for extra, modules in extras.EXTRAS.items():
        listed = {re.split(r"[>=]", line)[0] for line in project["optional-dependencies"][extra]}
        names = {"tf_keras": "tf-keras", "umap": "umap-learn"}
        assert {names.get(module, module) for module in modules} == listed
