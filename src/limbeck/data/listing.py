"""A digest of a dataset's files, in which a changed file shows."""

import hashlib
import os

from limbeck.data.image_files import find_images
from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import expand, show
from limbeck.study.datasets import DATASETS
from limbeck.study.settings import DatasetSettings

BUILT_IN, DOWNLOADED = "built in", "downloaded"


def listing(settings: DatasetSettings) -> str:
    """Return a digest of the names, sizes and times of all files that images are read from.

    No file is opened. Times count in whole seconds, which every file system and archive keeps.
    Files that are no images do not count. Files that torchvision may download do not either: they
    are not there before the first run. torchvision compares checksums of all but Fashion-MNIST's,
    whose images are counted.

    Parameters
    ----------
    settings : DatasetSettings
        Which dataset, and where it lies.

    Returns
    -------
    str
        Sixteen hexadecimal digits, or words where there is nothing to look at.

    Raises
    ------
    InputError
        If a file is missing, or the folder is none that can be read.
    """
    declaration = DATASETS[settings.name]
    if not declaration.needs_path:
        return BUILT_IN
    if settings.download:
        return DOWNLOADED
    folder = expand(settings.path, "dataset.path")
    split = settings.test_fraction is not None
    names = declaration.files or find_images(folder, split=split).paths
    state, root = hashlib.sha256(), str(folder)
    for name in names:
        try:
            status = os.stat(f"{root}/{name}")
        except FileNotFoundError:
            remedy = "put it there or set dataset.download: true"
            raise InputError(
                f"{show(folder / name)}: is not there; "
                f"{remedy if declaration.downloads else 'restore it'}"
            ) from None
        except OSError as error:
            raise InputError(f"{show(folder / name)}: cannot be read ({error.strerror})") from None
        state.update(f"{name}\0{status.st_size}\0{int(status.st_mtime)}\0".encode())
    return state.hexdigest()[:16]
