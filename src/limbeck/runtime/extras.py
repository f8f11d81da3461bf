"""Optional libraries: which extra brings them, and whether they are there."""

import importlib.util

# Extras of this package and the top-level modules that each brings.
EXTRAS = {
    "gpu": ("torchdr",),
    "ivis": ("ivis", "tensorflow", "tf_keras"),
    "pacmap": ("pacmap",),
    "umap": ("umap",),
}


def missing_requirements(extra: str) -> str | None:
    """Return a clause that says what of an extra is not installed, or None if all is.

    Nothing is imported, so that a dry run can ask.

    Parameters
    ----------
    extra : str
        A key of `EXTRAS`.

    Returns
    -------
    str or None
        For example ``needs ivis and tensorflow, which are not installed: pip install
        'limbeck[ivis]'``.
    """
    missing = [name for name in EXTRAS[extra] if importlib.util.find_spec(name) is None]
    if not missing:
        return None
    names = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
    verb = "is" if len(missing) == 1 else "are"
    return f"needs {names}, which {verb} not installed: pip install 'limbeck[{extra}]'"
