"""Metrics by method, as figures show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from limbeck.figures.shared import style
from limbeck.runtime import storage
from limbeck.statistics.paired_tests import COLUMNS as TEST_COLUMNS


@dataclass(frozen=True)
class Measurements:
    """The tidy table of a study and its paired tests.

    Methods, budgets and layers are in the order of the config.
    """

    table: pd.DataFrame
    tests: pd.DataFrame | None = None
    colour_order: Sequence[str] = ()

    @classmethod
    def read(
        cls,
        metrics: str | Path,
        statistics: str | Path | None = None,
        methods: Sequence[str] = (),
    ) -> "Measurements":
        """Read ``metrics.csv`` and, to mark significant differences, ``statistics.csv``.

        `methods`, the study's, keep their colours if some are missing.
        """
        rows = [row for row in storage.read_metrics([metrics]) if row["value"]]
        numbers = {"budget": int, "fold": int, "value": float}
        table = pd.DataFrame(rows, columns=storage.METRIC_COLUMNS).astype(numbers)
        tests = None
        if statistics is not None:
            rows = storage.read_rows(statistics, TEST_COLUMNS, {"budget": int})
            tests = pd.DataFrame(rows, columns=TEST_COLUMNS).astype({"budget": int})
        return cls(table, tests, methods)

    @property
    def methods(self) -> list[str]:
        """All methods."""
        return list(self.table["method"].unique())

    def style_of(self, method: str) -> dict:
        """Return a method's colour and marker."""
        return style.method_style(method, [*dict.fromkeys([*self.colour_order, *self.methods])])

    @property
    def budgets(self) -> list[int]:
        """All budgets, ascending."""
        return sorted(int(budget) for budget in self.table["budget"].unique())

    @property
    def layers(self) -> list[str]:
        """All layers, in the order of the run in which most of them were measured."""
        rows = self.table[self.table["layer"] != ""]
        runs = rows.groupby(["method", "budget", "fold"], sort=False)["layer"].unique()
        return list(dict.fromkeys([*max(runs, key=len, default=[]), *rows["layer"]]))

    def over_folds(self, by: str, method: str, where: Mapping[str, object]) -> pd.DataFrame:
        """Summarise one metric of one method over folds.

        Parameters
        ----------
        by : str
            The column that makes a row, for example ``budget`` or ``layer``.
        method : str
            Which method.
        where : mapping
            Values of other columns, ``metric`` among them.

        Returns
        -------
        pandas.DataFrame
            Columns ``mean`` and ``std`` (sample standard deviation, NaN for one fold), a row for
            each value of `by` that was measured.
        """
        rows = _select(self.table, {"method": method, **where})
        return rows.groupby(by)["value"].agg(["mean", "std"])

    def draw_lines(
        self,
        axis: Axes,
        by: str,
        where: Mapping[str, object],
        scale: float = 100,
        without: str = "",
    ) -> None:
        """Draw a line for each method but one, times `scale`, with its deviation over folds.

        The line has a gap where a method was not measured, and no error bar for one fold; the panel
        names the methods without any line. An asterisk above the highest of a place's values says
        that the two methods compared differ significantly there. `by` is ``budget`` or ``layer``;
        see `over_folds`.
        """
        places = self.budgets if by == "budget" else self.layers
        missing, tops = [], []
        methods = [method for method in self.methods if method != without]
        for method in methods:
            summary = self.over_folds(by, method, where).reindex(places) * scale
            if summary["mean"].isna().all():
                missing.append(method)
            axis.errorbar(
                places,
                summary["mean"],
                yerr=summary["std"],
                label=method,
                capsize=2,
                **self.style_of(method),
            )
            tops.append(summary["mean"] + summary["std"].fillna(0))
        style.mark_missing_methods(axis, missing, methods)
        highest = pd.concat(tops, axis=1).max(axis=1)
        for place in self.significant(by, where):
            axis.margins(y=0.1)
            style.mark_significant(axis, place, highest[place])

    def significant(self, by: str, where: Mapping[str, object]) -> list:
        """Return the values of `by` at which the two methods compared differ; see `over_folds`."""
        if self.tests is None:
            return []
        return list(_select(self.tests, {**where, "significant": "yes"})[by])


def _select(table: pd.DataFrame, where: Mapping[str, object]) -> pd.DataFrame:
    for column, value in where.items():
        table = table[table[column] == value]
    return table
