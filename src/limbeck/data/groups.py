"""Superclasses of datasets that come without any."""

from collections.abc import Mapping, Sequence

DIGIT_SHAPES = {
    "round": ("0", "6", "8", "9"),
    "straight": ("1", "4", "7"),
    "curved": ("2", "3", "5"),
}


def superclass_of(groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return class to superclass from superclass to classes."""
    return {name: group for group, names in groups.items() for name in names}
