"""A study's results, opened for reading."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from limbeck.data.dataset import number_superclasses
from limbeck.explorer.arrays import LazyArray, NeighbourArrays
from limbeck.explorer.files import StudyFiles
from limbeck.explorer.metric_tables import read_current
from limbeck.runtime.errors import InputError, suggest
from limbeck.runtime.storage import OF_LAYER, check_origin, open_store

if TYPE_CHECKING:
    import pandas as pd

    from limbeck.explorer.selection import Selection


class Study:
    """A study's results: metrics and embeddings as pandas frames, stores as lazy arrays.

    It shows what there is when it is asked, so that a study that is not finished, or a copy of some
    of its files, can be looked at too. Everything that is asked for by name and is not there is an
    `InputError` that says what is.

    Parameters
    ----------
    folder : str or os.PathLike
        The study's output tree, ``results/{study}``, or a copy of it.

    Attributes
    ----------
    folder : pathlib.Path
        As above.

    Raises
    ------
    InputError
        If nothing in the folder is a study's.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder)
        self.files = StudyFiles(self.folder)

    def __repr__(self) -> str:
        return (
            f"<Study {self.name}: methods {', '.join(self.methods)}; budgets {self.budgets}; "
            f"folds {self.folds}; layers {', '.join(self.layers)}; "
            f"embeddings {', '.join(self.embeddings)}>"
        )

    @property
    def name(self) -> str:
        """The study's name, or that of its folder where no config was recorded."""
        return self.config.get("study", self.folder.resolve().name)

    @property
    def config(self) -> dict[str, Any]:
        """The config that a finished study recorded; empty before."""
        return self.files.config

    @property
    def methods(self) -> list[str]:
        """The methods that have a run, in the order of the config, or a teacher first."""
        return self.files.methods()

    @property
    def budgets(self) -> list[int]:
        """The numbers of labelled images for which there is a run, ascending."""
        return sorted({budget for _, budget, _ in self.files.runs()})

    @property
    def folds(self) -> list[int]:
        """The folds for which there is a run, ascending."""
        return sorted({fold for _, _, fold in self.files.runs()})

    @property
    def layers(self) -> list[str]:
        """The layers of which something is stored, in the order of the config."""
        return self.files.layers()

    @property
    def embeddings(self) -> list[str]:
        """The names of the embeddings that are stored, in the order of the config."""
        return self.files.embeddings()

    @property
    def class_names(self) -> list[str]:
        """The dataset's classes, in the order of their labels."""
        return self._dataset.attrs["class_names"]

    @property
    def superclass_names(self) -> list[str]:
        """The dataset's superclasses, in the order of their numbers; empty where it has none."""
        return self._superclasses[0]

    @property
    def superclass_of_class(self) -> list[int]:
        """The number of each class's superclass; empty where there are none."""
        return self._superclasses[1]

    @property
    def dataset_name(self) -> str:
        """The dataset's name in the config."""
        return self._dataset.attrs["dataset"]

    @functools.cached_property
    def samples(self) -> pd.DataFrame:
        """The test images: ``sample_id``, ``label``, ``class``, ``superclass``, a row each."""
        import pandas as pd

        ids, labels = (self._dataset[f"test/{name}"][:] for name in ("sample_ids", "labels"))
        superclasses = [self.superclass_names[number] for number in self.superclass_of_class]
        columns = {
            "sample_id": ids.astype(object),
            "label": labels,
            "class": np.array(self.class_names, object)[labels],
            "superclass": np.array(superclasses, object)[labels] if superclasses else None,
        }
        return pd.DataFrame(columns)

    @property
    def metrics(self) -> pd.DataFrame:
        """Every metric of every run, layer and embedding, one a row.

        Columns are ``study, method, budget, fold, layer, embedding, metric, value, reason``;
        ``layer`` and ``embedding`` are empty text where they do not apply, and ``reason`` says why
        a value is missing. The study's table comes first; runs that are not in it follow with what
        is measured of them, and runs that were measured anew since. Those that an earlier config
        left behind are not among them, once the study has recorded its config.
        """
        return read_current(self.folder / "tables" / "metrics.csv", self.files.current_runs())

    def embedding(
        self, method: str, *, budget: int, fold: int = 0, layer: str, name: str
    ) -> pd.DataFrame:
        """Return an embedding of one layer, a row for each image.

        Parameters
        ----------
        method, budget, fold, layer : str, int, int, str
            Which layer of which run.
        name : str
            The embedding's name in the study.

        Returns
        -------
        pandas.DataFrame
            ``sample_id``, ``x`` and ``y`` in the embedding's own units, ``label``, ``class``,
            ``superclass`` and ``prediction``, the class that the network predicts; None where its
            predictions are not there.

        Raises
        ------
        InputError
            If there is no such embedding, or it is of another network than the predictions.
        """
        store = self.files.layer_store("embeddings", method, budget, fold, layer, name)
        frame = self._samples_of(store)
        frame.insert(1, "x", store["points"][:, 0])
        frame.insert(2, "y", store["points"][:, 1])
        frame["prediction"] = None
        if self.files.has("predictions", method, budget, fold):
            predictions = self.files.predictions(method, budget, fold)
            check_origin(predictions, store, but=OF_LAYER)
            names = np.array(self.class_names, object)[predictions["logits"][:].argmax(axis=1)]
            predicted = dict(zip(predictions["sample_ids"][:], names, strict=True))
            frame["prediction"] = frame["sample_id"].map(predicted)
        return frame

    def activations(self, method: str, *, budget: int, fold: int = 0, layer: str) -> LazyArray:
        """Return a layer's activations, shape (n, D), in the order channel, row, column."""
        store = self.files.layer_store("activations", method, budget, fold, layer)
        return LazyArray(store["activations"], store["sample_ids"][:])

    def neighbours(self, method: str, *, budget: int, fold: int = 0, layer: str) -> NeighbourArrays:
        """Return each image's nearest others in a layer's own space, exact, nearest first."""
        store = self.files.layer_store("neighbours", method, budget, fold, layer)
        ids = store["sample_ids"][:]
        return NeighbourArrays(LazyArray(store["indices"], ids), LazyArray(store["distances"], ids))

    def predictions(self, method: str, *, budget: int, fold: int = 0) -> LazyArray:
        """Return a network's logits of all test images, shape (n, classes)."""
        store = self.files.predictions(method, budget, fold)
        return LazyArray(store["logits"], store["sample_ids"][:])

    def images(self, ids: Iterable[str] | None = None) -> LazyArray:
        """Return images, shape (n, H, W, C), uint8.

        Parameters
        ----------
        ids : iterable of str or None
            Ids of test images, in the order that is wanted; None: all.
        """
        stored, images = self._dataset["test/sample_ids"][:], self._dataset["test/images"]
        if ids is None:
            return LazyArray(images, stored)
        rows = self.rows_of(ids)
        return LazyArray(images, stored[rows], rows)

    def select(self, ids: Iterable[str] | str | os.PathLike[str]) -> Selection:
        """Return chosen test images, to be shown or looked up.

        Parameters
        ----------
        ids : iterable of str, or path
            Ids of test images; or the JSON file of them that the explorer saves.

        Raises
        ------
        InputError
            For an id that is no test image's, or a file that is no JSON list of text.
        """
        from limbeck.explorer.selection import Selection, read_ids

        return Selection(self, read_ids(ids) if isinstance(ids, str | os.PathLike) else ids)

    def rows_of(self, ids: Iterable[str]) -> np.ndarray:
        """Return the rows of test images in the dataset, shape (n,)."""
        ids = list(ids)
        for sample_id in ids:
            if sample_id not in self._row_of_sample:
                raise InputError(
                    f"'{sample_id}' is no test image of {self.folder}; "
                    f"{suggest(sample_id, self._row_of_sample)}"
                )
        return np.array([self._row_of_sample[sample_id] for sample_id in ids], np.intp)

    @functools.cached_property
    def _dataset(self):
        return open_store(self.folder / "dataset.zarr")

    @functools.cached_property
    def _superclasses(self) -> tuple[list[str], list[int]]:
        path = self.folder / "superclasses.csv"
        return number_superclasses(path, self.class_names) if path.exists() else ([], [])

    @functools.cached_property
    def _row_of_sample(self) -> dict[str, int]:
        return {sample: row for row, sample in enumerate(self._dataset["test/sample_ids"][:])}

    def _samples_of(self, store) -> pd.DataFrame:
        rows = self.rows_of(store["sample_ids"][:])
        return self.samples.iloc[rows].reset_index(drop=True)
