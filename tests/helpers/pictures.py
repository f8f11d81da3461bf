"""Folders of small images, and what becomes of them."""

from pathlib import Path

import pytest
from PIL import Image

from limbeck.data.dataset import Dataset
from limbeck.data.samples import Samples
from limbeck.runtime.errors import InputError
from limbeck.stages.prepare_dataset import prepare_dataset
from limbeck.stages.prepare_superclasses import prepare_superclasses
from limbeck.study.settings import DatasetSettings

RED, GREEN, GREY = (250, 10, 20), (5, 200, 30), (90, 90, 90)


def save(path, colour, size=(6, 4), mode="RGB", **options):
    """Write an image of one colour, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)


def write_folder(folder: Path) -> Path:
    """Write a valid folder: two classes, four formats, colour and grey, 6 x 4 pixels."""
    save(folder / "train" / "bee" / "1.bmp", RED)
    save(folder / "train" / "ant" / "b.png", RED)
    save(folder / "train" / "ant" / "a.webp", GREEN, lossless=True)
    save(folder / "train" / "ant" / "c.x.png", 90, mode="L")
    save(folder / "test" / "ant" / "d.jpeg", GREEN, quality=100)
    save(folder / "test" / "bee" / "e.PNG", (*RED, 255), mode="RGBA")
    return folder


def settings_of(name, path=None, **changes) -> DatasetSettings:
    """Return settings of a dataset, without download, split and resizing unless changed."""
    values = {"download": False, "test_fraction": None, "image_size": None, **changes}
    return DatasetSettings(name=name, path=path and str(path), **values)


def prepare(name, folder, path=None, seed=0, **changes) -> Dataset:
    """Prepare a dataset and its superclasses in `folder`/stores and open both."""
    store, settings = folder / "stores" / "dataset.zarr", settings_of(name, path, **changes)
    prepare_dataset(settings, seed, store)
    superclasses = store.with_name("superclasses.csv")
    prepare_superclasses(settings, store, superclasses)
    return Dataset(store, superclasses)


def error_of(name, folder, path=None, **changes) -> str:
    """Return the one line of a bad dataset, which leaves no store behind."""
    (folder / "stores").mkdir()
    with pytest.raises(InputError) as caught:
        prepare(name, folder, path, **changes)
    assert list((folder / "stores").iterdir()) == []
    assert str(caught.value).isprintable()
    return str(caught.value)


def samples_of(dataset: Dataset, part: str) -> Samples:
    """Read the images, labels and sample ids of ``"train"`` or ``"test"``."""
    return Samples(*(dataset.array(part, name) for name in ("images", "labels", "sample_ids")))
