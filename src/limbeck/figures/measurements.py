"""Metrics by method, as figures show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from limbeck.figures import style


@dataclass(frozen=True)
class Measurements:
    """The tidy table of a study; methods, budgets and layers are in the order of the config."""

    table: pd.DataFrame
    colour_order: Sequence[str] = ()

    @classmethod
    def read(cls, path: str | Path, methods: Sequence[str] = ()) -> "Measurements":
        """Read ``metrics.csv``; `methods`, the study's, keep their colours if some are missing."""
        text = {name: str for name in ("method", "layer", "embedding", "metric")}
        unmeasured = {"value": ["nan"]}
        table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values=unmeasured)
        table["value"] = table["value"].astype(float)
        return cls(table.dropna(subset=["value"]), methods)

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
        rows = self.table[self.table["method"] == method]
        for column, value in where.items():
            rows = rows[rows[column] == value]
        return rows.groupby(by)["value"].agg(["mean", "std"])

    def draw_percent(self, axis: Axes, by: str, where: Mapping[str, object]) -> None:
        """Draw a line for each method, in percent, with its deviation over folds.

        The line has a gap where a method was not measured, and no error bar for one fold; the panel
        names the methods without any line. `by` is ``budget`` or ``layer``; see `over_folds`.
        """
        places = self.budgets if by == "budget" else self.layers
        missing = []
        for method in self.methods:
            summary = self.over_folds(by, method, where).reindex(places) * 100
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
        style.mark_missing_methods(axis, missing, self.methods)
