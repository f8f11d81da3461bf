"""A `limbeck` that only makes its outputs, so that the cost of jobs is what is left."""

from pathlib import Path

SCRIPT = """#!/usr/bin/env bash
for path in "$@"; do
    case $path in
        results/*.zarr) mkdir -p "$path" ;;
        results/*) mkdir -p "${path%/*}"; [ -e "$path" ] || touch "$path" ;;
    esac
done
"""


def write_script(path: Path, text: str) -> None:
    """Write a script that can be run."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def replace_limbeck(folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """Put such a `limbeck` into a folder, and return an environment in which it is found first."""
    write_script(folder / "bin/limbeck", SCRIPT)
    return {**environment, "PATH": f"{folder}/bin:{environment['PATH']}"}
