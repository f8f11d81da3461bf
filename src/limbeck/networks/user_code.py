"""Search path and source hash of users' own networks, without torch.

Folders to search come from the environment variable `VARIABLE`, so that every command of a study
finds the same file, in a SLURM job too.
"""

import ast
import contextlib
import hashlib
import importlib.util
import json
import os
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from limbeck.study.networks import find_family

VARIABLE = "LIMBECK_NETWORKS"


def search_beside(configfiles: Iterable[str | Path]) -> None:
    """Have networks looked for beside a study's config files and in the working directory.

    What `VARIABLE` names already comes after them. Jobs that this process starts inherit it.
    """
    folders = [*(Path(path).absolute().parent for path in configfiles), Path.cwd()]
    folders += search_folders()
    os.environ[VARIABLE] = json.dumps([*map(str, dict.fromkeys(folders))])


def search_folders() -> list[Path]:
    """Return the folders that `VARIABLE` names.

    Somebody sets it as ``PATH``, `search_beside` as a JSON list, since a folder may have a colon in
    its name.
    """
    value = os.environ.get(VARIABLE, "")
    folders = json.loads(value) if value.startswith("[") else value.split(os.pathsep)
    return [Path(folder).absolute() for folder in folders if folder]


def find_file(module: str, folders: Iterable[Path]) -> Path | None:
    """Return a module's file in the first of the folders that has one."""
    for folder in folders:
        path = folder.joinpath(*module.split("."))
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if file.is_file():
                return file
    return None


def source_files(name: str) -> list[Path]:
    """Return the files that a network's code lies in, sorted.

    Parameters
    ----------
    name : str
        ``<package.module>:<callable>``. Its module counts, the packages that it lies in, and what
        these import from the search folders, or from its own package where that is installed in a
        folder to be edited. Nothing is imported to find them.
    """
    found: set[Path] = set()
    own = name.partition(":")[0]
    top = own.partition(".")[0]
    home = _home(top)
    waiting, seen = [own], set()
    while waiting:
        module = waiting.pop()
        if not module or module in seen:
            continue
        seen.add(module)
        waiting.append(module.rpartition(".")[0])
        places = [home] if home and module.partition(".")[0] == top else []
        path = find_file(module, [*search_folders(), *places])
        if path is not None:
            found.add(path)
            waiting.extend(_imports(path, module))
    return sorted(found)


def source_digest(model: str) -> str:
    """Hash the code of a user's network, without comments and layout (16 hex digits).

    Empty for what Limbeck or a library builds.
    """
    family, name = find_family(model)
    files = source_files(name) if family.name == "custom" else []
    if not files:
        return ""
    state = hashlib.sha256()
    for path in files:
        content = path.read_bytes()  # Python itself finds out how it is encoded.
        text = content.decode(errors="replace")
        with contextlib.suppress(SyntaxError, ValueError):
            text = ast.unparse(ast.parse(content))
        state.update(f"{path.name}\0{text}\0".encode())
    return state.hexdigest()[:16]


def _home(top: str) -> Path | None:
    """Return the folder from which Python imports a module or package, None for libraries."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None or not os.path.isfile(spec.origin):
        return None
    libraries = {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
    path = Path(spec.origin)
    if any(path.is_relative_to(library) for library in libraries):
        return None
    return path.parent.parent if spec.submodule_search_locations else path.parent


def _imports(path: Path, module: str) -> Iterator[str]:
    """Yield the names of what a module's file imports, also of what may be no module."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
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
