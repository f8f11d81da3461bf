"""Methods compared on the same test images: intervals by resampling them, McNemar's test.

Tests over folds say what another choice of labelled images would change; these say what other test
images would.
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields

import numpy as np
from scipy.stats import binom
from statsmodels.stats import contingency_tables
from statsmodels.stats.multitest import multipletests

from limbeck.statistics.paired_tests import contrast_of, pairs_of
from limbeck.study.settings import StatisticsSettings

RESAMPLES = 9999


@dataclass(frozen=True)
class ImageTest:
    """Two methods on the same images.

    Attributes
    ----------
    first, second : float
        Their accuracies.
    difference : float
        Second minus first.
    low, high : float
        Interval of the difference, from resampling images.
    only_first, only_second : int
        How many images one of them gets right and the other does not.
    p : float
        Of McNemar's exact test, two-sided.
    p_mid : float
        The same with half of the probability of what was seen, which is less conservative.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    only_first: int
    only_second: int
    p: float
    p_mid: float


def bootstrap_interval(values: np.ndarray, confidence: float, seed: int) -> tuple[float, float]:
    """Return the percentile interval of the mean of one value an image, images resampled.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (n,): whether each image is a hit, for an accuracy; by how much one method's hits
        exceed another's, for a difference; means over folds, for that of the folds.
    confidence : float
        Level of the interval, between 0 and 1.
    seed : int
        Of the resampling.

    Returns
    -------
    low, high : float

    Notes
    -----
    Efron & Tibshirani (1993), Sec. 13.3, with `RESAMPLES` resamples. The mean of a resample depends
    only on how often each different value is drawn, which is multinomial: it is drawn at once, and
    images need not be.
    """
    different, counts = np.unique(values, return_counts=True)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(len(values), counts / len(values), size=RESAMPLES)
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn @ different / len(values), [tail, 1 - tail])
    return float(low), float(high)


def mcnemar(only_first: int, only_second: int) -> tuple[float, float]:
    """Return the p-values of McNemar's test, exact and mid-p.

    Parameters
    ----------
    only_first, only_second : int
        Number of images that only one of two methods gets right.

    Returns
    -------
    p, p_mid : float
        Two-sided; 1 where there are no such images.

    Notes
    -----
    McNemar (1947); Fagerland et al. (2013) recommend the mid-p: without the probability of what was
    seen, or without half of it where it lies in both tails.
    """
    table = [[0, only_first], [only_second, 0]]
    exact = float(contingency_tables.mcnemar(table, exact=True).pvalue)
    seen = float(binom.pmf(only_first, only_first + only_second, 0.5))
    if not only_first + only_second:
        return 1.0, 1.0
    return exact, exact - (seen / 2 if only_first == only_second else seen)


def compare_hits(first: np.ndarray, second: np.ndarray, confidence: float, seed: int) -> ImageTest:
    """Compare two methods' hits on the same images in one budget and fold.

    Parameters
    ----------
    first, second : numpy.ndarray
        Each image's hit, shape (n,), from `limbeck.metrics.classification.hits`; for McNemar's test
        an image whose class shares the largest logit with others is not right.
    confidence : float
        Level of the interval, between 0 and 1.
    seed : int
        Of the resampling.
    """
    differences = second - first
    low, high = bootstrap_interval(differences, confidence, seed)
    only_first = int(np.count_nonzero((first == 1) & (second < 1)))
    only_second = int(np.count_nonzero((second == 1) & (first < 1)))
    p, p_mid = mcnemar(only_first, only_second)
    return ImageTest(
        first=float(first.mean()),
        second=float(second.mean()),
        difference=float(differences.mean()),
        low=low,
        high=high,
        only_first=only_first,
        only_second=only_second,
        p=p,
        p_mid=p_mid,
    )


COLUMNS = (
    *("budget", "fold", "folds", "images", "first_method", "second_method"),
    *(field.name for field in fields(ImageTest)),
    *("p_corrected", "significant"),
)


def compare_accuracies(
    hits: Mapping[tuple[str, int, int], np.ndarray], settings: StatisticsSettings, seed: int
) -> tuple[list[list], str]:
    """Compare accuracies with the first method's in each budget and fold, and over folds.

    Parameters
    ----------
    hits : mapping of (method, budget, fold) to numpy.ndarray
        Each image's hit, shape (n,), the images in the same order everywhere.
    settings : StatisticsSettings
        The methods, the level, the correction.
    seed : int
        Of the resampling.

    Returns
    -------
    cells : list of list
        Rows of a table with the columns `COLUMNS`, for what both methods have been measured in. The
        row of a budget's mean over folds has no ``fold`` and, as its images are the same in all of
        them, no test. The mid-p values are corrected over the table.
    note : str
        What the table shows.
    """
    folds = defaultdict(set)
    for method, budget, fold in hits:
        folds[method, budget].add(fold)
    budgets = sorted({budget for _, budget in folds})
    rows, p_values = [], []
    for budget, (one, other) in itertools.product(budgets, pairs_of(settings)):
        chosen = sorted(folds[one, budget] & folds[other, budget])
        pairs = [[hits[method, budget, fold] for fold in chosen] for method in (one, other)]
        for fold, first, second in zip(chosen, *pairs, strict=True):
            test = compare_hits(first, second, settings.confidence, seed)
            p_values.append(test.p_mid)
            rows.append([budget, fold, 1, len(first), one, other, *astuple(test)])
        if len(chosen) > 1:
            first, second = (np.mean(pair, axis=0) for pair in pairs)
            interval = bootstrap_interval(second - first, settings.confidence, seed)
            means = [float(first.mean()), float(second.mean()), float((second - first).mean())]
            names = [len(first), one, other]
            rows.append([budget, None, len(chosen), *names, *means, *interval])
    if p_values:
        significant, corrected, *_ = multipletests(
            p_values, 1 - settings.confidence, settings.correction
        )
        answers = iter(zip(corrected, significant, strict=True))
        for row in rows:
            if row[1] is not None:
                p, yes = next(answers)
                row += [float(p), "yes" if yes else "no"]
    cells = [[*row, *[None] * (len(COLUMNS) - len(row))] for row in rows]
    return cells, _describe(settings)


def _describe(settings: StatisticsSettings) -> str:
    return (
        f"Accuracies on the same test images. {contrast_of(settings)}. Intervals at "
        f"{100 * settings.confidence:.3g}% are those of {RESAMPLES:,} resamples of the images "
        "(percentile bootstrap, paired): what other test images of the same kind would change, for "
        "the networks as they were trained (of no width where no image differs). p is that of "
        "McNemar's exact test on the images that only one of both gets right, p_mid its mid-p, "
        f"corrected by '{settings.correction}' over the table. What other labelled images and "
        "seeds change is in the tests over folds."
    )
