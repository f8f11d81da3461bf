"""Networks described: stages, shapes and parameters worked out by hand."""

import pytest

from helpers.described import describe
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError

# By hand. A block without a shortcut has 2 * (9 c c + 2 c) parameters for c channels; the first of
# a group has 9 c c / 2 + c for half as many channels at first, and c c / 2 of its shortcut.
WIDE_RESNET = [
    ("input", "", "3×32×32", 3072, 0, ""),
    ("conv1", "Conv2d", "16×32×32", 16384, 9 * 3 * 16, "A"),
    ("group1", "Sequential", "16×32×32", 16384, 4 * 2 * (9 * 256 + 32), "B"),
    ("group2", "Sequential", "32×16×16", 8192, 14432 + 3 * 2 * (9 * 1024 + 64), "C"),
    ("group3", "Sequential", "64×8×8", 4096, 57536 + 3 * 2 * (9 * 4096 + 128), "D"),
    ("norm", "BatchNorm2d", "64×8×8", 4096, 128, ""),
    ("pool", "AdaptiveAvgPool2d", "64×1×1", 64, 0, "E"),
    ("head", "Linear", "100", 100, 6500, ""),
    ("logits", "WideResNet", "100", 100, 375348, ""),
]

RESNET = [
    ("input", "3×32×32", ""),
    ("upsampling", "3×64×64", ""),
    ("conv1", "64×32×32", ""),
    ("bn1", "64×32×32", ""),
    ("relu", "64×32×32", ""),
    ("maxpool", "64×16×16", "A"),
    ("layer1", "64×16×16", "B"),
    ("layer2", "128×8×8", "C"),
    ("layer3", "256×4×4", "D"),
    ("layer4", "512×2×2", ""),
    ("avgpool", "512×1×1", "E"),
    ("fc", "100", ""),
    ("logits", "100", ""),
]


def select(rows, *columns):
    return [tuple(row[column] for column in columns) for row in rows]


def test_wide_resnet_by_hand(method_settings, tmp_path):
    rows = storage.read_rows(describe(tmp_path, "distilled", method_settings(model="wrn_28_1")))
    columns = ("stage", "type", "shape", "values", "parameters", "layer")
    assert select(rows, *columns) == [tuple(map(str, row)) for row in WIDE_RESNET]
    assert {(row["method"], row["model"]) for row in rows} == {("distilled", "wrn_28_1")}
    modules = [int(row["parameters"]) for row in rows[:-1]]
    assert sum(modules) == 375348  # 0.37 million, as in the paper


def test_upsampled_resnet_by_hand(method_settings, tmp_path):
    settings = method_settings(model="resnet18", input_size=64)
    rows = storage.read_rows(describe(tmp_path, "teacher", settings))
    assert select(rows, "stage", "shape", "layer") == RESNET


def test_unknown_module_is_one_line(method_settings, tmp_path):
    with pytest.raises(InputError, match="^layer F = groop2: did you mean 'group2'"):
        describe(tmp_path, "distilled", method_settings(), {"F": "groop2"})


def test_the_studys_layers_are_described(method_settings, tmp_path):
    layers = {"A": "auto", "F": "group2.0"}
    rows = storage.read_rows(describe(tmp_path, "distilled", method_settings(), layers))
    assert [tuple(row) for row in select(rows, "stage", "layer") if row[1]] == [
        ("conv1", "A"),
        ("group2.0", "F"),
    ]
