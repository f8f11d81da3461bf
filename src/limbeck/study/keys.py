"""Keys of the config: a key is declared once, and checked, filled in and documented from that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

REQUIRED = object()  # The default of a key that has none.

NAME = r"[A-Za-z][A-Za-z0-9_]{0,63}"
NAME_IN_WORDS = "a letter, then letters, digits and _, 64 at most"


@dataclass(frozen=True)
class Key:
    """A key of the config: its type, range, default and meaning.

    Made by `integer`, `number`, `boolean`, `text`, `choice`, `listed`, `mapping`, `section`,
    `variant` and `either`.

    Attributes
    ----------
    kind : str
        The name of the function that made it, ``list`` for `listed`.
    meaning : str
        For the key tables of the documentation.
    default : object
        Its value where it is missing; `REQUIRED` if it must be there.
    null : bool
        Whether it may be null.
    least, above, most, below : float or None
        Bounds of a number, of which `above` and `below` are not allowed themselves; of a list,
        `least` and `most` bound how many items it has.
    allowed : tuple
        The values of a choice.
    pattern, words : str or None
        What a text, or the names in a mapping, must match as a whole, and the same in words.
    unique : bool
        Whether the items of a list must differ.
    item : Key or None
        Of a list or mapping: its items.
    keys : mapping of str to Key
        Of a section.
    by : str or None
        Of a variant: the key that says which of `variants` it is.
    variants : mapping of str to mapping of str to Key
        Of a variant: the keys that it has beside `by` and those in `keys`.
    others : tuple of Key
        Of ``either``: the alternatives, of different types.
    partial : bool
        Of a section: whether required keys may be missing.
    names : str or None
        What of the study the value names, for example ``run.methods``; see
        `limbeck.study.checks.known_names`.
    """

    kind: str
    meaning: str = ""
    default: object = REQUIRED
    null: bool = False
    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None
    allowed: tuple = ()
    pattern: str | None = None
    words: str | None = None
    unique: bool = True
    item: "Key | None" = None
    keys: Mapping[str, "Key"] = field(default_factory=dict)
    by: str | None = None
    variants: Mapping[str, Mapping[str, "Key"]] = field(default_factory=dict)
    others: tuple["Key", ...] = ()
    partial: bool = False
    names: str | None = None

    def keys_of(self, value: Mapping) -> Mapping[str, "Key"]:
        """Return the keys that a section, or the variant that `value` is, may have."""
        return {**self.keys, **self.variants.get(value.get(self.by), {})} if self.by else self.keys


def integer(meaning: str, default: object = REQUIRED, **bounds) -> Key:
    """Declare a whole number."""
    return Key("integer", meaning, default, **bounds)


def number(meaning: str, default: object = REQUIRED, **bounds) -> Key:
    """Declare a finite number."""
    return Key("number", meaning, default, **bounds)


def boolean(meaning: str, default: object = REQUIRED) -> Key:
    """Declare a truth value."""
    return Key("boolean", meaning, default)


def text(meaning: str, default: object = REQUIRED, **form) -> Key:
    """Declare a text; `pattern` and `words` say its form, `names` what of the study it names."""
    return Key("text", meaning, default, **form)


def choice(meaning: str, allowed: Iterable[str | None], default: object = REQUIRED) -> Key:
    """Declare one of several texts, or null where that is among them."""
    allowed = tuple(allowed)
    return Key("choice", meaning, default, allowed=allowed, null=None in allowed)


def listed(meaning: str, item: Key, default: object = REQUIRED, **bounds) -> Key:
    """Declare a list, whose items differ unless `unique` is False."""
    return Key("list", meaning, default, item=item, **bounds)


def mapping(
    meaning: str,
    item: Key,
    default: object = REQUIRED,
    pattern: str = NAME,
    words: str = NAME_IN_WORDS,
    **bounds,
) -> Key:
    """Declare a mapping of names, which the study chooses, to items of one form."""
    return Key("mapping", meaning, default, item=item, pattern=pattern, words=words, **bounds)


def section(meaning: str, keys: Mapping[str, Key], partial: bool = False) -> Key:
    """Declare a mapping of known keys; where it is missing its keys have their defaults."""
    return Key("section", meaning, {}, keys=keys, partial=partial)


def variant(
    meaning: str, by: str, variants: Mapping[str, Mapping[str, Key]], keys: Mapping[str, Key] = {}
) -> Key:
    """Declare a mapping whose keys depend on the value of one of them."""
    keys = {by: choice("", variants), **keys}
    return Key("variant", meaning, by=by, variants=variants, keys=keys)


def either(meaning: str, *others: Key, default: object = REQUIRED, null: bool = False) -> Key:
    """Declare a value of one of several types."""
    return Key("either", meaning, default, null=null, others=others)


def setting(key: Key):
    """Return a field of a dataclass of settings, declared by its key in the config."""
    if isinstance(key.default, (list, dict)):
        frozen = tuple if isinstance(key.default, list) else dict
        return field(default_factory=lambda: frozen(key.default), metadata={"key": key})
    if key.default is REQUIRED:
        return field(metadata={"key": key})
    return field(default=key.default, metadata={"key": key})


def keys_of(settings: type) -> dict[str, Key]:
    """Return the keys that a dataclass of settings declares, by name."""
    return {each.name: each.metadata["key"] for each in fields(settings) if "key" in each.metadata}
