"""What lies in a folder of images: which of it are folders and images, left behind or refused."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show

IMAGE_SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif"),
}
# Images in formats that are not opened: to pass over them would lose them.
REFUSED_SUFFIXES = {
    *(".heic", ".heif", ".jxl", ".eps", ".ps", ".svg", ".psd", ".tga", ".ico", ".pcx", ".sgi"),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".raw", ".pfm", ".exr", ".hdr", ".dcm"),
}
# Files beside images, which are not looked into.
SIDECAR_SUFFIXES = {".txt", ".json", ".xml", ".csv", ".yaml", ".yml", ".md", ".npy", ".db", ".ini"}
# What macOS, Synology and Windows leave behind.
LEFTOVER_FOLDERS = {"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Reached:
    """Folders and links that were found: no link may lead to what is read already."""

    def __init__(self):
        self._folders: dict[tuple[int, int], Path] = {}
        self._links: dict[tuple[int, int], str] = {}

    def add_folder(self, path: Path) -> None:
        """Add a folder; InputError if it was reached by another path."""
        _refuse_again(path, self._folders.setdefault(_identity(os.stat(path)), path), "folder")

    def add_image(self, image: os.DirEntry) -> None:
        """Add an image.

        Two links to one file elsewhere are two images: stores of files keep equal ones once.
        """
        if image.is_symlink():
            self._links.setdefault(_identity(image.stat()), image.path)

    def refuse_links_within(self) -> None:
        """Raise InputError if a link leads to an image in one of the folders."""
        if not self._links:
            return
        for (device, _), folder in self._folders.items():
            for entry in entries_of(folder):
                link = self._links.get((device, entry.inode()))
                if link and not entry.is_symlink() and kind_of(entry) == "image":
                    _refuse_again(link, entry.path, "image")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _refuse_again(path: str | Path, first: str | Path, kind: str) -> None:
    if path != first:
        raise InputError(
            f"{show(path)}: the same {kind} as {show(first)}, through a link; remove the link"
        )


def images_below(folder: Path, below: str, skipped: list[str], reached: Reached) -> list[str]:
    """Return the paths of all images below a folder, and add those of other files to `skipped`."""
    found: list[str] = []
    waiting = [below]
    while waiting:
        below = waiting.pop()
        reached.add_folder(folder / below)
        for entry in entries_of(folder / below):
            path = f"{below}/{entry.name}"
            match kind_of(entry):
                case "image":
                    reached.add_image(entry)
                    found.append(path)
                case "folder":
                    waiting.append(path)
                case _:
                    skipped.append(path)
    return found


def holds_images(folder: str, others: Sequence[Path]) -> bool:
    """Return whether images lie below a folder, apart from links to others; refuse nothing."""
    seen = {os.path.realpath(other) for other in others}
    for place, folders, files in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(place))
        if any(_is_image_name(name) and not is_leftover(name) for name in files):
            return True
        folders[:] = [
            name
            for name in folders
            if not is_leftover(name) and os.path.realpath(os.path.join(place, name)) not in seen
        ]
    return False


def is_leftover(name: str) -> bool:
    """Return whether a name is that of a hidden file or of what an operating system left."""
    return name.startswith(".") or name in LEFTOVER_FOLDERS


def is_image_file(entry: os.DirEntry) -> bool:
    """Return whether something in a folder is a file with the suffix of an image."""
    return _is_image_name(entry.name) and entry.is_file()


def _is_image_name(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def entries_of(folder: str | Path) -> list[os.DirEntry]:
    """Return what lies in a folder, in any order; an `InputError` where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise InputError(f"{show(folder)}: cannot be read ({error.strerror})") from None


def kind_of(entry: os.DirEntry) -> str:
    """Return ``"folder"``, ``"image"`` or ``"skipped"``; refuse what is neither file nor folder."""
    name = entry.name
    if is_leftover(name):
        return "skipped"
    try:
        is_file = entry.is_file()
        is_folder = not is_file and entry.is_dir()
        mode = 0 if is_file or is_folder else entry.stat().st_mode
    except FileNotFoundError:
        raise InputError(
            f"{show(entry.path)}: a link to {show(os.readlink(entry.path))}, which is not there; "
            "mount or restore it, or remove the link"
        ) from None
    except OSError as error:
        raise InputError(f"{show(entry.path)}: cannot be read ({error.strerror})") from None
    if mode:
        raise InputError(
            f"{show(entry.path)}: {KINDS.get(stat.S_IFMT(mode), 'neither file nor folder')}, not "
            "an image; remove it"
        )
    suffix = os.path.splitext(name)[1].lower()
    if is_file and suffix in REFUSED_SUFFIXES:
        raise InputError(
            f"{show(entry.path)}: images of type {suffix} are not read; convert it to PNG or JPEG, "
            "or remove it"
        )
    if is_file and not _is_image_name(name):
        return "skipped"
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"{show(entry.path)}: its name is not UTF-8; rename it") from None
    if "\r" in name:
        raise InputError(f"{show(entry.path)}: its name holds a carriage return; rename it")
    return "folder" if is_folder else "image"


def has_folders(folder: Path) -> bool:
    """Return whether there is a folder that holds folders, leftovers apart."""
    return folder.is_dir() and any(kind_of(entry) == "folder" for entry in entries_of(folder))
