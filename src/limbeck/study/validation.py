"""Values of a config against the keys that declare them: filled in, and checked."""

import copy
import math
import re
from collections.abc import Iterator, Mapping

from limbeck.runtime.errors import suggest
from limbeck.study.keys import REQUIRED, Key

TYPES = {
    "integer": (int, "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": (bool, "true or false"),
    "text": (str, "text"),
    "list": (list, "a list"),
    "mapping": (dict, "a mapping"),
    "section": (dict, "a mapping"),
    "variant": (dict, "a mapping"),
}


def fill_in(key: Key, value: object) -> object:
    """Return a copy of a value with the defaults of the keys that it lacks, however deep.

    What has a wrong type stays as it is, for `mistakes` to find.
    """
    if key.kind == "either":
        fitting = _fitting(key, value)
        return fill_in(fitting, value) if fitting else copy.deepcopy(value)
    if not isinstance(value, Mapping) or key.kind not in ("section", "variant", "mapping"):
        return copy.deepcopy(value)
    if key.kind == "mapping":
        return {name: fill_in(key.item, item) for name, item in value.items()}
    keys = key.keys_of(value)
    filled = {
        name: fill_in(keys[name], item) if name in keys else item for name, item in value.items()
    }
    for name, its in keys.items():
        if name not in filled and its.default is not REQUIRED and not key.partial:
            filled[name] = fill_in(its, its.default)
    return filled


def mistakes(key: Key, value: object, path: str = "") -> Iterator[str]:
    """Check a value against its key.

    Parameters
    ----------
    key : Key
        What is allowed.
    value : object
        As YAML or JSON gives it.
    path : str
        What to call it in a message: ``methods.teacher.momentum``.

    Yields
    ------
    str
        One line for each mistake: the key, its value and what is allowed.
    """
    if value is None and key.null:
        return
    if key.kind == "choice":
        if value not in key.allowed or isinstance(value, bool):
            names = ["null" if name is None else str(name) for name in key.allowed]
            yield f"{path} = {value!r}: {suggest(value, names)}"
    elif key.kind == "either":
        fitting = _fitting(key, value)
        if fitting:
            yield from mistakes(fitting, value, path)
        else:
            yield f"{path} = {value!r}: must be {_type_in_words(key)}{_hint(key, value)}"
    elif not _has_type(key, value):
        where = path or "config"
        yield f"{where} = {_short(value)}: must be {_type_in_words(key)}{_hint(key, value)}"
    elif key.kind in ("integer", "number"):
        yield from _out_of_bounds(key, value, path)
    elif key.kind == "text" and key.pattern and not re.fullmatch(key.pattern, value):
        yield f"{path} = {value!r}: must be {key.words}"
    elif key.kind == "list":
        yield from _mistakes_of_list(key, value, path)
    elif key.kind == "mapping":
        yield from _mistakes_of_mapping(key, value, path)
    elif key.kind in ("section", "variant"):
        yield from _mistakes_of_section(key, value, path)


def _fitting(key: Key, value: object) -> Key | None:
    """Return the alternative that a value is one of by its type."""
    return next((other for other in key.others if _has_type(other, value)), None)


def _has_type(key: Key, value: object) -> bool:
    if key.kind == "choice":
        return value in key.allowed
    kind, _ = TYPES[key.kind]
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, kind) and not (isinstance(value, float) and not math.isfinite(value))


def _type_in_words(key: Key) -> str:
    if key.kind == "either":
        words = ", ".join(map(_type_in_words, key.others))
    elif key.kind == "choice":
        words = ", ".join(map(str, key.allowed))
    else:
        words = TYPES[key.kind][1]
    return f"{words} or null" if key.null else words


def _hint(key: Key, value: object) -> str:
    """Return a hint where YAML has read a value as another type than was meant."""
    kinds = {key.kind, *(other.kind for other in key.others)}
    if "text" in kinds and not isinstance(value, (list, dict)) and value is not None:
        return "; put it in quotes"
    if not isinstance(value, str) or not kinds & {"integer", "number"}:
        return ""
    if re.fullmatch(r"[-+]?\d+", value):
        return (
            "; it is text: take the quotes away, or, if it came by `--config`, which reads numbers "
            "in lists and mappings as text, give it in a file"
        )
    try:
        number = float(value)
    except ValueError:
        return ""
    if not math.isfinite(number):
        return ""
    whole = "number" not in kinds and number.is_integer()
    return f"; YAML reads it as text, write {int(number) if whole else _as_yaml(number)}"


def _as_yaml(number: float) -> str:
    """Return a number as YAML 1.1 reads one: a point before an exponent, which has a sign."""
    digits, exponent, power = repr(number).partition("e")
    return f"{digits if '.' in digits else f'{digits}.0'}{exponent}{power}"


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 200 else f"{shown[:200]}..."


def _out_of_bounds(key: Key, value: float, path: str) -> Iterator[str]:
    bounds = (
        (key.least, ">="),
        (key.above, ">"),
        (key.most, "<="),
        (key.below, "<"),
    )
    for bound, allowed in bounds:
        if bound is not None and not _COMPARISONS[allowed](value, bound):
            yield f"{path} = {value!r}: must be {allowed} {bound}"


_COMPARISONS = {
    ">=": lambda value, bound: value >= bound,
    ">": lambda value, bound: value > bound,
    "<=": lambda value, bound: value <= bound,
    "<": lambda value, bound: value < bound,
}


def _mistakes_of_list(key: Key, value: list, path: str) -> Iterator[str]:
    if not value and key.least:
        yield f"{path} is empty: at least {key.least} needed"
    elif key.least is not None and len(value) < key.least:
        yield f"{path} = {_short(value)}: must have at least {key.least} items"
    elif key.most is not None and len(value) > key.most:
        yield f"{path} = {_short(value)}: must have at most {key.most} items"
    wrong = False
    for number, item in enumerate(value):
        for mistake in mistakes(key.item, item, f"{path}.{number}"):
            wrong = True
            yield mistake
    if key.unique and not wrong and any(item in value[:at] for at, item in enumerate(value)):
        yield f"{path} = {_short(value)}: must not repeat a value"


def _mistakes_of_mapping(key: Key, value: Mapping, path: str) -> Iterator[str]:
    if not value and key.least:
        yield f"{path} is empty: at least {key.least} needed"
    seen: dict[str, str] = {}
    for name, item in value.items():
        if not isinstance(name, str):
            yield (
                f"{path}: {name!r} is no name; YAML reads on, off, yes, no, numbers and dates as "
                "what they look like: put it in quotes"
            )
        elif not re.fullmatch(key.pattern, name):
            yield f"{path}: {name!r} is no name; a name is {key.words}"
        elif seen.setdefault(name.lower(), name) != name:
            yield (
                f"{path}: '{seen[name.lower()]}' and '{name}' are one file where case does not "
                "count; rename one"
            )
        else:
            yield from mistakes(key.item, item, f"{path}.{name}")


def _mistakes_of_section(key: Key, value: Mapping, path: str) -> Iterator[str]:
    keys = key.keys_of(value)
    if key.by and value.get(key.by) not in key.variants:
        if key.by in value:
            yield from mistakes(keys[key.by], value[key.by], f"{path}.{key.by}")
        else:
            yield f"{path}: missing {key.by}"
        return
    for name, item in value.items():
        if name in keys:
            yield from mistakes(keys[name], item, f"{path}.{name}".lstrip("."))
        else:
            yield f"{path}.{name}".lstrip(".") + f": unknown key; {suggest(name, keys)}"
    missing = [name for name, its in keys.items() if its.default is REQUIRED and name not in value]
    if missing and not key.partial:
        yield f"{path or 'config'}: missing {', '.join(missing)}"
