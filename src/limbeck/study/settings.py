"""Settings of each stage: read from JSON, checked against the config's schema, then frozen."""

import functools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from limbeck.runtime.errors import InputError, suggest
from limbeck.study.method_settings import MethodSettings, method_contradictions


@dataclass(frozen=True)
class DatasetSettings:
    """Which images to read; `test_fraction` is for datasets without a test split of their own."""

    name: str
    path: str | None
    download: bool
    test_fraction: float | None


@dataclass(frozen=True)
class ActivationSettings:
    """Type of the stored values, and how many test images of each class (None: all)."""

    dtype: str
    images_per_class: int | None


@dataclass(frozen=True)
class MetricSettings:
    """Size of a neighbourhood, the mass that a class's region holds, and the linear probe."""

    neighbours: int
    area_mass: float
    probe_penalty: float
    probe_folds: int


@dataclass(frozen=True)
class StatisticsSettings:
    """Which two methods to compare, by which metrics, at which level, corrected how."""

    methods: tuple[str, str]
    metrics: tuple[str, ...]
    confidence: float
    correction: str


@dataclass(frozen=True)
class StudyPlan:
    """What a study is to measure, in the order of its config.

    `embeddings` maps the name of each embedding to its algorithm; `published` names a file of
    published numbers to compare with, or is None.
    """

    budgets: Sequence[int]
    folds: int
    methods: Sequence[str]
    layers: Sequence[str]
    embeddings: Mapping[str, str]
    published: str | None

    def embeddings_of(self, algorithms: Sequence[str] | None) -> list[str]:
        """Return the embeddings by any of the algorithms, or the first one's name if none is.

        None stands for all algorithms.
        """
        if algorithms is None:
            return list(self.embeddings)
        names = [name for name, used in self.embeddings.items() if used in algorithms]
        return names or [algorithms[0]]


@dataclass(frozen=True)
class NoiseSettings:
    """Points in the plane and dimensions to lift them to.

    `degree` is that of the polynomials, `frequency` the standard deviation of the Fourier
    features' angular frequencies, in radians a unit of the plane.
    """

    points: int
    dimensions: int
    degree: int
    frequency: float


STAGES = {
    "dataset": DatasetSettings,
    "method": MethodSettings,
    "activations": ActivationSettings,
    "metrics": MetricSettings,
    "statistics": StatisticsSettings,
    "plan": StudyPlan,
    "noise": NoiseSettings,
}


class EmbeddingSettings(dict):
    """``algorithm`` and the algorithm's own settings."""


class FigureSettings(dict):
    """``kind``, ``width`` and the figure's own settings."""


class StudyConfig(dict):
    """The whole config."""


STAGE_OF = {
    **{settings: stage for stage, settings in STAGES.items()},
    EmbeddingSettings: "embedding",
    FigureSettings: "figure",
    StudyConfig: None,
}


@functools.cache
def schema() -> dict:
    """Return the JSON schema of the config; stages are under ``$defs``."""
    import yaml

    text = resources.files(__package__).joinpath("config.schema.yaml").read_text()
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def parse_settings(stage: str | None, text: str):
    """Read one stage's settings.

    Parameters
    ----------
    stage : str or None
        A name under the schema's ``$defs``: ``dataset``, ``method``, ``activations``, ...; None for
        the whole config.
    text : str
        JSON, as the workflow passes it to ``--settings``.

    Returns
    -------
    frozen dataclass, or dict for the stages whose keys depend on an algorithm

    Raises
    ------
    InputError
        For invalid JSON, an unknown or missing key, a wrong type or a value out of range.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"--settings: not JSON ({error}): {text!r}") from None
    mistakes = list(violations(values, stage))
    if stage == "method" and not mistakes:
        mistakes = list(method_contradictions(values, "settings"))
    if mistakes:
        raise InputError(f"--settings: {'; '.join(mistakes)}")
    if stage not in STAGES:
        return values
    frozen = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return STAGES[stage](**frozen)


def violations(values: object, stage: str | None = None) -> Iterator[str]:
    """Check values against the schema.

    Parameters
    ----------
    values : object
        The parsed config, or one stage's part of it.
    stage : str, optional
        Which part; the whole config by default.

    Yields
    ------
    str
        One line for each violation: the key, its value and what is allowed.
    """
    from jsonschema import Draft202012Validator, validators

    def is_integer(checker, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def is_number(checker, value: object) -> bool:
        return is_integer(checker, value) or (isinstance(value, float) and math.isfinite(value))

    checker = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": is_integer, "number": is_number}
    )
    validator = validators.extend(Draft202012Validator, type_checker=checker)
    whole = schema()
    part = whole if stage is None else {"$ref": f"#/$defs/{stage}", "$defs": whole["$defs"]}
    for error in validator(part).iter_errors(values):
        yield from _describe(error)


def _reads_as_number(value: object) -> bool:
    try:
        return isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        return False


def _names(allowed: Sequence) -> list[str]:
    return ["null" if value is None else str(value) for value in allowed]


def _describe(error) -> Iterator[str]:
    keys = list(error.absolute_path)
    value = error.instance

    def name(*more: object) -> str:
        return ".".join(str(key) for key in [*keys, *more]) or "config"

    allowed = error.validator_value
    match error.validator:
        case "additionalProperties" if isinstance(value, dict) and allowed is False:
            known = error.schema["properties"]
            for key in value.keys() - known.keys():
                yield f"{name(key)}: unknown key; {suggest(key, known)}"
        case "required":
            missing = [key for key in allowed if key not in value]
            if error.message.startswith(repr(missing[0])):
                yield f"{name()}: missing {', '.join(missing)}"
        case "enum":
            yield f"{name()} = {value!r}: {suggest(value, _names(allowed))}"
        case "type":
            names = allowed if isinstance(allowed, str) else " or ".join(allowed)
            hint = ""
            if ("number" in names or "integer" in names) and _reads_as_number(value):
                hint = "; YAML reads 1e-4 as text, write 1.0e-4 or 0.0001"
            yield f"{name()} = {value!r}: must be of type {names}{hint}"
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            sign = {
                "minimum": ">=",
                "exclusiveMinimum": ">",
                "maximum": "<=",
                "exclusiveMaximum": "<",
            }
            yield f"{name()} = {value!r}: must be {sign[error.validator]} {allowed}"
        case "minItems" | "minProperties" if not value:
            yield f"{name()} is empty: at least {allowed} needed"
        case "minItems" | "maxItems":
            sign = "at least" if error.validator == "minItems" else "at most"
            yield f"{name()} = {value!r}: must have {sign} {allowed} items"
        case "uniqueItems":
            yield f"{name()} = {value!r}: must not repeat a value"
        case "pattern":
            yield f"{name()} = {value!r}: must match {allowed}"
        case _:
            yield f"{name()} = {value!r}: {error.message}"
