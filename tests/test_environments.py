"""The pinned environments agree with each other and with what the package asks for."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[1]


def pins(lines):
    """Return version by canonical name of lines such as ``numpy==2.4.6``."""
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def project():
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def requirements():
    return pins((REPOSITORY / "envs/requirements.txt").read_text().splitlines())


def test_every_dependency_is_pinned_within_its_bounds():
    extras = project()["optional-dependencies"]
    listed = [text for extra in extras.values() for text in extra]
    for text in [*project()["dependencies"], *listed]:
        if text.startswith("limbeck["):
            continue
        requirement = Requirement(text)
        version = requirements()[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), text


def conda_environment():
    environment = yaml.safe_load((REPOSITORY / "envs/limbeck.yaml").read_text())
    (inner,) = (part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    return environment, inner


def test_pip_resolves_the_conda_environments_part_of_it():
    _, inner = conda_environment()
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--report=-", "--quiet", *inner]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    planned = {item["metadata"]["name"] for item in json.loads(result.stdout)["install"]}
    names = {canonicalize_name(name) for name in planned}
    assert names <= {canonicalize_name(pin.split("==")[0]) for pin in inner}


def test_the_conda_environment_has_the_same_pins():
    environment, inner = conda_environment()
    names = {canonicalize_name(Requirement(text).name) for text in project()["dependencies"]}
    assert pins(inner) == {name: requirements()[name] for name in names}
    assert "python=3.11" in environment["dependencies"]


def test_environments_name_no_download_address():
    for path in (REPOSITORY / "envs").iterdir():
        assert not re.search(r"https?:|file:|--(extra-)?index|find-links| @ ", path.read_text())


def test_the_conda_environment_has_the_oldest_python_that_is_allowed():
    assert project()["requires-python"] == ">=3.11"
