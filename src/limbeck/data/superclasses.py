"""Which superclass each class has: the user's file beside an image folder, and that of a study."""

import csv
import hashlib
import io
import os
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from limbeck.runtime.csv_files import SUPERCLASS_COLUMNS, write_rows
from limbeck.runtime.errors import InputError, suggest
from limbeck.runtime.paths import expand, show
from limbeck.study.datasets import DATASETS
from limbeck.study.settings import DatasetSettings

SUPERCLASS_FILE = "superclasses.csv"


def read_superclasses(folder: Path, class_names: Sequence[str]) -> dict[str, str]:
    """Read the superclass of each class from ``superclasses.csv``.

    Spaces around superclasses do not count, nor do those around classes that are not called so.

    Parameters
    ----------
    folder : Path
        The folder of the dataset.
    class_names : sequence of str
        All classes, in Unicode's normal form C.

    Returns
    -------
    dict of str to str
        Class to superclass, empty without that file.

    Raises
    ------
    InputError
        If the file is not CSV in UTF-8 with the columns ``class,superclass``, a superclass holds a
        carriage return, or a class is missing or has no images.
    """
    path = folder / SUPERCLASS_FILE
    if not os.path.lexists(path):
        return {}
    try:
        text = unicodedata.normalize("NFC", path.read_bytes().decode("utf-8-sig"))
        reader = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
        header, rows = reader.fieldnames, list(reader)
    except UnicodeDecodeError as error:
        raise InputError(f"{show(path)}: not UTF-8 ({error}); save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{show(path)}: cannot be read ({error.strerror})") from None
    except csv.Error as error:
        raise InputError(f"{show(path)}: not a CSV file ({error})") from None
    if "\0" in text:
        raise InputError(f"{show(path)}: not a text file (it holds null characters)")
    if [name.strip() for name in header or ()] != [*SUPERCLASS_COLUMNS]:
        raise InputError(f"{show(path)}: its header is {header}; needs class,superclass")
    superclasses: dict[str, str] = {}
    for row in rows:
        name, superclass = (row[field] or "" for field in header)
        superclass = superclass.strip()
        if name not in class_names and name.strip() in class_names:
            name = name.strip()
        if None in row:
            raise InputError(
                f"{show(path)}: class '{show(name)}' has more than two columns; quote names that "
                "hold commas"
            )
        if name not in class_names:
            hint = suggest(show(name), map(show, class_names))
            raise InputError(f"{show(path)}: class '{show(name)}' has no images; {hint}")
        if not superclass or name in superclasses:
            raise InputError(f"{show(path)}: class '{show(name)}' needs exactly one superclass")
        if "\r" in superclass:
            raise InputError(
                f"{show(path)}: superclass '{show(superclass)}' holds a carriage return; rename it"
            )
        superclasses[name] = superclass
    missing = [show(name) for name in class_names if name not in superclasses]
    if missing:
        raise InputError(
            f"{show(path)}: no superclass for {', '.join(missing)}; add a line for each"
        )
    return superclasses


def superclass_digest(settings: DatasetSettings) -> str:
    """Return a digest of the file of superclasses beside a dataset's images.

    Parameters
    ----------
    settings : DatasetSettings
        Which dataset, and where it lies.

    Returns
    -------
    str
        Sixteen hexadecimal digits, or ``"none"``: superclasses of datasets with files of fixed
        names are part of the code.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    declaration = DATASETS[settings.name]
    if declaration.files or not declaration.needs_path:
        return "none"
    path = expand(settings.path, "dataset.path") / SUPERCLASS_FILE
    if not os.path.lexists(path):
        return "none"
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise InputError(f"{show(path)}: cannot be read ({error.strerror})") from None


def write_superclasses(
    path: str | Path, superclasses: Mapping[str, str], class_names: Sequence[str]
) -> None:
    """Write the superclass of each class as CSV, no rows where there are none.

    Parameters
    ----------
    path : str or Path
        The file to write.
    superclasses : mapping of str to str
        Class to superclass, of all classes or none.
    class_names : sequence of str
        In the order of the labels.
    """
    rows = [(name, superclasses[name]) for name in class_names if superclasses]
    write_rows(path, SUPERCLASS_COLUMNS, rows)
