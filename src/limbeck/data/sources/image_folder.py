"""The user's own images, in folders."""

from collections.abc import Mapping, Sequence

from limbeck.data.decoding import is_grey, read_image
from limbeck.data.facts import Facts
from limbeck.data.image_files import find_images
from limbeck.data.image_folder import count_test, read_image_folder, refuse_hidden_images
from limbeck.data.samples import SourceData
from limbeck.data.superclasses import read_superclasses
from limbeck.runtime.paths import expand
from limbeck.study.settings import DatasetSettings


def read(settings: DatasetSettings, seed: int) -> SourceData:
    """Read the folder; see `read_image_folder`."""
    folder = expand(settings.path, "dataset.path")
    return read_image_folder(folder, seed, settings.test_fraction, settings.image_size)


def superclasses(settings: DatasetSettings, class_names: Sequence[str]) -> Mapping[str, str]:
    """Return the superclass of each class; see `read_superclasses`."""
    return read_superclasses(expand(settings.path, "dataset.path"), class_names)


def facts(settings: DatasetSettings) -> Facts:
    """Return what `read` will give, of names and numbers of files; only the first image is read.

    So the size is that of this image, and damaged ones are not found. Where it is grey, others'
    headers are read until one is of a colour image.
    """
    folder, fraction = expand(settings.path, "dataset.path"), settings.test_fraction
    files = find_images(folder, split=fraction is not None)
    refuse_hidden_images(files)
    names = files.class_names
    counts = {part: [len(paths) for paths in files.parts[part].values()] for part in files.parts}
    if fraction is not None:
        test = [
            count_test(count, name, fraction)
            for count, name in zip(counts["all"], names, strict=True)
        ]
        train = [count - taken for count, taken in zip(counts["all"], test, strict=True)]
        counts = {"train": train, "test": test}
    paths = files.paths
    pixels = read_image(folder / paths[0]).pixels
    grey = pixels.ndim == 2 and all(is_grey(folder / path) for path in paths)
    size = settings.image_size
    return Facts(
        class_names=names,
        train_per_class=counts["train"],
        test_per_class=counts["test"],
        image_shape=(
            *((size, size) if size else pixels.shape[:2]),
            1 if grey else 3,
        ),
        notes=files.notes(),
    )
