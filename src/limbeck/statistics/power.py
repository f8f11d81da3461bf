"""Power of a paired t-test over so many folds."""

import math

from scipy import integrate, optimize, special, stats

POWER = 0.8


def significant_effect(folds: int, level: float) -> float:
    """Return the smallest effect size |d_z| that a paired t-test over folds calls significant.

    Parameters
    ----------
    folds : int
        At least 2.
    level : float
        Of significance; `strictest_level` is what a correction asks of the smallest p-value.

    Returns
    -------
    float
        The critical t over the square root of the number of folds.
    """
    return float(stats.t.isf(level / 2, folds - 1) / math.sqrt(folds))


def strictest_level(level: float, count: int, correction: str) -> float:
    """Return what a correction for so many p-values asks of the smallest one.

    All divide by their number; Benjamini and Yekutieli's (2001), ``fdr_by``, also by
    1 + 1/2 + ... + 1/count.
    """
    harmonic = sum(1 / rank for rank in range(1, count + 1)) if correction == "fdr_by" else 1
    return level / (count * harmonic)


def power_of(effect_size: float, folds: int, level: float) -> float:
    """Return the power of a paired t-test over folds for an effect of this size.

    Parameters
    ----------
    effect_size : float
        d_z: the mean difference over its standard deviation, at least 0.
    folds : int
        At least 2.
    level : float
        Of significance; see `significant_effect`.

    Notes
    -----
    The difference's measured deviation is the true one times the root of a chi-squared number over
    its degrees of freedom. For each value of it the test is one of a normal mean; these are
    averaged by numerical integration. SciPy's noncentral t distribution, and with it statsmodels'
    power, is NaN for many of the effects that a corrected level asks for.
    """
    freedom = folds - 1
    critical = stats.t.isf(level / 2, freedom)

    def found(deviation: float) -> float:
        reach, shift = critical * deviation / math.sqrt(freedom), effect_size * math.sqrt(folds)
        tails = special.ndtr(shift - reach) + special.ndtr(-shift - reach)
        return stats.chi.pdf(deviation, freedom) * tails

    # In two parts, since the peak between them is too narrow to be found among many folds.
    peak = math.sqrt(freedom)
    return float(integrate.quad(found, 0, peak)[0] + integrate.quad(found, peak, math.inf)[0])


def detectable_effect(folds: int, level: float) -> float:
    """Return the effect size d_z that a paired t-test over folds finds in 80 % of studies.

    Parameters
    ----------
    folds : int
        At least 2.
    level : float
        Of significance; see `significant_effect`.
    """
    least = significant_effect(folds, level)
    return float(optimize.brentq(lambda size: power_of(size, folds, level) - POWER, 0, 10 * least))


def describe_power(folds: int, level: float, in_metric: int, in_study: int, correction: str) -> str:
    """Say in words what differences so many folds are able to see.

    Parameters
    ----------
    folds : int
        At least 2.
    level : float
        Of significance, before correction.
    in_metric, in_study : int
        Number of p-values in a metric and in the study.
    correction : str
        For them, see `strictest_level`.

    Returns
    -------
    str
        Two sentences.
    """
    alone, metric, study = (
        (significant_effect(folds, asked), detectable_effect(folds, asked))
        for asked in (
            strictest_level(level, count, correction) for count in (1, in_metric, in_study)
        )
    )
    return (
        f"A difference of {alone[1]:.1f} of its own standard deviations over folds (d_z) would be "
        f"found by {folds} folds in {POWER:.0%} of studies as the only one tested, one of "
        f"{metric[1]:.1f} as the only one among the {in_metric} of a metric, and of {study[1]:.1f} "
        f"among all {in_study} of the study. Measured differences are significant from d_z = "
        f"{alone[0]:.2f}, {metric[0]:.2f} and {study[0]:.2f} on."
    )
