"""The columns of the table of paired tests, for those who read it without SciPy."""

COLUMNS = (
    *("metric", "embedding", "layer", "budget", "first_method", "second_method", "folds"),
    *("difference", "low", "high", "effect_size", "p", "p_corrected", "significant"),
    *("p_corrected_study", "significant_study", "reason"),
)
