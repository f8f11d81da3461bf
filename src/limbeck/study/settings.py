"""Settings of each stage: read from JSON, checked against the keys that they declare, frozen."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from limbeck.runtime.errors import InputError
from limbeck.study.keys import (
    Key,
    boolean,
    choice,
    integer,
    keys_of,
    listed,
    mapping,
    number,
    section,
    setting,
    text,
    variant,
)
from limbeck.study.method_settings import MethodSettings, method_contradictions
from limbeck.study.registry import DATASETS, EMBEDDINGS, FIGURES, METRICS, OBJECTIVES
from limbeck.study.validation import fill_in, mistakes

PUBLISHED = ("cifar100", None)


@dataclass(frozen=True, kw_only=True)
class DatasetSettings:
    """The dataset and its options."""

    name: str = setting(choice("which", DATASETS))
    path: str | None = setting(
        text("the folder that holds it, or that it is downloaded to", None, null=True)
    )
    download: bool = setting(boolean("whether torchvision may download it", False))
    test_fraction: float | None = setting(
        number(
            "part of the images to test on, where the dataset has no test images of its own",
            None,
            null=True,
            above=0,
            below=1,
        )
    )
    image_size: int | None = setting(
        integer(
            "side in pixels of the squares that images of a folder become: the shorter side is "
            "resized to it and the middle kept; null: they have one size already",
            None,
            null=True,
            least=8,
            most=4096,
        )
    )


@dataclass(frozen=True, kw_only=True)
class ActivationSettings:
    """Extraction of one layer: `module` is its path in the network, or ``auto``."""

    dtype: str = setting(
        choice("of stored values; float16 takes half the space", ("float32", "float16"), "float32")
    )
    images_per_class: int | None = setting(
        integer(
            "how many test images of each class are looked at; null: all. Accuracies are always of "
            "all test images",
            None,
            null=True,
            least=2,
            most=10**6,
        )
    )
    module: str = "auto"


@dataclass(frozen=True, kw_only=True)
class MetricSettings:
    """Metrics of layers and of their embeddings: their names and parameters."""

    names: tuple[str, ...] = ()
    embedding_names: tuple[str, ...] = ()
    neighbours: int = setting(
        integer(
            "of trustworthiness, continuity, k-NN accuracy and neighbour overlap",
            15,
            least=1,
            most=10_000,
        )
    )
    area_mass: float = setting(
        number("part of a class's density that its area holds", 0.95, above=0, below=1)
    )
    probe_penalty: float = setting(
        number(
            "ridge penalty of the linear probe, times the mean squared distance of a layer's "
            "images from their mean",
            0.3,
            least=1e-9,
        )
    )
    probe_folds: int = setting(
        integer(
            "parts of the linear probe's cross-validation; each class needs as many images",
            5,
            least=2,
            most=1000,
        )
    )


# With fewer the t-test's assumption of normal differences cannot be checked.
LEAST_FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class StatisticsSettings:
    """The methods of the paired tests, the metrics and the level."""

    methods: tuple[str, ...] | None = setting(
        listed(
            "the first, and those that are compared with it, each of them minus the first; null: "
            "the last two of run.methods",
            text("", names="run.methods"),
            None,
            null=True,
            least=2,
        )
    )
    metrics: tuple[str, ...] | None = setting(
        listed(
            "by which metrics; the parts of a metric (superclasses, say) come with it; null: all "
            "of run.metrics that a test can say something of",
            choice("", METRICS),
            None,
            null=True,
            least=1,
        )
    )
    confidence: float = setting(
        number("of the intervals; one minus it is the level of asterisks", 0.95, least=0.5, below=1)
    )
    correction: str = setting(
        choice(
            "for the comparisons of each metric of one embedding, as statsmodels calls it",
            ("bonferroni", "holm", "fdr_bh", "fdr_by"),
            "holm",
        )
    )


@dataclass(frozen=True, kw_only=True)
class NoiseSettings:
    """Points in the plane, from -1 to 1, and dimensions to lift them to."""

    points: int = setting(integer("of uniform noise in the plane", 2000, least=32, most=10_000))
    dimensions: int = setting(integer("to which maps lift them", 64, least=2, most=10_000))
    degree: int = setting(integer("of the map polynomial", 3, least=2, most=20))
    frequency: float = setting(
        number("of the map fourier: deviation of angular frequencies, radians", 2, above=0)
    )


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """All measurements that a study plans, in the order of its config.

    `methods` maps each method to the budgets at which it is run, and those to the number of folds;
    `layers` each layer to the methods that have it, `embeddings` the name of each embedding to its
    algorithm, `metrics` each kind of metrics to those that are taken; `published` names a file of
    published numbers to compare with, or is None.
    """

    budgets: Sequence[int] = setting(listed("", integer("", least=0), least=1))
    methods: Mapping[str, Mapping[str, int]] = setting(
        mapping("", mapping("", integer("", least=1), pattern=r"\d+", words="digits"), least=1)
    )
    layers: Mapping[str, Sequence[str]] = setting(mapping("", listed("", text("")), least=1))
    embeddings: Mapping[str, str] = setting(mapping("", choice("", EMBEDDINGS)))
    metrics: Mapping[str, Sequence[str]] = setting(mapping("", listed("", choice("", METRICS))))
    published: str | None = setting(choice("", PUBLISHED))

    def folds_of(self, method: str, budget: int) -> int:
        """Return the number of folds of a method at a budget, 0 where it is not run."""
        return self.methods.get(method, {}).get(str(budget), 0)

    def embeddings_of(self, algorithms: Sequence[str] | None) -> list[str]:
        """Return the embeddings by any of the algorithms, or the first one's name if none is.

        None stands for all algorithms.
        """
        if algorithms is None:
            return list(self.embeddings)
        names = [name for name, used in self.embeddings.items() if used in algorithms]
        return names or [algorithms[0]]


def block_of(objective: str, partial: bool = False) -> Key:
    """Return the key of an objective's block; `partial` if what it needs may be missing."""
    declared = OBJECTIVES[objective]
    return section(f"of objective {objective}: {declared.summary}", declared.options, partial)


EMBEDDING = variant(
    "an algorithm and its keys; one algorithm may stand under several names",
    "algorithm",
    {name: declared.options for name, declared in EMBEDDINGS.items()},
)
FIGURE = variant(
    "a kind of figure and what it shows",
    "kind",
    {name: declared.keys for name, declared in FIGURES.items()},
)


class EmbeddingSettings(dict):
    """``algorithm`` and the algorithm's own settings."""


class FigureSettings(dict):
    """``kind``, ``width`` and the figure's own settings."""


class LayerPaths(dict):
    """A method's layers: name to ``auto`` or the path of a module."""


class StudyConfig(dict):
    """The whole config."""


# What each stage's settings may be; the config as a whole was checked when the workflow started.
STAGE_KEYS: dict[type, Key | None] = {
    DatasetSettings: section("", keys_of(DatasetSettings)),
    MethodSettings: variant(
        "",
        "objective",
        {name: {"options": block_of(name)} for name in OBJECTIVES},
        {name: key for name, key in keys_of(MethodSettings).items() if name != "objective"},
    ),
    ActivationSettings: section("", {**keys_of(ActivationSettings), "module": text("", "auto")}),
    EmbeddingSettings: EMBEDDING,
    MetricSettings: section(
        "",
        {
            **keys_of(MetricSettings),
            "names": listed("", choice("", METRICS), []),
            "embedding_names": listed("", choice("", METRICS), []),
        },
    ),
    StatisticsSettings: section("", keys_of(StatisticsSettings)),
    StudyPlan: section("", keys_of(StudyPlan)),
    NoiseSettings: section("", keys_of(NoiseSettings)),
    FigureSettings: FIGURE,
    LayerPaths: mapping("", text(""), {}),
    StudyConfig: None,
}


def _without_repeats(pairs: list[tuple[str, object]]) -> dict:
    for key, count in Counter(key for key, _ in pairs).items():
        if count > 1:
            raise InputError(f"--settings: '{key}' stands {count} times in one mapping; remove one")
    return dict(pairs)


def parse_settings(stage: type, text: str):
    """Read one stage's settings; keys that are missing have their defaults.

    Parameters
    ----------
    stage : type
        A key of `STAGE_KEYS`.
    text : str
        JSON, as the workflow passes it to ``--settings``.

    Returns
    -------
    object
        Of type `stage`: a frozen dataclass, or a dict where the keys depend on one of them.

    Raises
    ------
    InputError
        For invalid JSON, an unknown or missing key, a wrong type or a value out of range.
    """
    try:
        values = json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise InputError(f"--settings: not JSON ({error}): {text!r}") from None
    key = STAGE_KEYS[stage]
    wrong = []
    if key is not None:
        values = fill_in(key, values)
        wrong = list(mistakes(key, values))
    if stage is MethodSettings and not wrong:
        wrong = list(method_contradictions(values, "settings"))
    if wrong:
        raise InputError(f"--settings: {'; '.join(wrong)}")
    if issubclass(stage, dict):
        return stage(values)
    return stage(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
