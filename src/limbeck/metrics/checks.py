"""What metrics refuse, and what they say where there is nothing to measure."""

import numpy as np

from limbeck.runtime.errors import InputError


class NotMeasured(Exception):
    """There is no value here; the message is the reason, a clause that a table can show."""


def require_finite(name: str, values: np.ndarray) -> None:
    """Refuse values that are not numbers, or not finite ones.

    Parameters
    ----------
    name : str
        What the values are; the caller adds where they came from.
    values : numpy.ndarray
        Of any shape.

    Raises
    ------
    InputError
        If any value is NaN or infinite.
    """
    wrong = values.size - np.count_nonzero(np.isfinite(values))
    if wrong:
        raise InputError(f"{name}: {wrong} of {values.size} values are NaN or infinite")


def require_same_shape(name: str, values: np.ndarray, expected: np.ndarray) -> None:
    """Refuse values of another shape than those that they are compared with; see above."""
    if values.shape != expected.shape:
        raise InputError(f"{name}: shape {values.shape}, where {expected.shape} is needed")
