"""The files of a study: which of them are there, and where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from limbeck.runtime.errors import InputError, suggest
from limbeck.runtime.storage import open_store
from limbeck.study.runs import runs_of

TEACHER_FIRST = ["teacher"]
Run = tuple[str, int, int]  # method, budget, fold


class StudyFiles:
    """The files in a study's folder at the moment.

    Parameters
    ----------
    folder : pathlib.Path
        ``results/{study}``, or a copy of it.

    Raises
    ------
    InputError
        If nothing in the folder is a study's.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        parts = ("dataset.zarr", "runs", "tables")
        if not any((folder / part).exists() for part in parts):
            raise InputError(f"{folder}: no study there; it has none of {', '.join(parts)}")

    @property
    def config(self) -> dict[str, Any]:
        """The config that a finished study recorded; empty before."""
        path = self.folder / "provenance.json"
        return json.loads(path.read_text(encoding="utf-8"))["config"] if path.is_file() else {}

    def runs(self) -> dict[Run, Path]:
        """Return the folder of each run."""
        runs = {}
        for folder in sorted(self.folder.glob("runs/*/budget-*/fold-*")):
            budget, fold = (re.fullmatch(r"[a-z]+-(\d+)", part) for part in folder.parts[-2:])
            if budget and fold:
                runs[folder.parts[-3], int(budget[1]), int(fold[1])] = folder
        return runs

    def current_runs(self) -> dict[Run, Path]:
        """Return the folder of each run but of those that an earlier config left.

        These are not in the config that the study recorded, and were measured before it did.
        """
        config, runs = self.config, self.runs()
        try:
            methods = config["run"]["methods"]
            planned = {(method, *run) for method in methods for run in runs_of(config, method)}
        except KeyError:  # There is no record, or another version wrote it.
            return runs
        recorded = (self.folder / "provenance.json").stat().st_mtime
        return {
            run: folder
            for run, folder in runs.items()
            if run in planned or _measured(folder) > recorded
        }

    def methods(self) -> list[str]:
        """Return the methods that have a run, in the order of the config, or a teacher first."""
        planned = self.config.get("run", {}).get("methods", TEACHER_FIRST)
        return _in_order({run[0] for run in self.runs()}, planned)

    def layers(self) -> list[str]:
        """Return the layers of which something is stored, in the order of the config."""
        kinds = ("activations", "neighbours", "embeddings")
        found = {
            name
            for folder in self.runs().values()
            for kind in kinds
            for name in _stored(folder / kind)
        }
        return _in_order(found, self.config.get("layers", []))

    def embeddings(self) -> list[str]:
        """Return the names of the embeddings that are stored, in the order of the config."""
        found = {place[2] for place in self._places()}
        return _in_order(found, self.config.get("run", {}).get("embeddings", []))

    def embedding_stores(self) -> list[tuple[str, str, str, int, int]]:
        """Return method, layer, embedding, budget and fold of each embedding store."""
        methods, layers, names = self.methods(), self.layers(), self.embeddings()
        return sorted(
            self._places(),
            key=lambda place: (
                *(*place[3:], names.index(place[2])),
                *(methods.index(place[0]), layers.index(place[1])),
            ),
        )

    def has(self, kind: str, method: str, budget: int, fold: int, layer: str | None = None) -> bool:
        """Return whether a run has a store, damaged or not: ``predictions``, or one of a layer."""
        folder = self._run_folder(method, budget, fold)
        return kind in _stored(folder) if layer is None else layer in _stored(folder / kind)

    def run(self, method: str, budget: int, fold: int) -> Path:
        """Return the folder of a run; an InputError if there is none."""
        folder = self._run_folder(method, budget, fold)
        if folder.is_dir():
            return folder
        runs = self.runs()
        self._check("method", method, self.methods())
        self._check("budget", budget, sorted({run[1] for run in runs if run[0] == method}))
        self._check("fold", fold, sorted({run[2] for run in runs if run[:2] == (method, budget)}))
        return runs[method, budget, fold]

    def predictions(self, method: str, budget: int, fold: int):
        """Open the predictions of a run; an InputError if there are none."""
        return open_store(self.run(method, budget, fold) / "predictions.zarr")

    def layer_store(
        self, kind: str, method: str, budget: int, fold: int, layer: str, name: str | None = None
    ):
        """Open a layer's ``activations`` or ``neighbours``, or its one of ``embeddings``, `name`.

        Raises
        ------
        InputError
            If it is not there; it says what is.
        """
        folder = self.run(method, budget, fold) / kind
        where = f" of {method}, budget {budget}, fold {fold}"
        self._check("layer", layer, _stored(folder), f" in {kind}{where}")
        if name is None:
            return open_store(folder / f"{layer}.zarr")
        self._check("name", name, _stored(folder / layer), f" in {kind} of layer {layer}{where}")
        return open_store(folder / layer / f"{name}.zarr")

    def _run_folder(self, method: str, budget: int, fold: int) -> Path:
        return self.folder / "runs" / method / f"budget-{budget}" / f"fold-{fold}"

    def _check(self, key: str, value: object, found: Sequence, where: str = "") -> None:
        if value not in found:
            raise InputError(
                f"{key} = {value!r}: not{where or ' there'} in {self.folder}; "
                f"{suggest(str(value), map(str, found))}"
            )

    def _places(self) -> list[tuple[str, str, str, int, int]]:
        return [
            (method, layer, name, budget, fold)
            for (method, budget, fold), folder in self.runs().items()
            for layer in _stored(folder / "embeddings")
            for name in _stored(folder / "embeddings" / layer)
        ]


def _stored(folder: Path) -> list[str]:
    """Return the names of the stores and folders in a folder, without what is being written."""
    if not folder.is_dir():
        return []
    entries = (entry for entry in folder.iterdir() if entry.is_dir() and entry.name[0] != ".")
    return sorted(entry.name.removesuffix(".zarr") for entry in entries)


def _measured(folder: Path) -> float:
    """Return when a run was measured for the last time, 0 if it was not."""
    tables = [folder / "metrics.csv", *folder.glob("metrics/*.csv")]
    return max((path.stat().st_mtime for path in tables if path.is_file()), default=0.0)


def _in_order(found: Iterable[str], planned: Sequence[str]) -> list[str]:
    """Return the names found, first in the order of the plan, then by name."""
    found = set(found)
    return [name for name in planned if name in found] + sorted(found.difference(planned))
