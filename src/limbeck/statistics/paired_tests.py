"""Methods compared on the same folds: difference, interval and, from five folds on, p-value."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import product

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from limbeck.statistics.columns import COLUMNS
from limbeck.statistics.fold_summaries import COLLAPSED, NOT_MEASURED
from limbeck.statistics.power import describe_power
from limbeck.study.metric_rows import find_metric
from limbeck.study.settings import LEAST_FOLDS, StatisticsSettings
from limbeck.study.titles import method_title

ROUNDING = 1e-9


@dataclass(frozen=True)
class PairedTest:
    """A paired t-test over folds.

    Attributes
    ----------
    difference : float
        Mean over folds of the second method minus the first.
    low, high : float
        Confidence interval of the difference.
    effect_size : float or None
        Cohen's d_z: the mean difference over its sample standard deviation; None below
        `LEAST_FOLDS` folds.
    p : float or None
        Two-sided; None likewise.
    """

    difference: float
    low: float
    high: float
    effect_size: float | None
    p: float | None


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
        None where there is no spread: fewer than two folds, or differences that are equal but for
        rounding.

    Notes
    -----
    Differences are equal if they lie within `ROUNDING` of the largest value. Metrics are sums over
    images in float64, whose rounding is below 1e-12 of a value at ten thousand images, and the
    smallest step of an accuracy there is 1e-4: 1e-9 is far from both.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    differences = second - first
    scale = np.abs([first, second]).max(initial=0)
    if len(differences) < 2 or np.ptp(differences) <= ROUNDING * scale:
        return None
    test = stats.ttest_rel(second, first)
    interval = test.confidence_interval(confidence)
    mean = differences.mean()
    tested = len(differences) >= LEAST_FOLDS
    return PairedTest(
        difference=float(mean),
        low=float(interval.low),
        high=float(interval.high),
        effect_size=float(mean / differences.std(ddof=1)) if tested else None,
        p=float(test.pvalue) if tested else None,
    )


def compare_methods(
    rows: Sequence[Mapping[str, str]], settings: StatisticsSettings
) -> tuple[list[list], str]:
    """Test methods against the first of them by each metric, embedding, layer and budget.

    The p-values are corrected twice: within families, the budgets, layers, methods and parts
    (superclasses, say) of one metric, its mean over the parts apart from them, in one embedding;
    and over all p-values of the study.

    Parameters
    ----------
    rows : sequence of mapping
        The tidy table of the study, values as text.
    settings : StatisticsSettings
        Which methods and metrics, the level, the correction. Where an embedding collapsed in a fold
        of either method there is no p-value: its points say nothing of the layer, and the folds
        that are left are no fair choice.

    Returns
    -------
    cells : list of list
        Rows of a table with the columns `COLUMNS`: second minus first method, in the units of the
        metrics. What there is no value of is None, and ``reason`` says why.
    note : str
        What the folds can and cannot show.
    """
    pairs, tests, uncertain, lost = {}, {}, set(), {}
    collapsed = _collapsed_places(rows)
    for place, methods in _collect_values(rows, settings).items():
        for names in pairs_of(settings):
            # A method shares all neighbours with itself.
            if place[0].partition(":")[2] in names and find_metric(place[0]).parts == "method":
                continue
            first, second = (methods.get(method, {}) for method in names)
            common = first.keys() & second.keys()
            folds = sorted(fold for fold in common if None not in (first[fold], second[fold]))
            key = (*place, *names)
            pairs[key] = [[method[fold] for fold in folds] for method in (first, second)]
            tests[key] = paired_test(*pairs[key], settings.confidence)
            if len(folds) < len(common):
                lost[key] = f"{len(common) - len(folds)} of {len(common)} folds {NOT_MEASURED}"
            if tests[key] and {(*place[1:], *run) for run in product(names, common)} & collapsed:
                tests[key] = replace(tests[key], effect_size=None, p=None)
                uncertain.add(key)
    p_values = {key: test.p for key, test in tests.items() if test and test.p is not None}
    families = defaultdict(dict)
    for key, p in p_values.items():
        families[_family(key)][key] = p
    within = _correct(families.values(), settings)
    over_all = _correct([p_values], settings)
    first_seen = [list(dict.fromkeys(names)) for names in zip(*tests, strict=True)]
    cells = []
    for key in sorted(tests, key=lambda key: [*map(list.index, first_seen, key)]):
        corrections = [*within.get(key, ()), *over_all.get(key, ())]
        untested = COLLAPSED if key in uncertain else f"fewer than {LEAST_FOLDS} folds"
        *found, reason = _cells(*pairs[key], tests[key], corrections, untested)
        if pairs[key][0]:
            reason = "; ".join(filter(None, [reason, lost.get(key)]))
        cells.append([*key, len(pairs[key][0]), *found, reason])
    folds = [len(first) for first, _ in pairs.values() if first]
    tested = [len(pairs[key][0]) for key in p_values]
    return cells, limits_of(settings, folds, tested, max(map(len, families.values()), default=0))


def pairs_of(settings: StatisticsSettings) -> list[tuple[str, str]]:
    """Return the first of the methods beside each of the others."""
    first, *others = settings.methods
    return [(first, other) for other in others]


def contrast_of(settings: StatisticsSettings) -> str:
    """Return what is compared with what, as the beginning of a sentence."""
    first, *others = map(method_title, settings.methods)
    return f"{others[0]} minus {first}" if len(others) == 1 else f"Each other method minus {first}"


def _correct(
    families: Iterable[Mapping[Hashable, float]], settings: StatisticsSettings
) -> dict[Hashable, tuple[float, str]]:
    """Return each key's p-value, corrected in its family, and whether it is significant."""
    corrected = {}
    for family in filter(None, families):
        significant, p_values, *_ = multipletests(
            list(family.values()), 1 - settings.confidence, settings.correction
        )
        for key, p, yes in zip(family, p_values, significant, strict=True):
            corrected[key] = (float(p), "yes" if yes else "no")
    return corrected


def _collect_values(rows: Sequence[Mapping[str, str]], settings: StatisticsSettings) -> Mapping:
    """Values by (metric, embedding, layer, budget), then by method and fold, as in the table.

    None stands for what has no value; places where no method has one are left out.
    """
    values: dict[tuple, dict[str, dict[str, float | None]]] = {}
    for row in rows:
        tested = row["metric"].partition(":")[0] in settings.metrics
        if tested and row["method"] in settings.methods:
            key = (row["metric"], row["embedding"], row["layer"], row["budget"])
            folds = values.setdefault(key, {}).setdefault(row["method"], {})
            folds[row["fold"]] = float(row["value"]) if row["value"] else None
    return {
        key: methods
        for key, methods in values.items()
        if any(value is not None for folds in methods.values() for value in folds.values())
    }


def _collapsed_places(rows: Sequence[Mapping[str, str]]) -> set[tuple]:
    """Return (embedding, layer, budget, method, fold) of all embeddings that collapsed."""
    return {
        (row["embedding"], row["layer"], row["budget"], row["method"], row["fold"])
        for row in rows
        if row["metric"] == "collapsed" and row["value"] and float(row["value"])
    }


def _family(key: tuple[str, ...]) -> tuple:
    name, _, part = key[0].partition(":")
    return name, bool(part), key[1]


def _cells(
    first: Sequence[float],
    second: Sequence[float],
    test: PairedTest | None,
    corrections: Sequence,
    untested: str,
) -> list:
    """Return the cells from ``difference`` on: what came of it, and why there is no more."""
    known, reason = [], ""
    if not first:
        reason = NOT_MEASURED
    elif test is None:
        known = [float(np.subtract(second, first).mean())]
        reason = "one fold" if len(first) == 1 else "no spread"
    elif test.p is None:
        known = [test.difference, test.low, test.high]
        reason = untested
    else:
        known = [*astuple(test), *corrections]
    gaps = COLUMNS.index("reason") - COLUMNS.index("difference") - len(known)
    return [*known, *[None] * gaps, reason]


def limits_of(
    settings: StatisticsSettings, folds: Sequence[int], tested: Sequence[int], in_metric: int
) -> str:
    """Say in words what so many folds can and cannot show.

    Parameters
    ----------
    settings : StatisticsSettings
        The methods compared and the level.
    folds : sequence of int
        How many both methods were measured in, for each difference that there is.
    tested : sequence of int
        Likewise, for each p-value of the study.
    in_metric : int
        Number of p-values in the largest family.

    Returns
    -------
    str
        A paragraph.
    """
    contrast = contrast_of(settings)
    if not folds:
        return f"{contrast}. None of the chosen metrics was measured of both in the same fold."
    least, most = min(folds), max(folds)
    if most < 2:
        return (
            f"{contrast}. One fold has no spread: the differences are given, but nothing can be "
            "said of their certainty."
        )
    paired, freedom = f"{least} to {most}", "one degree of freedom less than folds"
    if least == most:
        paired, freedom = f"{most}", f"{most - 1} degree{'s' if most > 2 else ''} of freedom"
    intervals = (
        f"{contrast}, paired over {paired} folds, with intervals at "
        f"{100 * settings.confidence:.3g}% from Student's t with {freedom}."
    )
    dependence = (
        "The folds share their test images, and their labelled images come from one pool: they are "
        "not independent, and the intervals are narrower than those of new data would be (Nadeau "
        "& Bengio 2003). What the folds vary is the choice of labelled images and the seeds; they "
        "say nothing about other datasets, networks or teachers."
    )
    if most < LEAST_FOLDS:
        return f"{intervals} No test is made of fewer than {LEAST_FOLDS} folds. {dependence}"
    if not tested:
        return f"{intervals} Nothing could be tested; 'reason' says why. {dependence}"
    usual = max(set(tested), key=lambda count: (tested.count(count), count))
    level = 1 - settings.confidence
    return (
        f"{intervals} p-values of paired t-tests, corrected by '{settings.correction}' within each "
        "metric of one embedding, its parts apart from its mean ('p_corrected'), and over all "
        "tests of the study ('p_corrected_study'). "
        f"{describe_power(usual, level, in_metric, len(tested), settings.correction)} "
        "Smaller differences may be real and go unseen, so 'no' does not mean 'equal'. A test "
        "without the assumption of normality (Wilcoxon's) could not go below "
        f"p = {2 / 2**usual:.2g} with {usual} folds. {dependence}"
    )
