"""Settings of stages are read from JSON and checked."""

import dataclasses
import json
import typing

import pytest

from limbeck.runtime.errors import InputError, suggest
from limbeck.study.keys import keys_of
from limbeck.study.settings import (
    STAGE_KEYS,
    ActivationSettings,
    EmbeddingSettings,
    MethodSettings,
    StatisticsSettings,
    parse_settings,
)

METHOD = {"objective": "cross_entropy", "model": "wrn_10_1", "steps": 5}


def test_settings_are_parsed():
    decay = {"schedule": "multi_step", "decay_epochs": [3, 4], "decay_factor": 0.1}
    settings = parse_settings(MethodSettings, json.dumps({**METHOD, **decay, "options": {}}))
    assert settings == MethodSettings(
        objective="cross_entropy",
        options={"smoothing": 0, "batch_norm_images": "labelled"},
        model="wrn_10_1",
        steps=5,
        schedule="multi_step",
        decay_epochs=(3, 4),
        decay_factor=0.1,
    )


def test_settings_of_an_embedding_are_a_dictionary():
    settings = parse_settings(EmbeddingSettings, '{"algorithm": "tsne", "perplexity": 5}')
    assert isinstance(settings, EmbeddingSettings)
    assert settings["perplexity"] == 5
    assert settings["iterations"] == 500


def test_a_distance_that_umap_would_refuse_after_the_trainings():
    with pytest.raises(InputError, match="min_dist = 1.5: must be <= 1"):
        parse_settings(EmbeddingSettings, '{"algorithm": "umap", "min_dist": 1.5}')


def fields_of_settings():
    for settings in STAGE_KEYS:
        if dataclasses.is_dataclass(settings):
            hints = typing.get_type_hints(settings)
            for name, key in keys_of(settings).items():
                yield pytest.param(key, hints[name], id=f"{settings.__name__}.{name}")


TYPES = {"integer": int, "number": float, "boolean": bool, "text": str, "choice": str}


@pytest.mark.parametrize(("key", "hint"), list(fields_of_settings()))
def test_annotations_agree_with_keys(key, hint):
    alternatives = typing.get_args(hint) if type(None) in typing.get_args(hint) else (hint,)
    assert key.null == (type(None) in alternatives)
    if key.kind in TYPES:
        assert alternatives[0] is TYPES[key.kind]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{dtype", "--settings: not JSON (Expecting property name"),
        ("[]", "--settings: config = []: must be a mapping"),
        (
            '{"dtype": "float23"}',
            "--settings: dtype = 'float23': did you mean 'float32'? allowed: float32, float16",
        ),
        (
            '{"dtype": "float32", "typ": 1}',
            "--settings: typ: unknown key; did you mean 'dtype'? allowed: dtype, images_per_class",
        ),
    ],
)
def test_bad_settings_are_one_line(text, expected):
    with pytest.raises(InputError) as caught:
        parse_settings(ActivationSettings, text)
    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)


def test_missing_settings_are_one_line():
    with pytest.raises(InputError, match=r"^--settings: config: missing model$"):
        parse_settings(MethodSettings, '{"objective": "cross_entropy"}')


def test_contradictory_settings_are_one_line():
    with pytest.raises(InputError) as caught:
        parse_settings(MethodSettings, json.dumps(METHOD | {"epochs": 3, "momentum": 0}))
    assert "exactly one of epochs and steps must be set" in str(caught.value)
    assert "nesterov = true: needs a momentum > 0" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"temperature": 4}, "options: missing teacher"),
        ({"teacher": "t", "views": 2}, "options.views: unknown key; allowed: teacher, images, "),
    ],
)
def test_options_are_those_of_the_objective(options, expected):
    values = METHOD | {"objective": "distillation", "options": options}
    with pytest.raises(InputError) as caught:
        parse_settings(MethodSettings, json.dumps(values))
    assert str(caught.value).startswith(f"--settings: {expected}")


def test_defaults_need_no_json():
    settings = parse_settings(StatisticsSettings, "{}")
    assert settings == StatisticsSettings()


def test_suggestions():
    assert suggest("techer", ["a", "teacher"]) == "did you mean 'teacher'? allowed: a, teacher"
    assert suggest("zzz", ["a", "teacher"]) == "allowed: a, teacher"
    assert suggest("zzz", []) == "allowed: none"
    many = [f"class_{number}" for number in range(99)] + ["plate"]
    assert suggest("plat", many).startswith(
        "did you mean 'plate'? the nearest of 100 allowed: plate,"
    )
