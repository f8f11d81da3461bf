"""Datasets that lie as images in folders."""

import hashlib
import itertools
import logging
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from limbeck.data.decoding import DecodedImage, is_image, read_image
from limbeck.data.image_files import ImageFiles, find_images, sample_id
from limbeck.data.samples import Samples, SourceData
from limbeck.runtime.errors import InputError
from limbeck.runtime.memory import memory_bytes
from limbeck.runtime.paths import show
from limbeck.runtime.threads import available_threads

LOGGER = logging.getLogger(__name__)
NAMED = 20  # images that cannot be used, of one folder
T = TypeVar("T")


class OtherSizeError(InputError):
    """An image is not as large as the first, so that all others may be too."""


def read_image_folder(
    folder: Path, seed: int, test_fraction: float | None = None, image_size: int | None = None
) -> SourceData:
    """Read the images of a folder; see `find_images` and `read_image` for what it may hold.

    Images become RGB, or stay grey where all are grey, with 8 bits. The sample id is the path below
    `folder` without its suffix.

    Parameters
    ----------
    folder : Path
        Holds the images.
    seed : int
        Chooses the test images; see `choose_test`.
    test_fraction : float, optional
        The part of each class that becomes test images, in a folder that has none.
    image_size : int, optional
        One side of the squares that the images are resized to; all have one size without it.

    Returns
    -------
    SourceData
        Classes in the order of `find_images`.

    Raises
    ------
    InputError
        For a folder or an image that these functions refuse, or images of several sizes without
        `image_size`. It names the file and the remedy.
    """
    files = find_images(folder, split=test_fraction is not None)
    refuse_hidden_images(files)
    for note in files.notes():
        LOGGER.info(note)
    parts = files.parts
    if test_fraction is not None:
        divided = {
            name: choose_test(paths, name, test_fraction, seed)
            for name, paths in parts["all"].items()
        }
        parts = {
            part: {name: both[number] for name, both in divided.items()}
            for number, part in enumerate(("train", "test"))
        }
    paths = {part: list(itertools.chain(*parts[part].values())) for part in ("train", "test")}
    images = _read_images(folder, [*paths["train"], *paths["test"]], image_size)
    train, test = np.split(images, [len(paths["train"])])
    return SourceData(
        train=_label(train, parts["train"]),
        test=_label(test, parts["test"]),
        class_names=files.class_names,
    )


def choose_test(
    paths: Sequence[str], name: str, fraction: float, seed: int
) -> tuple[list[str], list[str]]:
    """Choose the test images of one class.

    Each image has a place that follows from the seed and its sample id, and the first in this order
    are test images. So an image that is added or removed moves at most one other.

    Parameters
    ----------
    paths : sequence of str
        All images of the class, below the dataset's folder.
    name : str
        The class, for the message.
    fraction : float
        The part to choose, between 0 and 1.
    seed : int
        The study's seed.

    Returns
    -------
    train, test : list of str
        In the order of `paths`.

    Raises
    ------
    InputError
        If the class has only one image.
    """
    count = count_test(len(paths), name, fraction)

    def place(path: str) -> bytes:
        return hashlib.sha256(f"{seed}/{sample_id(path)}".encode()).digest()

    chosen = set(sorted(paths, key=place)[:count])
    return [p for p in paths if p not in chosen], [p for p in paths if p in chosen]


def count_test(images: int, name: str, fraction: float) -> int:
    """Return the number of a class's test images: at least one, and not all."""
    if images < 2:
        raise InputError(
            f"dataset.test_fraction = {fraction}: class '{show(name)}' has only one image; "
            "needed are two, one to train and one to test"
        )
    return min(max(round(images * fraction), 1), images - 1)


def _label(images: np.ndarray, classes: Mapping[str, Sequence[str]]) -> Samples:
    labels = np.repeat(np.arange(len(classes)), [len(paths) for paths in classes.values()])
    ids = [sample_id(path) for path in itertools.chain(*classes.values())]
    return Samples(images, labels, np.array(ids, dtype=np.dtypes.StringDType()))


def refuse_hidden_images(files: ImageFiles) -> None:
    """Raise InputError for images among the skipped files: their names lack a suffix."""
    for path in files.doubtful:
        if is_image(files.folder / path):
            raise InputError(
                f"{show(files.folder / path)}: an image whose name does not end like one; rename "
                "it, for example to .png, or remove it"
            )


def shape_of(first: Path, size: int | None) -> tuple[int, int]:
    """Return height and width of all images, in pixels: those of the first, or `size`."""
    return (size, size) if size else read_image(first).pixels.shape[:2]


def read_alike(path: Path, size: int | None, shape: tuple[int, int], first: str) -> DecodedImage:
    """Read an image of the shape of the first; InputError if it has another."""
    image = read_image(path, size)
    refuse_other_size(path, image.pixels.shape[:2], shape, first)
    return image


def refuse_other_size(
    path: Path, size: tuple[int, int], shape: tuple[int, int], first: str
) -> None:
    """Raise OtherSizeError if height and width of an image are not those of the first."""
    if size != shape:
        found, expected = (" x ".join(map(str, each[::-1])) for each in (size, shape))
        raise OtherSizeError(
            f"{show(path)}: is {found} pixels, {show(os.path.basename(first))} is {expected}; set "
            f"dataset.image_size, to which all are resized, for example {min(shape)}"
        )


def read_each(read: Callable[[T], tuple], images: Iterable[T]) -> list[tuple]:
    """Return what is read of each image, several at a time.

    Raises
    ------
    InputError
        A line for each that is damaged, up to `NAMED`; of other sizes for the first alone.
    """

    def attempt(image: T) -> tuple | InputError:
        try:
            return read(image)
        except OtherSizeError:
            raise
        except InputError as error:
            return error

    with warnings.catch_warnings(), ThreadPoolExecutor(available_threads()) as pool:
        warnings.simplefilter("ignore")  # Pillow's, of large images and damaged EXIF data.
        found = list(pool.map(attempt, images))
    lines = [str(each) for each in found if isinstance(each, InputError)]
    if len(lines) > NAMED:
        lines[NAMED:] = [f"and {len(lines) - NAMED} more images that cannot be used"]
    if lines:
        raise InputError("\n".join(lines))
    return found


def _read_images(folder: Path, paths: Sequence[str], size: int | None) -> np.ndarray:
    """Return all images, shape (n, height, width, channels), in the order of the paths."""
    shape = shape_of(folder / paths[0], size)
    refuse_beyond_memory(len(paths), *shape)
    images = np.empty((len(paths), *shape, 3), np.uint8)

    def read_into(row: int) -> tuple[bool, bool, bool]:
        image = read_alike(folder / paths[row], size, shape, paths[0])
        colour = image.pixels.ndim == 3
        images[row] = image.pixels if colour else image.pixels[..., None]
        return colour, image.frames, image.transparent

    kinds = np.array(read_each(read_into, range(len(paths))))
    colour, frames, transparent = kinds.sum(axis=0)
    if frames:
        LOGGER.info(f"{show(folder)}: files of several images, of each the first is used: {frames}")
    if transparent:
        LOGGER.info(f"{show(folder)}: transparent images, shown on white: {transparent}")
    return images if colour else np.ascontiguousarray(images[..., :1])


def refuse_beyond_memory(count: int, height: int, width: int) -> None:
    """Raise InputError if images of this size do not fit into the machine's memory."""
    needed = count * height * width * 3
    there = memory_bytes()
    if needed > there:
        raise InputError(
            f"{count} images of {width} x {height} pixels need {needed / 1e9:.0f} GB of memory, "
            f"there are {there / 1e9:.0f}; use a smaller dataset.image_size"
        )
