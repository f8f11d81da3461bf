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


def images_below(folder: Path, below: str, skipped: list[str]) -> list[str]:
    """Return the paths of all images below a folder, and add those of other files to `skipped`."""
    found: list[str] = []
    above = dict.fromkeys((folder, (folder / below).parent, folder / below))
    waiting = [(below, tuple(map(_identity, above)))]
    while waiting:
        below, above = waiting.pop()
        for entry in entries_of(folder / below):
            path = f"{below}/{entry.name}"
            match kind_of(entry):
                case "image":
                    found.append(path)
                case "folder":
                    identity = _identity(entry.path)
                    if identity in above:
                        raise InputError(
                            f"{show(entry.path)}: a link to a folder that holds it; remove it"
                        )
                    waiting.append((path, (*above, identity)))
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


def _is_image_name(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def _identity(folder: str | Path) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


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
