"""Metrics by method, as figures show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from limbeck.figures.shared import style
from limbeck.runtime import storage
from limbeck.statistics.columns import COLUMNS as TEST_COLUMNS
from limbeck.study.metric_rows import NULL, NULL_HIGH, NULL_LOW, null_of
from limbeck.study.titles import method_title

PLACE = ["method", "layer", "embedding", "budget"]
NULLS = {"null": NULL, "null_low": NULL_LOW, "null_high": NULL_HIGH}
COLUMNS = ["metric", "part", *PLACE, "mean", "sd", "n", *NULLS]


@dataclass(frozen=True)
class Measurements:
    """The tidy table of a study and its paired tests.

    Methods, budgets and layers are in the order of the config.
    """

    table: pd.DataFrame
    tests: pd.DataFrame | None = None
    study_methods: Sequence[str] = ()
    study_layers: Sequence[str] = ()

    @classmethod
    def read(
        cls,
        metrics: str | Path,
        statistics: str | Path | None = None,
        methods: Sequence[str] = (),
        layers: Sequence[str] = (),
    ) -> "Measurements":
        """Read ``metrics.csv`` and, to mark significant differences, ``statistics.csv``.

        `methods`, the study's, keep their colours if some are missing; `layers` are in its order.
        """
        rows = [row for row in storage.read_metrics([metrics]) if row["value"]]
        numbers = {"budget": int, "fold": int, "value": float}
        table = pd.DataFrame(rows, columns=storage.METRIC_COLUMNS).astype(numbers)
        tests = None
        if statistics is not None:
            found = storage.read_rows(statistics, TEST_COLUMNS, {"budget": int, "folds": int})
            tests = pd.DataFrame(found, columns=TEST_COLUMNS).astype({"budget": int, "folds": int})
        return cls(table, tests, methods, layers)

    @property
    def methods(self) -> list[str]:
        """All methods, those of the study first."""
        return list(dict.fromkeys([*self.study_methods, *self.table["method"].unique()]))

    def style_of(self, method: str) -> dict:
        """Return a method's colour and marker."""
        return style.method_style(method, self.methods)

    @property
    def budgets(self) -> list[int]:
        """All budgets, ascending."""
        return sorted(int(budget) for budget in self.table["budget"].unique())

    @property
    def layers(self) -> list[str]:
        """All layers that were measured: the study's in its order, then others.

        Those are in the order of the run in which most of them were measured.
        """
        rows = self.table[self.table["layer"] != ""]
        runs = rows.groupby(["method", "budget", "fold"], sort=False)["layer"].unique()
        measured = dict.fromkeys([*max(runs, key=len, default=[]), *rows["layer"]])
        known = [layer for layer in self.study_layers if layer in measured]
        return list(dict.fromkeys([*known, *measured]))

    def summary(self, metric: str, **where: object) -> pd.DataFrame:
        """Summarise a metric over folds.

        Parameters
        ----------
        metric : str
            Its name, with its part behind a colon.
        **where
            Values of other columns.

        Returns
        -------
        pandas.DataFrame
            The columns `COLUMNS`, a row for each method, layer, embedding and budget where it was
            measured: mean, sample standard deviation (NaN for one fold) and number of folds, and
            what it gives without structure, NaN where that is not known.
        """
        groups = self._groups(metric, where)
        result = groups.agg(mean="mean", sd="std", n="count")
        for column, suffix in NULLS.items():
            result[column] = self._groups(null_of(metric, suffix), where).mean()
        name, _, part = metric.partition(":")
        return result.reset_index().assign(metric=name, part=part)[COLUMNS]

    def _groups(self, metric: str, where: Mapping):
        return select(self.table, metric=metric, **where).groupby(PLACE, sort=False)["value"]

    def significant(self, metric: str, **where: object) -> pd.DataFrame:
        """Return the tests of a metric that found a difference."""
        if self.tests is None:
            return pd.DataFrame(columns=TEST_COLUMNS)
        return select(self.tests, metric=metric, significant="yes", **where)

    def describe_tests(self) -> str:
        """Return the words for asterisks; there are tests."""
        first = method_title(self.tests.iloc[0]["first_method"])
        return f" *: differs from {first} (paired t-test over folds, corrected)."


def select(table: pd.DataFrame, **where: object) -> pd.DataFrame:
    """Return the rows of a table with given values in some columns."""
    for column, value in where.items():
        table = table[table[column] == value]
    return table


def as_rows(*summaries: pd.DataFrame) -> list[list]:
    """Return the rows of summaries, one after another, None where there is no number."""
    joined = [row for summary in summaries for row in summary.itertuples(index=False, name=None)]
    return [[None if cell != cell else cell for cell in row] for row in joined]
