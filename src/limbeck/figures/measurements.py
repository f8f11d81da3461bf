"""Metrics by method, as figures show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from limbeck.figures import style


@dataclass(frozen=True)
class Measurements:
    """The tidy table of a study; methods, budgets and layers are in the order of the config."""

    table: pd.DataFrame

    @classmethod
    def read(cls, path: str | Path) -> "Measurements":
        """Read ``metrics.csv``."""
        text = {name: str for name in ("method", "layer", "embedding", "metric")}
        unmeasured = {"value": ["nan"]}
        table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values=unmeasured)
        table["value"] = table["value"].astype(float)
        return cls(table.dropna(subset=["value"]))

    @property
    def methods(self) -> list[str]:
        """All methods."""
        return list(self.table["method"].unique())

    @property
    def budgets(self) -> list[int]:
        """All budgets, ascending."""
        return sorted(int(budget) for budget in self.table["budget"].unique())

    def over_folds(self, by: str, method: str, where: Mapping[str, object]) -> pd.DataFrame:
        """Summarise one metric of one method over folds.

        Parameters
        ----------
        by : str
            The column that makes a row: ``budget``, ascending, or ``layer``, as in the table.
        method : str
            Which method.
        where : mapping
            Values of other columns, ``metric`` among them.

        Returns
        -------
        pandas.DataFrame
            Columns ``mean`` and ``std`` (sample standard deviation, 0 for one fold), a row for each
            value of `by` that was measured.
        """
        rows = self.table[self.table["method"] == method]
        for column, value in where.items():
            rows = rows[rows[column] == value]
        summary = rows.groupby(by, sort=by == "budget")["value"].agg(["mean", "std"])
        return summary.fillna({"std": 0.0})

    def draw_percent(self, axis: Axes, by: str, where: Mapping[str, object]) -> None:
        """Draw a line for each method, in percent, with its deviation; see `over_folds`."""
        for method in self.methods:
            summary = self.over_folds(by, method, where) * 100
            axis.errorbar(
                summary.index,
                summary["mean"],
                yerr=summary["std"],
                label=method,
                capsize=2,
                **style.method_style(method, self.methods),
            )
