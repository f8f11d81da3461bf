"""Chosen images of a study: a contact sheet with what each method predicts."""

from __future__ import annotations

import base64
import html
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from limbeck.explorer.arrays import LazyArray
from limbeck.runtime.errors import InputError
from limbeck.runtime.storage import write_text

if TYPE_CHECKING:
    import pandas as pd

    from limbeck.explorer.study import Study

SHOWN = 200  # images of a contact sheet
SIDE = 72  # of an image there, in pixels


def read_ids(path: str | os.PathLike[str]) -> list[str]:
    """Read the ids of images that the explorer saved, a JSON list of text.

    Raises
    ------
    InputError
        For a file that is missing or holds anything else.
    """
    try:
        ids = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}; give a list of ids or a file of them"
        ) from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    if not isinstance(ids, list) or not all(isinstance(sample_id, str) for sample_id in ids):
        raise InputError(f"{path}: must be a JSON list of the ids of images, in quotes")
    return ids


class ContactSheet:
    """Images that a notebook shows; `html` is their source, `count` is how many they are."""

    def __init__(self, source: str, count: int):
        self.html, self.count = source, count

    def __repr__(self) -> str:
        return f"<ContactSheet of {self.count} images>"

    def _repr_html_(self) -> str:
        return self.html

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as an HTML file."""
        write_text(path, f'<!DOCTYPE html>\n<meta charset="utf-8">\n{self.html}\n')


class Selection:
    """Chosen test images of a study, each once.

    Parameters
    ----------
    study : Study
        Whose images.
    ids : iterable of str
        Which.

    Attributes
    ----------
    ids : list of str
        In the order in which they were given.

    Raises
    ------
    InputError
        For an id that is no test image's.
    """

    def __init__(self, study: Study, ids: Iterable[str]):
        self._study = study
        self.ids = list(dict.fromkeys(ids))
        self._rows = study.rows_of(self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<Selection of {len(self)} images of {self._study.name}>"

    @property
    def images(self) -> LazyArray:
        """The images, shape (n, H, W, C), uint8."""
        return self._study.images(self.ids)

    def frame(self, *, budget: int | None = None, fold: int = 0) -> pd.DataFrame:
        """Return the images with what each method predicts.

        Parameters
        ----------
        budget, fold : int
            Of the runs; without a budget, the study's smallest.

        Returns
        -------
        pandas.DataFrame
            ``sample_id``, ``label``, ``class``, ``superclass``, and for each method that has
            predictions there a column ``prediction:<method>``, a class.
        """
        frame = self._study.samples.iloc[self._rows].reset_index(drop=True)
        budgets = self._study.budgets
        budget = budgets[0] if budget is None and budgets else budget
        for method in self._study.methods if budget is not None else []:
            if not self._study.files.has("predictions", method, budget, fold):
                continue
            logits = self._study.predictions(method, budget=budget, fold=fold)
            row_of_sample = {sample: row for row, sample in enumerate(logits.sample_ids)}
            predicted = np.asarray(logits).argmax(axis=1)[[row_of_sample[i] for i in self.ids]]
            names = np.array(self._study.class_names, object)
            frame[f"prediction:{method}"] = names[predicted]
        return frame

    def show(self, *, budget: int | None = None, fold: int = 0) -> ContactSheet:
        """Return a contact sheet: each image, its class and what each method predicts.

        Parameters
        ----------
        budget, fold : int
            As for `frame`.
        """
        shown = self.frame(budget=budget, fold=fold).iloc[:SHOWN]
        tiles = [
            _tile(image, row)
            for image, row in zip(self.images[: len(shown)], shown.to_dict("records"), strict=True)
        ]
        left_out = len(self) - len(shown)
        more = f"<p>and {left_out} more</p>" if left_out else ""
        style = "display:flex;flex-wrap:wrap;gap:12px;font:12px/1.35 sans-serif"
        return ContactSheet(f'<div style="{style}">{"".join(tiles)}</div>{more}', len(tiles))


def _tile(image: np.ndarray, row: dict) -> str:
    lines = [f'<b dir="auto">{html.escape(row["class"])}</b>']
    for column, predicted in row.items():
        if column.startswith("prediction:"):
            method = column.removeprefix("prediction:")
            mark, colour = ("✓", "#00674f") if predicted == row["class"] else ("✗", "#a63f00")
            lines.append(
                f'<span style="color:{colour}">{mark} <bdi>{html.escape(method)}</bdi>: '
                f"<bdi>{html.escape(predicted)}</bdi></span>"
            )
    sample = html.escape(row["sample_id"])
    return (
        f'<figure style="margin:0;max-width:14em" title="{sample}">'
        f'<img alt="{sample}" src="{_data_url(image)}" '
        f'style="height:{SIDE}px;image-rendering:pixelated"><figcaption>'
        f"{'<br>'.join(lines)}</figcaption></figure>"
    )


def _data_url(image: np.ndarray) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
