"""The description of a network and the figure that shows it."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from helpers.drawn import texts
from limbeck.figures import networks
from limbeck.figures.shared import style
from limbeck.networks.model_file import save_network
from limbeck.networks.network import build_network
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages.describe_network import describe_network

IMAGES = {
    "class_names": [f"class_{index}" for index in range(100)],
    "mean": [0.5, 0.4, 0.2],
    "std": [0.25, 0.5, 0.1],
}
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


@pytest.fixture
def describe(method_settings, tmp_path):
    """Return a function that describes an untrained network and returns the table's path."""
    dataset = tmp_path / "dataset.zarr"
    images = np.zeros((2, 32, 32, 3), np.uint8)
    storage.write_store(dataset, {"test/images": images}, IMAGES)

    def write(method, layers=None, **changes):
        settings = method_settings(**changes)
        network = build_network(settings, IMAGES, 3)
        save_network(tmp_path / "model.pt", network, {"run": {"method": method}})
        describe_network(dataset, tmp_path / "model.pt", tmp_path / f"{method}.csv", layers)
        return tmp_path / f"{method}.csv"

    return write


def select(rows, *columns):
    return [tuple(row[column] for column in columns) for row in rows]


def test_wide_resnet_by_hand(describe):
    rows = storage.read_rows(describe("distilled", model="wrn_28_1"))
    columns = ("stage", "type", "shape", "values", "parameters", "layer")
    assert select(rows, *columns) == [tuple(map(str, row)) for row in WIDE_RESNET]
    assert {(row["method"], row["model"]) for row in rows} == {("distilled", "wrn_28_1")}
    modules = [int(row["parameters"]) for row in rows[:-1]]
    assert sum(modules) == 375348  # 0.37 million, as in the paper


def test_upsampled_resnet_by_hand(describe):
    rows = storage.read_rows(describe("teacher", model="resnet18", input_size=64))
    assert select(rows, "stage", "shape", "layer") == RESNET


def test_unknown_module_is_one_line(describe):
    with pytest.raises(InputError, match="^layer F = groop2: did you mean 'group2'"):
        describe("distilled", layers={"F": "groop2"})


def test_the_studys_layers_are_described(describe):
    rows = storage.read_rows(describe("distilled", layers={"A": "auto", "F": "group2.0"}))
    assert [tuple(row) for row in select(rows, "stage", "layer") if row[1]] == [
        ("conv1", "A"),
        ("group2.0", "F"),
    ]


# --- Figure -----------------------------------------------------------------------------------


@pytest.fixture
def drawn(describe):
    paths = [
        describe("teacher", model="resnet18", input_size=64),
        describe("undistilled", model="wrn_28_1"),
        describe("distilled", model="wrn_28_1"),
    ]
    with style.applied():
        yield networks.draw(None, paths, {"width": 183})


def boxes(axis):
    return [patch for patch in axis.patches if isinstance(patch, Rectangle)]


def test_methods_share_a_network(drawn):
    titles = [axis.get_title(loc="left") for axis in drawn.axes]
    assert titles == [
        "resnet18 (teacher): 11.2 million parameters",
        "wrn_28_1 (undistilled, distilled): 0.375 million parameters",
    ]


def test_named_layers_stand_over_their_boxes(drawn):
    for axis, places in zip(drawn.axes, ([3, 4, 5, 6, 8], [1, 2, 3, 4, 6]), strict=True):
        letters = {text.get_text(): text.get_position()[0] for text in axis.texts}
        assert [letters[name] for name in "ABCDE"] == places
        named = [
            place
            for place, box in enumerate(boxes(axis))
            if to_hex(box.get_facecolor()) == to_hex(networks.NAMED)
        ]
        assert named == places


def test_boxes_are_as_large_as_their_shapes(drawn):
    _, axis = drawn.axes
    # Sides 32, 32, 32, 16, 8, 8, 1 and 1; channels 3, 16, 16, 32, 64, 64, 64 and 100.
    heights = [box.get_height() for box in boxes(axis)]
    widths = [box.get_width() for box in boxes(axis)]
    assert heights[0] == heights[1] == heights[2] > heights[3] > heights[4] == heights[5]
    assert heights[5] > heights[6] == heights[7] == networks.SMALLEST
    assert widths[0] < widths[1] == widths[2] < widths[3] < widths[4] == widths[6] < widths[7]
    teacher = boxes(drawn.axes[0])
    assert teacher[1].get_height() == pytest.approx(networks.TALLEST)  # 64 pixels
    assert teacher[8].get_width() == pytest.approx(networks.WIDEST)  # 512 channels
    assert teacher[0].get_height() == heights[0]  # one scale for all networks


def test_shapes_and_stages_are_written_below(drawn):
    teacher, student = (texts(axis) for axis in drawn.axes)
    assert {"16×32×32", "= 16,384", "= 8,192", "= 4,096", "= 64", "100", "conv1"} <= set(student)
    place = {text.get_text(): text.get_position() for text in drawn.axes[0].texts}
    (column, first), (_, second), (_, third) = (place[name] for name in ("conv1", "bn1", "relu"))
    assert place["bn1"][0] == place["relu"][0] == column
    assert first > second > third
    assert place["fc"][0] == place["logits"][0] == 9
