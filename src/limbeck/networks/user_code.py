"""Search path and source hash of users' own networks, without torch.

Folders to search come from the environment variable `VARIABLE`, so that every command of a study
finds the same file, in a SLURM job too.
"""

import ast
import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from limbeck.study.networks import find_family

VARIABLE = "LIMBECK_NETWORKS"


def search_folders() -> list[Path]:
    """Return the folders that `VARIABLE` names, apart by colons as in ``PATH``."""
    return [Path(part).absolute() for part in os.environ.get(VARIABLE, "").split(":") if part]


def source_files(name: str) -> list[Path]:
    """Return the files in the search folders that a network's code lies in, sorted.

    Parameters
    ----------
    name : str
        ``<package.module>:<callable>``. Its module counts, the packages that it lies in, and what
        these import from the search folders; nothing is imported to find them.
    """
    found: set[Path] = set()
    waiting, seen = [name.partition(":")[0]], set()
    while waiting:
        module = waiting.pop()
        if not module or module in seen:
            continue
        seen.add(module)
        waiting.append(module.rpartition(".")[0])
        path = _file(module)
        if path is not None:
            found.add(path)
            waiting.extend(_imports(path, module))
    return sorted(found)


def source_digest(model: str) -> str:
    """Hash the code of a user's network, without comments and layout (16 hex digits).

    Empty for what Limbeck or an installed package builds.
    """
    family, name = find_family(model)
    files = source_files(name) if family.name == "custom" else []
    if not files:
        return ""
    state = hashlib.sha256()
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        with contextlib.suppress(SyntaxError):
            text = ast.unparse(ast.parse(text))
        state.update(f"{path.name}\0{text}\0".encode())
    return state.hexdigest()[:16]


def _file(module: str) -> Path | None:
    """Return a module's file in the search folders."""
    for folder in search_folders():
        path = folder.joinpath(*module.split("."))
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if file.is_file():
                return file
    return None


def _imports(path: Path, module: str) -> Iterator[str]:
    """Yield the names of what a module's file imports, also of what may be no module."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return
    package = module.split(".")
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield source
            yield from (f"{source}.{alias.name}".strip(".") for alias in node.names)
