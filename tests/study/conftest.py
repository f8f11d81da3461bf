"""A study's config for a test to spoil, and what the checks say of it."""

import copy
from pathlib import Path

import pytest
import yaml

from limbeck.runtime.errors import InputError
from limbeck.study.config import check_config

DEFAULT_STUDY = Path(__file__).parents[2] / "config/config.yaml"
FIGURES = {
    "bars": {"kind": "accuracy"},
    "maps": {"kind": "embeddings", "embedding": "tsne", "budget": 50, "fold": 0},
    "areas": {"kind": "class_area", "embedding": "ivis"},
    "alike": {"kind": "cka", "pairs": [["teacher", "distilled"]], "budget": 200},
    "measures": {"kind": "layers", "metrics": ["probe_accuracy"]},
    "pair": {"kind": "class_correlation", "methods": ["undistilled", "distilled"]},
    "clouds": {"kind": "algorithms", "method": "teacher", "budget": 50, "layer": "A"},
    "boundary": {"kind": "class_boundary", "class": "8"},
    "noise": {"kind": "noise"},
}


class Config(dict):
    """A config whose keys can be set and removed by their path, as ``methods.teacher.steps``."""

    def put(self, path: str, value: object) -> "Config":
        """Set the value of a key."""
        section, last = self._place(path)
        section[last] = value
        return self

    def drop(self, path: str) -> "Config":
        """Remove a key."""
        section, last = self._place(path)
        del section[last]
        return self

    def _place(self, path: str) -> tuple[dict, str]:
        *parents, last = path.split(".")
        section = self
        for parent in parents:
            section = section.setdefault(parent, {})
        return section, last

    def mistakes(self) -> list[str]:
        """Return what is wrong, a line each, without the sources that each line begins with."""
        with pytest.raises(InputError) as caught:
            check_config(self, "a.yaml + b.yaml")
        lines = str(caught.value).splitlines()
        assert all(line.startswith("a.yaml + b.yaml: ") for line in lines)
        return [line.removeprefix("a.yaml + b.yaml: ") for line in lines]

    def mistake(self) -> str:
        """Return the only line that says what is wrong."""
        (line,) = self.mistakes()
        return line


@pytest.fixture
def config() -> Config:
    """Return the default study, with the values that the tests refer to set here."""
    values = yaml.safe_load(DEFAULT_STUDY.read_text())
    values |= {"budgets": [50, 200], "folds": 2, "layers": {"A": "auto", "E": "auto"}}
    values["figures"] = copy.deepcopy(FIGURES)
    values["run"] = {"maps": ["linear", "fourier"], "figures": list(FIGURES)}
    return Config(values)
