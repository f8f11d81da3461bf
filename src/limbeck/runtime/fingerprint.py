"""Fingerprints of code: a real edit reruns a stage's jobs, a `git pull` does not."""

import ast
import functools
import hashlib
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
# Modules that declare, check or move what is computed with, and compute nothing.
INERT = (
    "cli",
    "data.facts",
    "data.listing",
    "runtime.atomic",
    "runtime.csv_files",
    "runtime.dates",
    "runtime.errors",
    "runtime.failures",
    "runtime.fingerprint",
    "runtime.leftovers",
    "runtime.origin",
    "runtime.paths",
    "runtime.startup",
    "runtime.storage",
    "runtime.store_checks",
    "runtime.stored",
    "study",
    "training.checkpoints",
)
# Templates, which count with the modules in whose folder, or its ``assets``, they lie.
TEMPLATES = (".css", ".html", ".js")
LAYOUT = {tokenize.NEWLINE: ";", tokenize.INDENT: "{", tokenize.DEDENT: "}"}
SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}


@functools.cache
def fingerprint(stage: str, *chosen: str) -> str:
    """Hash the code that a stage runs.

    The stage's module, those that its settings choose and all of Limbeck's modules that they import
    count, without comments, docstrings and layout; `INERT` ones and what is below them do not,
    unless they are chosen.
    `TEMPLATES` beside them count as they are.

    Parameters
    ----------
    stage : str
        Name of the stage, for example ``"embed"``.
    *chosen : str
        Names of further modules inside the package, for example ``"embeddings.tsne"``.

    Returns
    -------
    str
        Sixteen hexadecimal digits.
    """
    found: set[str] = set()
    waiting = [f"stages.{stage}", *chosen]
    while waiting:
        module = waiting.pop()
        inert = f"{module}.".startswith(tuple(f"{name}." for name in INERT))
        if module not in found and (module in chosen or not inert):
            found.add(module)
            waiting.extend(_imports(module))
    text = "".join(f"{module}:{_tokens(module)}" for module in sorted(found))
    folders = sorted({_path(module).parent for module in found})
    text += "".join(map(_templates, folders))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _path(module: str) -> Path | None:
    path = PACKAGE.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@functools.cache
def _templates(folder: Path) -> str:
    files = sorted([*folder.glob("*"), *folder.glob("assets/*")])
    return "".join(f"{file.name}:{file.read_text()}" for file in files if file.suffix in TEMPLATES)


@functools.cache
def _source(module: str) -> str:
    path = _path(module)
    if path is None:
        raise ModuleNotFoundError(f"limbeck.{module}")
    return path.read_text()


@functools.cache
def _imports(module: str) -> tuple[str, ...]:
    names = []
    for node in ast.walk(ast.parse(_source(module))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    inside = (name.removeprefix("limbeck.") for name in names if name.startswith("limbeck."))
    return tuple(name for name in inside if _path(name))


@functools.cache
def _tokens(module: str) -> str:
    tokens = [token for token in _whole_strings(_source(module)) if token.type not in SKIPPED]
    parts: list[str] = []
    statement_starts, docstring = True, False
    for token, following in zip(tokens, [*tokens, None][1:], strict=True):
        if docstring and token.type == tokenize.NEWLINE:
            docstring = False
            continue
        alone = following is None or following.type == tokenize.NEWLINE
        docstring = token.type == tokenize.STRING and statement_starts and alone
        if not docstring:
            parts.append(_normalise(token))
            statement_starts = token.type in LAYOUT
    return "".join(parts)


def _whole_strings(source: str) -> Iterator[tokenize.TokenInfo]:
    """Yield tokens; an f-string is one, as it was until Python 3.12."""
    lines, starts = io.StringIO(source).readlines(), []
    for token in tokenize.generate_tokens(iter(lines).__next__):
        kind = tokenize.tok_name[token.type]
        if kind == "FSTRING_START":
            starts.append(token.start)
        if not starts:
            yield token
        if kind == "FSTRING_END":
            start = starts.pop()
            if not starts:
                (first, left), (last, right) = start, token.end
                text = [*lines[first - 1 : last - 1], lines[last - 1][:right]]
                text[0] = text[0][left:]
                yield token._replace(type=tokenize.STRING, string="".join(text), start=start)


def _normalise(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.STRING:
        return token.string
    return LAYOUT.get(token.type, "".join(token.string.split()))
