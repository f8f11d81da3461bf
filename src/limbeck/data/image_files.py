"""The images of an image folder and their classes, from file names alone."""

import os
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from limbeck.data.folder_entries import (
    SIDECAR_SUFFIXES,
    Reached,
    entries_of,
    has_folders,
    holds_images,
    images_below,
    is_image_file,
    is_leftover,
    kind_of,
)
from limbeck.data.superclasses import SUPERCLASS_FILE
from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show, show_all

# Names of folders that divide a dataset, in lower case.
PART_NAMES = {"train", "training", "test", "testing", "val", "valid", "validation"}


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
        on disk, as in torchvision's ``ImageFolder``; then paths, in the order of their sample ids.
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
    def paths(self) -> list[str]:
        """The paths of all images, part by part and class by class."""
        return [path for part in self.parts.values() for each in part.values() for path in each]

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
        """Return a line each on files passed over, stray superclasses, and what is beside roots."""
        lines = []
        if self.skipped:
            lines.append(f"{show(self.folder)}: passed over {_count(self.skipped)}")
        if astray := self._astray():
            lines.append(
                f"{show(self.folder)}: superclasses are read from {SUPERCLASS_FILE} there alone, "
                f"not from {show_all(astray)}"
            )
        images = [entry.name for entry in self._beside() if is_image_file(entry)]
        if images:
            lines.append(
                f"{show(self.folder)}: passed over the images beside {' and '.join(self.roots)}: "
                f"{show_all(sorted(images))}"
            )
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

    def _beside(self) -> list[os.DirEntry]:
        """Return what lies in the folder beside the roots, leftovers apart."""
        if self.roots == ("",):
            return []
        return [entry for entry in entries_of(self.folder) if not is_leftover(entry.name)]

    def _astray(self) -> list[str]:
        """Return the paths of files that are called like that of superclasses, and are not read."""
        read = self.folder / SUPERCLASS_FILE
        return sorted(
            path
            for path in (
                *self.skipped,
                *(entry.name for entry in self._beside() if entry.is_file()),
            )
            if os.path.basename(path).lower() == SUPERCLASS_FILE
            and not (read.exists() and read.samefile(self.folder / path))
        )

    def _unread(self) -> list[str]:
        """Return the names of the folders beside the roots that hold images."""
        roots = [self.folder / root for root in self.roots]
        return sorted(
            entry.name
            for entry in self._beside()
            if os.path.isdir(entry.path)
            and not any(os.path.samefile(entry.path, root) for root in roots)
            and holds_images(entry.path, [self.folder, *roots])
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
        For a missing folder, classes that are all called like parts, a part beside classes that it
        holds, an empty class, a class that only one of the two parts has, a broken link, a pipe or
        device, a name that is not UTF-8 or holds a carriage return, a folder or image that a link
        leads to once more, an image beside the classes or in a format that is not read, and two
        images with one sample id. It names the file and the remedy.
    """
    if not folder.is_dir():
        raise InputError(f"{show(folder)}: no such folder{_what_is_there(folder)}")
    skipped: list[str] = []
    reached = Reached()
    if split:
        if has_folders(folder / "train") and has_folders(folder / "test"):
            raise InputError(
                f"{show(folder / 'test')}: has test images, so dataset.test_fraction must be null"
            )
        base = "train" if has_folders(folder / "train") else ""
        classes = _find_classes(folder, base, skipped, reached)
        reached.refuse_links_within()
        return ImageFiles(folder, {"all": classes}, tuple(skipped), (base,))
    parts = {part: _find_classes(folder, part, skipped, reached) for part in ("train", "test")}
    reached.refuse_links_within()
    for name in sorted(set(parts["train"]) ^ set(parts["test"])):
        has, lacks = ("test", "train") if name in parts["test"] else ("train", "test")
        raise InputError(
            f"{show(folder / has / name)}: {lacks} has no class '{show(name)}'; add it there or "
            "remove it here"
        )
    parts["test"] = {name: parts["test"][name] for name in parts["train"]}
    return ImageFiles(folder, parts, tuple(skipped), tuple(parts))


def _find_classes(
    folder: Path, part: str, skipped: list[str], reached: Reached
) -> dict[str, list[str]]:
    root = folder / part
    form = f"{part}/<class>/<image>" if part else "<class>/<image>"
    if not root.is_dir():
        raise InputError(
            f"{show(root)}: no such folder{_what_is_there(root)}; expected {form}, or "
            "dataset.test_fraction to choose test images"
        )
    reached.add_folder(root)
    classes: dict[str, list[str]] = {}
    origin: dict[str, str] = {}
    for entry in entries_of(root):
        match kind_of(entry):
            case "folder":
                name = unicodedata.normalize("NFC", entry.name)
                if origin.setdefault(name, entry.name) != entry.name:
                    raise InputError(f"{show(entry.path)}: two folders have this name; rename one")
                passed_over: list[str] = []
                below = f"{part}/{entry.name}" if part else entry.name
                found = images_below(folder, below, passed_over, reached)
                classes[name] = sorted(found, key=sample_id)
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
            case _ if part or entry.name != SUPERCLASS_FILE:
                skipped.append(f"{part}/{entry.name}" if part else entry.name)
    if not classes:
        raise InputError(f"{show(root)}: has no class folders; expected {form}")
    _refuse_parts(root, classes, depth=2 if part else 1)
    return {name: classes[name] for name in sorted(classes, key=origin.__getitem__)}


def _refuse_parts(root: Path, classes: Mapping[str, Sequence[str]], depth: int) -> None:
    """Raise InputError for classes that are parts, by their names or the folders at a depth."""
    parts = [name for name in sorted(classes) if name.lower() in PART_NAMES]
    if len(parts) == len(classes):
        raise InputError(
            f"{show(root)}: its class folders have names of parts ({show_all(parts)}); "
            "expected train/<class>/<image> and, for images to test on, test/<class>/<image>, in "
            "lower case"
        )
    for name in parts:
        ids = (sample_id(path).split("/") for path in classes[name])
        folders = {each[depth] for each in ids if len(each) > depth + 1}
        if again := sorted(folders & classes.keys() - {name}):
            raise InputError(
                f"{show(root / name)}: holds folders called like the classes beside it "
                f"({show_all(again)}); expected train/<class>/<image> and test/<class>/<image>, "
                f"or, if {name} is a class itself, other names of its folders"
            )


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
