"""Datasets that lie as images in folders."""

import csv
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from limbeck.data.samples import Samples, SourceData
from limbeck.runtime.errors import InputError, suggest

SUPERCLASS_FILE = "superclasses.csv"


def read_image_folder(folder: Path) -> SourceData:
    """Read ``train/<class>/*`` and ``test/<class>/*``, in any format that Pillow reads.

    Images become RGB, or stay grey where all are grey, with 8 bits. Hidden files and folders
    are passed over. The sample id is the path below `folder` without its suffix.

    Parameters
    ----------
    folder : Path
        Holds ``train``, ``test`` and, if there are superclasses, ``superclasses.csv`` with the
        columns ``class,superclass``.

    Returns
    -------
    SourceData
        Classes in alphabetical order.

    Raises
    ------
    InputError
        For a missing folder, an empty class, a class that only one of the two parts has, an image
        that cannot be read or has another size, or a superclass file that misses or invents a
        class. It names the file and the remedy.
    """
    class_names = _class_names(folder / "train")
    test_names = _class_names(folder / "test")
    for name in sorted(set(test_names) ^ set(class_names)):
        has, lacks = ("test", "train") if name in test_names else ("train", "test")
        raise InputError(
            f"{folder / has / name}: {lacks} has no class '{name}'; add it there or remove it here"
        )
    superclasses = _read_superclasses(folder / SUPERCLASS_FILE, class_names)
    files = {part: _list_files(folder / part, class_names) for part in ("train", "test")}
    first = _read_image(files["train"][0][0])
    parts = {}
    with ThreadPoolExecutor() as pool:
        for part, entries in files.items():
            images = list(pool.map(_read_image, (path for path, _ in entries)))
            for image, (path, _) in zip(images, entries, strict=True):
                if image.shape[:2] != first.shape[:2]:
                    size = " x ".join(map(str, image.shape[1::-1]))
                    expected = " x ".join(map(str, first.shape[1::-1]))
                    raise InputError(
                        f"{path}: is {size} pixels, {files['train'][0][0].name} is {expected}; "
                        "resize all images to one size"
                    )
            ids = [path.relative_to(folder).with_suffix("").as_posix() for path, _ in entries]
            labels = np.array([label for _, label in entries])
            parts[part] = (images, labels, np.array(ids, dtype=np.dtypes.StringDType()))
    colour = any(image.shape[2] == 3 for images, _, _ in parts.values() for image in images)
    samples = {
        part: Samples(_stack(images, 3 if colour else 1), labels, ids)
        for part, (images, labels, ids) in parts.items()
    }
    return SourceData(**samples, class_names=class_names, superclasses=superclasses)


def _class_names(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected {folder.name}/<class>/<image>")
    names = sorted(path.name for path in _visible(folder) if path.is_dir())
    if not names:
        raise InputError(f"{folder}: has no class folders; expected {folder.name}/<class>/<image>")
    return names


def _list_files(folder: Path, class_names: Sequence[str]) -> list[tuple[Path, int]]:
    entries = []
    for label, name in enumerate(class_names):
        paths = sorted(_visible(folder / name))
        if not paths:
            raise InputError(
                f"{folder / name}: the class is empty; add images or remove the folder"
            )
        first_of: dict[str, Path] = {}
        for path in paths:
            if first_of.setdefault(path.stem, path) is not path:
                raise InputError(
                    f"{path}: has the name of {first_of[path.stem].name} but for its suffix, which "
                    "is no part of the sample id; rename one of them"
                )
        entries += [(path, label) for path in paths]
    return entries


def _visible(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def _read_image(path: Path) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.mode.startswith("I;16"):
                return (np.asarray(image) >> 8).astype(np.uint8)[..., None]
            grey = image.mode in ("1", "L")
            array = np.asarray(image.convert("L" if grey else "RGB"))
    except UnidentifiedImageError:
        raise InputError(f"{path}: not an image that Pillow can read; remove it") from None
    except Image.DecompressionBombError as error:
        raise InputError(f"{path}: claims a size that no image has ({error}); replace it") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path}: corrupt or truncated ({error}); replace it") from None
    return array[..., None] if grey else array


def _stack(images: Sequence[np.ndarray], channels: int) -> np.ndarray:
    stacked = np.empty((len(images), *images[0].shape[:2], channels), np.uint8)
    for row, image in zip(stacked, images, strict=True):
        row[...] = image
    return stacked


def _read_superclasses(path: Path, class_names: Sequence[str]) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error}); save it as UTF-8") from None
    reader = csv.DictReader(io.StringIO(text))
    if reader.fieldnames != ["class", "superclass"]:
        raise InputError(f"{path}: its header is {reader.fieldnames}; needs class,superclass")
    rows = list(reader)
    superclasses: dict[str, str] = {}
    for row in rows:
        name, superclass = row["class"], row["superclass"]
        if name not in class_names:
            raise InputError(f"{path}: class '{name}' has no images; {suggest(name, class_names)}")
        if not superclass or name in superclasses:
            raise InputError(f"{path}: class '{name}' needs exactly one superclass")
        superclasses[name] = superclass
    missing = [name for name in class_names if name not in superclasses]
    if missing:
        raise InputError(f"{path}: no superclass for {', '.join(missing)}; add a line for each")
    return superclasses
