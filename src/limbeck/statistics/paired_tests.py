"""Two methods compared on the same folds: difference, effect size, interval and p-value."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from limbeck.statistics.fold_summaries import NOT_MEASURED
from limbeck.study.settings import StatisticsSettings

COLUMNS = (
    *("metric", "embedding", "layer", "budget", "folds"),
    *("difference", "low", "high", "effect_size", "p", "p_corrected", "significant"),
)


@dataclass(frozen=True)
class PairedTest:
    """A paired t-test over folds.

    Attributes
    ----------
    difference : float
        Mean over folds of the second method minus the first.
    low, high : float
        Confidence interval of the difference.
    effect_size : float
        Cohen's d_z: the mean difference over its sample standard deviation.
    p : float
        Two-sided.
    """

    difference: float
    low: float
    high: float
    effect_size: float
    p: float


def paired_test(
    first: Sequence[float], second: Sequence[float], confidence: float
) -> PairedTest | None:
    """Test whether two methods differ over the same folds.

    Parameters
    ----------
    first, second : sequence of float
        One value a fold, in the same order.
    confidence : float
        Level of the interval, between 0 and 1.

    Returns
    -------
    PairedTest or None
        None where nothing can be tested: fewer than two folds, or the same difference in all.
    """
    differences = np.subtract(second, first)
    if len(differences) < 2 or np.ptp(differences) == 0:
        return None
    test = stats.ttest_rel(second, first)
    interval = test.confidence_interval(confidence)
    mean = differences.mean()
    effect_size = mean / differences.std(ddof=1)
    return PairedTest(*map(float, (mean, interval.low, interval.high, effect_size, test.pvalue)))


def compare_methods(
    rows: Sequence[Mapping[str, str]], settings: StatisticsSettings
) -> tuple[list[list], str]:
    """Test two methods by each metric, embedding, layer and budget.

    The p-values are corrected within families: the budgets, layers and parts (superclasses, say)
    of one metric, its mean over the parts apart from them, in one embedding. Where there is nothing
    to test the cells say why.

    Parameters
    ----------
    rows : sequence of mapping
        The tidy table of the study, values as text.
    settings : StatisticsSettings
        Which methods and metrics, the level, the correction.

    Returns
    -------
    cells : list of list
        Rows of a table with the columns `COLUMNS`; differences are in the units of the metrics.
    note : str
        What the folds can and cannot show.
    """
    tests, families = {}, defaultdict(list)
    for key, methods in _collect_values(rows, settings).items():
        first, second = (methods.get(method, {}) for method in settings.methods)
        folds = sorted(first.keys() & second.keys())
        pairs = [[method[fold] for fold in folds] for method in (first, second)]
        tests[key] = (pairs, paired_test(*pairs, settings.confidence))
        if tests[key][1] is not None:
            families[_family(key)].append(key)
    corrected = {}
    for keys in families.values():
        p_values = [tests[key][1].p for key in keys]
        adjusted = multipletests(p_values, 1 - settings.confidence, settings.correction)
        corrected |= dict(zip(keys, zip(adjusted[1], adjusted[0], strict=True), strict=True))
    first_seen = [list(dict.fromkeys(names)) for names in zip(*tests, strict=True)]
    cells = [
        [*key, len(tests[key][0][0]), *_cells(*tests[key], corrected.get(key))]
        for key in sorted(tests, key=lambda key: [*map(list.index, first_seen, key)])
    ]
    folds = max((len(pairs[0]) for pairs, _ in tests.values()), default=0)
    return cells, limits_of(settings, folds, max(map(len, families.values()), default=1))


def _collect_values(rows: Sequence[Mapping[str, str]], settings: StatisticsSettings) -> Mapping:
    """Values by (metric, embedding, layer, budget), then by method and fold, as in the table."""
    values: dict[tuple, dict[str, dict[str, float]]] = {}
    for row in rows:
        name, value = row["metric"].partition(":")[0], float(row["value"])
        if name in settings.metrics and row["method"] in settings.methods and math.isfinite(value):
            key = (row["metric"], row["embedding"], row["layer"], row["budget"])
            values.setdefault(key, {}).setdefault(row["method"], {})[row["fold"]] = value
    return values


def _family(key: tuple[str, ...]) -> tuple:
    name, _, part = key[0].partition(":")
    return name, bool(part), key[1]


def _cells(pairs: Sequence[Sequence[float]], test: PairedTest | None, corrected) -> list:
    if test is None:
        folds = len(pairs[0])
        if folds == 0:
            return [NOT_MEASURED, *[""] * 6]
        reason = "one fold" if folds == 1 else "no spread"
        return [float(np.subtract(*pairs[::-1]).mean()), *[reason] * 6]
    p_corrected, significant = corrected
    return [
        *(test.difference, test.low, test.high, test.effect_size, test.p, float(p_corrected)),
        "yes" if significant else "no",
    ]


def detectable_effect(folds: int, confidence: float, comparisons: int = 1) -> float:
    """Return the smallest effect size |d_z| that a paired t-test over folds calls significant.

    Parameters
    ----------
    folds : int
        At least 2.
    confidence : float
        One minus the level.
    comparisons : int
        By how many the level is divided, as every correction here does for the smallest p-value.

    Returns
    -------
    float
        The critical t over the square root of the number of folds.
    """
    level = (1 - confidence) / comparisons
    return float(stats.t.isf(level / 2, folds - 1) / math.sqrt(folds))


def limits_of(settings: StatisticsSettings, folds: int, comparisons: int) -> str:
    """Say in words what so many folds can and cannot show.

    Parameters
    ----------
    settings : StatisticsSettings
        The methods compared and the level.
    folds : int
        That both methods were measured in.
    comparisons : int
        In the largest family.

    Returns
    -------
    str
        A paragraph.
    """
    first, second = settings.methods
    if folds < 2:
        return (
            f"One fold has no spread: the differences between {first} and {second} are given, "
            "but nothing can be said of their certainty."
        )
    alone = detectable_effect(folds, settings.confidence)
    among = detectable_effect(folds, settings.confidence, comparisons)
    signed_rank = 2 / 2**folds
    return (
        f"{second} minus {first}, paired over {folds} folds: t-tests with {folds - 1} "
        f"degree{'s' if folds > 2 else ''} of freedom, intervals at {settings.confidence:.0%}, "
        f"p-values corrected by '{settings.correction}' within each metric. A difference must "
        f"exceed {alone:.2f} of its own standard deviations over folds (d_z) to be significant "
        f"alone, and at least {among:.2f} as the only one of {comparisons} compared: smaller "
        "ones may be real and go unseen, so 'no' does not mean 'equal'. A test without the "
        f"assumption of normality (Wilcoxon's) could not go below p = {signed_rank:.2g} here. The "
        "folds share their test images, and their labelled images come from one pool: they are "
        "not independent, and the intervals are narrower than those of new data would be (Nadeau "
        "& Bengio 2003). What the folds vary is the choice of labelled images and the seeds; they "
        "say nothing about other datasets, networks or teachers."
    )
