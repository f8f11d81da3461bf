"""Images that came into a folder since a dataset's store was made of it."""

import os
from pathlib import Path

from limbeck.data.image_files import find_images, sample_id
from limbeck.data.image_folder import (
    read_alike,
    read_each,
    refuse_beyond_memory,
    refuse_other_size,
    shape_of,
)
from limbeck.data.image_sizes import read_size
from limbeck.runtime.paths import expand
from limbeck.runtime.storage import open_store
from limbeck.study.settings import DatasetSettings


def refuse_new_images(settings: DatasetSettings, store: str | Path) -> None:
    """Read the images that came since the store was made, as the job that makes it anew will.

    Snakemake deletes the store before that job. If it fails, all that hangs on the store is made
    again after the next. A file that was put there since is read even if it keeps an older date. Of
    the other images the headers are read where the store's were resized and these will not be.

    Parameters
    ----------
    settings : DatasetSettings
        Where the folder lies, and how it is read.
    store : str or Path
        The dataset's store.

    Raises
    ------
    InputError
        If some of them cannot be used, or all do not fit into the memory; it names the files and
        the remedies.
    """
    folder = expand(settings.path, "dataset.path")
    made, arrays = os.stat(os.path.join(store, "zarr.json")).st_mtime, open_store(store)
    known = {name for part in ("train", "test") for name in arrays[f"{part}/sample_ids"][:]}
    paths = find_images(folder, split=settings.test_fraction is not None).paths
    new = {p for p in paths if sample_id(p) not in known or _changed(folder / p) > made}
    first = next((path for path in paths if path not in new), paths[0])
    size = settings.image_size
    shape = shape_of(folder / first, size)
    refuse_beyond_memory(len(paths), *shape)
    read_each(lambda path: read_alike(folder / path, size, shape, first).pixels.shape, sorted(new))
    if size is None and arrays.attrs.get("source", {}).get("image_size") is not None:
        old = [folder / path for path in paths if path not in new]
        read_each(lambda path: _read_size_alike(path, shape, first), old)


def _read_size_alike(path: Path, shape: tuple[int, int], first: str) -> tuple[int, int]:
    size = read_size(path)
    refuse_other_size(path, size, shape, first)
    return size


def _changed(path: Path) -> float:
    status = os.stat(path)
    return max(status.st_mtime, status.st_ctime)
