"""Write what follows from the declared keys: the config's JSON schema, and key tables of the docs.

For development: ``python -m limbeck.study.generate``. Jobs need neither; editors read the schema.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from limbeck.study.keys import REQUIRED, Key
from limbeck.study.registry import (
    DATASETS,
    EMBEDDINGS,
    FAMILIES,
    FIGURES,
    MAPS,
    METRICS,
    OBJECTIVES,
    TABLES,
    kinds_of,
)
from limbeck.study.structure import CONFIG, DEFAULT_EMBEDDINGS, DEFAULT_FIGURES, METHOD

SCHEMA = Path(__file__).with_name("config.schema.yaml")
DOCUMENTATION = Path(__file__).parents[3] / "docs/configuration.md"
BLOCK = re.compile(r"(<!-- keys: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
HEAD = "# Generated from the declarations in limbeck.study; python -m limbeck.study.generate\n"
JSON_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean", "text": "string"}
BOUNDS = {
    "least": "minimum",
    "above": "exclusiveMinimum",
    "most": "maximum",
    "below": "exclusiveMaximum",
}


def to_schema(key: Key) -> dict:
    """Return the JSON schema of what a key may be."""
    schema = _schema_without_null(key)
    if key.null and key.kind != "choice":
        schema = {"anyOf": [schema, {"type": "null"}]}
    if key.meaning:
        schema["description"] = key.meaning
    return schema


def _schema_without_null(key: Key) -> dict:
    bounds = {name: getattr(key, name) for name in BOUNDS if getattr(key, name) is not None}
    match key.kind:
        case "choice":
            return {"enum": list(key.allowed)}
        case "either":
            return {"anyOf": [to_schema(other) for other in key.others]}
        case "list":
            sizes = {"least": "minItems", "most": "maxItems"}
            size = {sizes[name]: value for name, value in bounds.items()}
            unique = {"uniqueItems": True} if key.unique else {}
            return {"type": "array", "items": to_schema(key.item), **size, **unique}
        case "mapping":
            size = {"minProperties": key.least} if key.least else {}
            names = {"pattern": _pattern(key.pattern)}
            items = to_schema(key.item)
            return {
                "type": "object",
                "propertyNames": names,
                "additionalProperties": items,
                **size,
            }
        case "section":
            return _object(key.keys, key.partial)
        case "variant":
            return {
                "type": "object",
                "required": [key.by],
                "properties": {key.by: {"enum": list(key.variants)}},
                "allOf": [
                    {
                        "if": {"properties": {key.by: {"const": name}}},
                        "then": _object({key.by: key.keys[key.by], **key.keys, **keys}, False),
                    }
                    for name, keys in key.variants.items()
                ],
            }
    schema = {"type": JSON_TYPES[key.kind]}
    schema |= {BOUNDS[name]: value for name, value in bounds.items()}
    return schema | ({"pattern": _pattern(key.pattern)} if key.pattern else {})


def _pattern(pattern: str) -> str:
    """Return a pattern of the whole text; ``$`` alone may stand before a last line break."""
    return f"^(?:{pattern})$(?!\\n)"


def _is_required(key: Key) -> bool:
    """Return whether a key must be given, or a key of the section that it is."""
    inside = key.kind == "section" and not key.partial and any(map(_is_required, key.keys.values()))
    return key.default is REQUIRED or inside


def _object(keys: Mapping[str, Key], partial: bool) -> dict:
    required = [name for name, key in keys.items() if _is_required(key)]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: to_schema(key) for name, key in keys.items()},
        **({"required": required} if required and not partial else {}),
    }


def _variant_without(key: Key, name: str) -> dict:
    """Return the schema of a variant in which the key that says which it is is left out."""
    keys = {**key.keys, **key.variants[name]}
    del keys[key.by]
    return _object(keys, False)


def schema_text() -> str:
    """Return the whole config's JSON schema, as YAML."""
    import yaml

    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **to_schema(CONFIG)}
    # Without methods a config is laid over the default study.
    schema |= {"if": {"required": ["methods"]}, "then": {"required": schema.pop("required")}}
    defaults = {"embeddings": DEFAULT_EMBEDDINGS, "figures": DEFAULT_FIGURES}
    schema["$defs"] = {part: to_schema(CONFIG.keys[part].item) for part in defaults}
    for part, blocks in defaults.items():
        item, own = CONFIG.keys[part].item, {"$ref": f"#/$defs/{part}"}
        schema["properties"][part] |= {
            "properties": {
                name: {
                    "if": {"required": [item.by]},
                    "then": own,
                    "else": _variant_without(item, block[item.by]),
                }
                for name, block in blocks.items()
            },
            "additionalProperties": own,
        }
    options = {"sort_keys": False, "allow_unicode": True, "width": 100}
    return HEAD + yaml.dump(json.loads(json.dumps(schema)), **options)


def values_in_words(key: Key) -> str:
    """Return a key's allowed values, for a table."""
    match key.kind:
        case "choice":
            words = ", ".join(f"`{_yaml(value)}`" for value in key.allowed if value is not None)
        case "either":
            words = " or ".join(values_in_words(other) for other in key.others)
        case "list":
            items = values_in_words(key.item) or "names"
            words = f"list of {items}"
        case "mapping":
            words = f"mapping of names to {values_in_words(key.item)}"
        case "boolean":
            words = "`true`, `false`"
        case "integer" | "number":
            words = {"integer": "whole number", "number": "number"}[key.kind] + _range(key)
        case _:
            words = "text"
    return f"{words} or `null`" if key.null else words


def _range(key: Key) -> str:
    low = key.least if key.least is not None else key.above
    high = key.most if key.most is not None else key.below
    left = "" if low is None else (f"≥ {low:,}" if key.above is None else f"> {low:,}")
    right = "" if high is None else (f"≤ {high:,}" if key.below is None else f"< {high:,}")
    return " " + ", ".join(filter(None, (left, right))) if left or right else ""


def _yaml(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False).replace('"', "")


def _default(key: Key) -> str:
    if key.default is REQUIRED:
        return "must be given"
    if key.kind == "list" and key.item.kind == "choice" and key.default == list(key.item.allowed):
        return "all of them"
    return f"`{_yaml(key.default)}`"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    cells = ([str(cell).replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def key_table(keys: Mapping[str, Key], path: str = "") -> str:
    """Return a Markdown table of keys."""
    rows = (
        (f"`{path}{name}`", values_in_words(key), _default(key), key.meaning)
        for name, key in keys.items()
    )
    return _table(("key", "value", "default", "meaning"), rows)


def documentation_blocks() -> dict[str, str]:
    """Return the Markdown of each generated block of the documentation."""
    plain = {name: key for name, key in CONFIG.keys.items() if key.kind not in ("section",)}
    plain = {name: key for name, key in plain.items() if key.kind != "mapping" or name == "layers"}
    run = dict(CONFIG.keys["run"].keys)
    scored = run.pop("metrics")
    blocks = {"top": key_table(plain)}
    for name in ("dataset", "activations", "metrics", "statistics", "noise"):
        blocks[name] = key_table(CONFIG.keys[name].keys, f"{name}.")
    blocks["run"] = key_table(run, "run.") + "\n" + key_table(scored.keys, "run.metrics.")
    general = {name: key for name, key in METHOD.keys.items() if name not in OBJECTIVES}
    blocks["method"] = key_table(general)
    blocks["objectives"] = "\n".join(
        f"**`{name}`**: {declared.summary}\n"
        + (f"\n{key_table(declared.options, f'{name}.')}" if declared.options else "")
        for name, declared in OBJECTIVES.items()
    )
    blocks["networks"] = _table(
        ("`model`", "networks"), ((f"`{f.form}`", f.summary) for f in FAMILIES)
    )
    blocks["datasets"] = _table(
        ("`dataset.name`", "dataset"), ((f"`{n}`", d.title) for n, d in DATASETS.items())
    )
    blocks["embeddings"] = "\n".join(
        f"**`algorithm: {name}`**: {declared.summary}\n"
        + (f"\n{key_table(declared.options)}" if declared.options else "")
        for name, declared in EMBEDDINGS.items()
    )
    blocks["figures"] = "\n".join(
        f"**`kind: {name}`**: {declared.title}\n\n{key_table(declared.keys)}"
        for name, declared in FIGURES.items()
    )
    blocks["maps"] = _table(("map", "is"), ((f"`{n}`", m.summary) for n, m in MAPS.items()))
    blocks["names"] = _table(
        ("metric", "in print", "of", "better"),
        ((f"`{n}`", m.title, ", ".join(kinds_of(n)), m.better) for n, m in METRICS.items()),
    )
    blocks["tables"] = _table(
        ("table", "a row for each", "shows"),
        (
            (f"`{name}`", ", ".join(t.rows), ", ".join(f"`{m}`" for m in t.metrics))
            for name, t in TABLES.items()
        ),
    )
    return blocks


def documentation_text(text: str) -> str:
    """Return the documentation with its generated blocks renewed."""
    blocks = documentation_blocks()
    return BLOCK.sub(lambda found: found[1] + blocks[found[2]] + found[3], text)


def main() -> None:
    """Write both files."""
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    text = DOCUMENTATION.read_text(encoding="utf-8")
    DOCUMENTATION.write_text(documentation_text(text), encoding="utf-8")


if __name__ == "__main__":
    main()
