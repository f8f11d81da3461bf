"""What a folder of somebody's own images holds, and how a study reads it."""

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from limbeck.data.facts import Facts, quick_facts
from limbeck.data.folder_entries import has_folders
from limbeck.data.image_files import find_images
from limbeck.data.image_sizes import count_sizes
from limbeck.runtime.paths import show_all
from limbeck.study.settings import DatasetSettings

# Sides in pixels: training from scratch takes minutes of the first, finished networks take more.
TRAINED_SIDE, FINISHED_SIDE, LEAST_SIDE = 32, 224, 8
AREA_IMAGES = 30  # of a class, below which areas are too uncertain to be compared


@dataclass(frozen=True)
class Folder:
    """A folder of images, as a study reads it.

    Attributes
    ----------
    settings : dict
        ``dataset`` of the config.
    facts : Facts
        Classes and numbers of images with these settings.
    sizes : Counter
        Height and width to the number of images.
    """

    settings: Mapping
    facts: Facts
    sizes: Counter[tuple[int, int]]

    def describe(self) -> str:
        """Return what there is, in one line."""
        facts = self.facts
        count = sum(facts.train_per_class) + sum(facts.test_per_class)
        low, high = min(self.sizes), max(self.sizes)
        sizes = f"{low[0]} × {low[1]}" + (f" to {high[0]} × {high[1]}" if low != high else "")
        side = self.settings.get("image_size")
        return (
            f"{count} images of {len(facts.class_names)} classes ({show_all(facts.class_names)}), "
            f"{sum(facts.test_per_class)} of them test images; {sizes} pixels"
            + (f", resized to {side} × {side}" if side else "")
        )


def look_at(path: Path, most: int) -> Folder:
    """Look at a folder of images.

    Parameters
    ----------
    path : Path
        Holds ``train/<class>`` and ``test/<class>``, or ``<class>``.
    most : int
        Side of the largest squares that images may become.

    Raises
    ------
    InputError
        If it is no folder of images in classes.
    """
    has_test = all(has_folders(path / part) for part in ("train", "test"))
    files = find_images(path, split=not has_test)
    settings: dict = {"name": "image_folder", "path": os.path.abspath(path)}
    if not has_test:
        settings["test_fraction"] = choose_test_fraction(min(map(len, files.parts["all"].values())))
    sizes = count_sizes(path / image for image in files.paths)
    return _with_side(settings, sizes, most)


def look_closer(folder: Folder, most: int) -> Folder:
    """Return the folder of images that may be larger than when it was looked at."""
    settings = {key: value for key, value in folder.settings.items() if key != "image_size"}
    return _with_side(settings, folder.sizes, most)


def _with_side(settings: dict, sizes: Counter[tuple[int, int]], most: int) -> Folder:
    side = choose_side(sizes, most)
    if side is not None:
        settings["image_size"] = side
    return Folder(settings, quick_facts(DatasetSettings(**settings)), sizes)


def choose_test_fraction(smallest: int) -> float:
    """Return the part of each class to test on: a fifth, more where classes are small, or half."""
    return min(max(0.2, round(AREA_IMAGES / smallest + 0.005, 2)), 0.5)


def choose_side(sizes: Counter[tuple[int, int]], most: int) -> int | None:
    """Return the side of the squares that images become, or None if they can stay as they are.

    It is the median of the shorter sides, within `LEAST_SIDE` and `most`.
    """
    if len(sizes) == 1 and min(*sizes) >= LEAST_SIDE and max(max(size) for size in sizes) <= most:
        return None
    middle = int(median(min(size) for size in sizes.elements()))
    return min(max(middle, LEAST_SIDE), most)


def study_name(path: Path) -> str:
    """Return the name of a folder as one that a study may have."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", os.path.basename(os.path.abspath(path))).strip("-")
    return name[:100] or "images"
