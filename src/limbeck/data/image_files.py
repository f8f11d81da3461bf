"""The images of an image folder and their classes, from file names alone."""

import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show, show_all

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
# Names of folders that divide a dataset, in lower case.
PART_NAMES = {"train", "training", "test", "testing", "val", "valid", "validation"}
KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class ImageFiles:
    """The images of a folder.

    Attributes
    ----------
    folder : Path
        Paths are relative to it.
    parts : mapping
        ``"train"`` and ``"test"``, or ``"all"`` where the test images are still to be chosen;
        then the class names, in the order of the names that their folders of training images have
        on disk, as in torchvision's ``ImageFolder``; then sorted paths.
    skipped : tuple of str
        Paths of files and leftover folders that are not images.
    roots : tuple of str
        The folders whose folders are the classes; ``""`` stands for `folder` itself.
    """

    folder: Path
    parts: Mapping[str, Mapping[str, list[str]]]
    skipped: tuple[str, ...]
    roots: tuple[str, ...]

    @property
    def class_names(self) -> list[str]:
        """The names of the classes, in the order of their labels."""
        return list(next(iter(self.parts.values())))

    @property
    def doubtful(self) -> list[str]:
        """The files passed over whose names do not say that they are something else."""
        return [
            path
            for path in self.skipped
            if not os.path.basename(path).startswith(".")
            and os.path.splitext(path)[1].lower() not in SIDECAR_SUFFIXES
            and os.path.isfile(self.folder / path)
        ]

    def notes(self) -> tuple[str, ...]:
        """Return a line on the files passed over, and one on folders of images beside the roots."""
        lines = []
        if self.skipped:
            lines.append(f"{show(self.folder)}: passed over {_count(self.skipped)}")
        if unread := self._unread():
            read, remedy = "train and test are", "move there what is to be read"
            if "test" not in self.roots:
                read, remedy = "train is", "move images to test on to test/<class>"
                remedy += "; if train is a class itself, rename it"
            lines.append(
                f"{show(self.folder)}: only {read} read, not the images in {show_all(unread)}; "
                f"{remedy}"
            )
        return tuple(lines)

    def _unread(self) -> list[str]:
        """Return the names of the folders beside the roots that hold images."""
        if self.roots == ("",):
            return []
        roots = [self.folder / root for root in self.roots]
        return sorted(
            entry.name
            for entry in _entries(self.folder)
            if not _is_leftover(entry.name)
            and os.path.isdir(entry.path)
            and not any(os.path.samefile(entry.path, root) for root in roots)
            and _holds_images(entry.path, [self.folder, *roots])
        )


def find_images(folder: Path, split: bool) -> ImageFiles:
    """Find the images of a folder and their classes.

    Images lie in ``train/<class>`` and ``test/<class>``, at any depth below. Without test images
    (`split`) they lie in ``train/<class>`` or, where ``train`` holds no folders, in ``<class>``.
    Hidden files, leftovers of operating systems and files without the suffix of an image are passed
    over. Names of classes are compared and returned in Unicode's normal form C.

    Parameters
    ----------
    folder : Path
        The folder of the dataset.
    split : bool
        Whether test images are to be chosen from all images.

    Returns
    -------
    ImageFiles

    Raises
    ------
    InputError
        For a missing folder, classes that are all called like parts, an empty class, a class that
        only one of the two parts has, a broken link, a pipe or device, a name that is not UTF-8 or
        holds a carriage return, an image beside the classes or in a format that is not read, and
        two images with one sample id. It names the file and the remedy.
    """
    if not folder.is_dir():
        raise InputError(f"{show(folder)}: no such folder{_what_is_there(folder)}")
    skipped: list[str] = []
    if split:
        if _has_folders(folder / "train") and _has_folders(folder / "test"):
            raise InputError(
                f"{show(folder / 'test')}: has test images, so dataset.test_fraction must be null"
            )
        base = "train" if _has_folders(folder / "train") else ""
        classes = _find_classes(folder, base, skipped)
        return ImageFiles(folder, {"all": classes}, tuple(skipped), (base,))
    parts = {part: _find_classes(folder, part, skipped) for part in ("train", "test")}
    for name in sorted(set(parts["train"]) ^ set(parts["test"])):
        has, lacks = ("test", "train") if name in parts["test"] else ("train", "test")
        raise InputError(
            f"{show(folder / has / name)}: {lacks} has no class '{show(name)}'; add it there or "
            "remove it here"
        )
    parts["test"] = {name: parts["test"][name] for name in parts["train"]}
    return ImageFiles(folder, parts, tuple(skipped), tuple(parts))


def _find_classes(folder: Path, part: str, skipped: list[str]) -> dict[str, list[str]]:
    root = folder / part
    form = f"{part}/<class>/<image>" if part else "<class>/<image>"
    if not root.is_dir():
        raise InputError(
            f"{show(root)}: no such folder{_what_is_there(root)}; expected {form}, or "
            "dataset.test_fraction to choose test images"
        )
    classes: dict[str, list[str]] = {}
    origin: dict[str, str] = {}
    for entry in _entries(root):
        match _kind(entry):
            case "folder":
                name = unicodedata.normalize("NFC", entry.name)
                if origin.setdefault(name, entry.name) != entry.name:
                    raise InputError(f"{show(entry.path)}: two folders have this name; rename one")
                passed_over: list[str] = []
                below = f"{part}/{entry.name}" if part else entry.name
                classes[name] = sorted(_walk(folder, below, passed_over))
                if not classes[name]:
                    only = f" but for {_count(passed_over)}" if passed_over else ""
                    raise InputError(
                        f"{show(entry.path)}: the class is empty{only}; add images or remove the "
                        "folder"
                    )
                _check_ids(folder, classes[name])
                skipped += passed_over
            case "image":
                raise InputError(
                    f"{show(entry.path)}: an image that lies in no class; expected {form}"
                )
            case _:
                skipped.append(f"{part}/{entry.name}" if part else entry.name)
    if not classes:
        raise InputError(f"{show(root)}: has no class folders; expected {form}")
    if all(name.lower() in PART_NAMES for name in classes):
        raise InputError(
            f"{show(root)}: its class folders have names of parts ({show_all(sorted(classes))}); "
            "expected train/<class>/<image> and, for images to test on, test/<class>/<image>, in "
            "lower case"
        )
    return {name: classes[name] for name in sorted(classes, key=origin.__getitem__)}


def _walk(folder: Path, below: str, skipped: list[str]) -> list[str]:
    found: list[str] = []
    above = dict.fromkeys((folder, (folder / below).parent, folder / below))
    waiting = [(below, tuple(map(_identity, above)))]
    while waiting:
        below, above = waiting.pop()
        for entry in _entries(folder / below):
            path = f"{below}/{entry.name}"
            match _kind(entry):
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


def _holds_images(folder: str, others: Sequence[Path]) -> bool:
    """Return whether images lie below a folder, apart from links to others; refuse nothing."""
    seen = {os.path.realpath(other) for other in others}
    for place, folders, files in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(place))
        if any(_is_image_name(name) and not _is_leftover(name) for name in files):
            return True
        folders[:] = [
            name
            for name in folders
            if not _is_leftover(name) and os.path.realpath(os.path.join(place, name)) not in seen
        ]
    return False


def _is_leftover(name: str) -> bool:
    return name.startswith(".") or name in LEFTOVER_FOLDERS


def _is_image_name(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def _identity(folder: str | Path) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _entries(folder: str | Path) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise InputError(f"{show(folder)}: cannot be read ({error.strerror})") from None


def _kind(entry: os.DirEntry) -> str:
    """Return ``"folder"``, ``"image"`` or ``"skipped"``; refuse what is neither file nor folder."""
    name = entry.name
    if _is_leftover(name):
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


def _has_folders(folder: Path) -> bool:
    return folder.is_dir() and any(_kind(entry) == "folder" for entry in _entries(folder))


def _check_ids(folder: Path, paths: list[str]) -> None:
    first: dict[str, str] = {}
    for path in paths:
        other = first.setdefault(sample_id(path), path)
        if other != path:
            raise InputError(
                f"{show(folder / path)}: has the name of {show(os.path.basename(other))} but for "
                "its suffix, which is no part of the sample id; rename one of them"
            )


def sample_id(path: str) -> str:
    """Return the sample id of an image: its path below the dataset's folder without its suffix.

    It is the same however a file system writes accents (Unicode's form NFC).
    """
    return unicodedata.normalize("NFC", os.path.splitext(path)[0])


def _count(paths: Sequence[str]) -> str:
    kinds = Counter(_label(os.path.basename(path)) for path in paths).most_common()
    counted = ", ".join(f"{count} {show(kind)}" for kind, count in kinds[:8])
    more = ", ..." if len(kinds) > 8 else ""
    noun = "file that is no image" if len(paths) == 1 else "files that are no images"
    return f"{len(paths)} {noun} ({counted}{more})"


def _label(name: str) -> str:
    suffix = os.path.splitext(name)[1]
    return suffix.lower() if suffix and not name.startswith(".") else name


def _what_is_there(path: Path) -> str:
    if path.is_symlink() and not path.exists():
        return f" (a link to {show(os.readlink(path))}, which is not there)"
    return " (a file)" if path.exists() else ""
