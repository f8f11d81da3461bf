"""YAML files of a config, and what YAML makes of a text that looks like something else."""

import re
from collections.abc import Iterator
from pathlib import Path

from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show

OCTAL = re.compile(r"[-+]?0[0-7_]+")
SEXAGESIMAL = re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?")


def read_yaml(path: str | Path) -> dict:
    """Read a YAML mapping.

    Raises
    ------
    InputError
        For a file that is missing, not UTF-8, not YAML or not a mapping, and one line for each
        surprise; see `yaml_surprises`.
    """
    import yaml

    try:
        content = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8; save it as UTF-8"
        raise InputError(f"--configfile {show(path) or repr(path)}: {reason}") from None
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        surprises = list(_surprises(yaml.compose(content, loader), (), set()))
        values = None if surprises else yaml.load(content, loader)
    except RecursionError:
        raise InputError(f"{path}: lists or mappings in each other, too many to read") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    if surprises:
        raise InputError("\n".join(f"{path}: {surprise}" for surprise in surprises))
    if not isinstance(values, dict):
        raise InputError(f"{path}: must be a mapping of keys to values")
    return values


def _surprises(node, above: tuple, seen: set[int]) -> Iterator[str]:
    """Yield values of the file that YAML reads otherwise than a reader does.

    Keys that stand twice, of which the first is lost; numbers in base 8 or 60; anchors that hold
    themselves. What an anchor names is looked at once: aliases of aliases grow without bounds.
    """
    import yaml

    if node is None:
        return
    line = f"line {node.start_mark.line + 1}"
    if any(node is other for other in above):
        yield f"{line}: an anchor that holds itself has no end"
        return
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        number = node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
        if number and (OCTAL.fullmatch(node.value) or SEXAGESIMAL.fullmatch(node.value)):
            base = 60 if ":" in node.value else 8
            yield (
                f"{line}: YAML reads {node.value} in base {base}; write the number without "
                "leading zeros and colons, or the text in quotes"
            )
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _surprises(item, (*above, node), seen)
    else:
        lines: dict[str, int] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                here = key.start_mark.line + 1
                if key.value in lines:
                    first = lines[key.value]
                    yield f"line {here}: '{key.value}' stands in line {first} already; remove one"
                lines[key.value] = here
            yield from _surprises(value, (*above, node), seen)
