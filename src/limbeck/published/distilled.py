"""Published accuracies of students by teacher, student and distillation method.

``distillation/cifar100.csv`` has a row for each cell of the tables in four READMEs, in versions of
2022 to 2024: RepDistiller (13 methods on 7 pairs of one kind of network, 12 on 6 pairs of two
kinds, and each network alone), mdistiller (DKD beside KD), DIST_KD and
logit-standardization-KD. All are test accuracies on CIFAR-100 with all 50,000 labels. What
these READMEs do not say is empty: the number of trials in all four, deviations in all but DIST_KD.
Best epochs and last ones are not told apart there; RepDistiller's code says that its results are
of the last.

KD's numbers in the other three READMEs are RepDistiller's where it has the pair. mdistiller's table
calls the student of one column MobileNet-V2 whose numbers for KD and DKD are those of ShuffleNet-V2
elsewhere; the row has that student and a note.
"""

import csv
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from limbeck.runtime.errors import InputError, suggest

FOLDER = "distillation"


@dataclass(frozen=True)
class DistilledAccuracy:
    """One cell of a published table; what is not known is None.

    Attributes
    ----------
    source : str
        Who published it, where.
    teacher, student : str
        The networks, under Limbeck's names where it has them; no teacher for a network alone.
    label : str
        What the source calls the method; ``Teacher`` or ``Student`` for a network alone.
    objective : str
        Limbeck's objective, empty where it has none.
    standardise : bool
        Whether logits are standardised first (Sun et al. 2024).
    accuracy, std : float or None
        Mean and deviation over trials, in percent.
    trials : int or None
        How many.
    note : str
        What is peculiar about the cell.
    """

    source: str
    teacher: str
    student: str
    label: str
    objective: str
    standardise: bool
    accuracy: float | None
    std: float | None
    trials: int | None
    note: str


def datasets() -> list[str]:
    """Return the names of the datasets that there are tables for."""
    files = resources.files(__package__).joinpath(FOLDER).iterdir()
    return sorted(file.name.removesuffix(".csv") for file in files if file.name.endswith(".csv"))


@functools.cache
def read_distilled(dataset: str) -> Sequence[DistilledAccuracy]:
    """Return the published accuracies of distilled students on a dataset, source by source.

    Raises
    ------
    InputError
        If there are none for this dataset.
    """
    if dataset not in datasets():
        raise InputError(f"published distillation = {dataset!r}: {suggest(dataset, datasets())}")
    file = resources.files(__package__).joinpath(FOLDER, f"{dataset}.csv")
    return tuple(
        DistilledAccuracy(
            **{
                column: row[column]
                for column in ("source", "teacher", "student", "label", "objective", "note")
            },
            standardise=row["standardise"] == "true",
            accuracy=float(row["accuracy"]) if row["accuracy"] else None,
            std=float(row["std"]) if row["std"] else None,
            trials=int(row["trials"]) if row["trials"] else None,
        )
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    )
