"""Published numbers to compare a study with, one CSV file a dataset.

Files have a row for each cell of a published table, also for those that are empty there:
``table, label, method, layer, metric, unit, budget, mean, std, folds, source``. `label` is what the
paper calls a row, `method` what Limbeck's config calls it, `unit` is ``percent`` or ``1``, `folds`
how many the mean is over. What is not known is empty.

``cifar100.csv`` holds Tables 1 and 2 of *Visualizing the embedding space to explain the effect of
knowledge distillation* (2021). In the text that it was read from:

- Π-Model to FixMatch are the numbers of Sohn et al. (2020), who trained WRN-28-8 on five folds; the
  numbers in brackets after those names are the paper's references and not part of the values.
- FixMatch (reduced), their code with WRN-28-1, has no deviations and does not say how many folds;
  its cell at 20000 is blank where other rows have a dash, and taken to be empty like 5000.
- The header of Table 2 calls the columns of layer D "U | UD"; it is read as "UD | D" like the
  others. The table's deviations, which its discussion refers to, are not in the text.
"""

import csv
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from limbeck.runtime.errors import InputError, suggest

SCALES = {"percent": 100.0, "1": 1.0}


@dataclass(frozen=True)
class PublishedCell:
    """One cell of a published table; what is not known is None.

    Attributes
    ----------
    label, method, layer, metric : str
        The paper's name of the row, and Limbeck's names; no layer for metrics of a whole run.
    unit : str
        A key of `SCALES`, which holds what Limbeck's own values are multiplied with to have it.
    budget : int
        Number of labelled images.
    mean, std : float or None
        Over folds, in that unit.
    folds : int or None
        How many.
    source : str
        Who published it.
    """

    label: str
    method: str
    layer: str
    metric: str
    unit: str
    budget: int
    mean: float | None
    std: float | None
    folds: int | None
    source: str


def names() -> list[str]:
    """Return the names of all files of published numbers."""
    files = resources.files(__package__).iterdir()
    return sorted(file.name.removesuffix(".csv") for file in files if file.name.endswith(".csv"))


@functools.cache
def read_published(name: str | None) -> Sequence[PublishedCell]:
    """Read a file of published numbers, in its order; nothing for the name None.

    Raises
    ------
    InputError
        If there is no file of that name.
    """
    if name is None:
        return ()
    return tuple(
        PublishedCell(
            **{column: row[column] for column in ("label", "method", "layer", "metric", "unit")},
            budget=int(row["budget"]),
            mean=float(row["mean"]) if row["mean"] else None,
            std=float(row["std"]) if row["std"] else None,
            folds=int(row["folds"]) if row["folds"] else None,
            source=row["source"],
        )
        for row in csv.DictReader(_text(name).splitlines())
    )


def digest(name: str | None) -> str:
    """Hash a file of published numbers (16 hex digits), so that an edit of it rebuilds tables."""
    return "" if name is None else hashlib.sha256(_text(name).encode()).hexdigest()[:16]


def _text(name: str) -> str:
    if name not in names():
        raise InputError(f"published = {name!r}: {suggest(name, names())}")
    return resources.files(__package__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
