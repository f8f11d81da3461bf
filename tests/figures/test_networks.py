"""The figure of networks: boxes, shapes and layers."""

import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from helpers.described import describe
from helpers.drawn import texts
from limbeck.figures import networks
from limbeck.figures.shared import style


@pytest.fixture
def drawn(method_settings, tmp_path):
    student = method_settings(model="wrn_28_1")
    paths = [
        describe(tmp_path, "teacher", method_settings(model="resnet18", input_size=64)),
        describe(tmp_path, "undistilled", student),
        describe(tmp_path, "distilled", student),
    ]
    with style.applied():
        yield networks.draw(None, paths, {"width": 183}).figure


def boxes(axis):
    return [patch for patch in axis.patches if isinstance(patch, Rectangle)]


def test_methods_share_a_network(drawn):
    titles = [axis.get_title() for axis in drawn.axes]
    assert titles == [
        "resnet18 (teacher): 11.2 million parameters",
        "wrn_28_1 (undistilled, distilled): 0.375 million parameters",
    ]


def test_the_names_of_many_methods_stay_inside(styled, method_settings, tmp_path):
    names = [f"a_rather_long_name_{number}" for number in range(14)]
    paths = [describe(tmp_path, name, method_settings(model="wrn_28_1")) for name in names]
    drawing = networks.draw(None, paths, {"width": 183})
    drawing.figure.draw_without_rendering()
    (axis,) = drawing.figure.axes
    box = axis.title.get_window_extent()
    assert 0 < box.x0 < box.x1 < drawing.figure.bbox.x1
    assert ", ".join(name.replace("_", " ") for name in names) in drawing.alt


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


@pytest.mark.parametrize(
    ("shape", "side", "channels"),
    [((1, 28, 32), 32, 1), ((16, 32, 28), 32, 16), ((3, 20, 80), 80, 3), ((100,), 1, 100)],
)
def test_images_need_not_be_square(shape, side, channels):
    box = networks.Box(("conv",), shape, "")
    assert (box.side, box.channels) == (side, channels)


def test_a_stage_of_one_number_an_image_is_a_box():
    rows = [
        {"stage": "conv", "shape": "8×4×4", "layer": ""},
        {"stage": "score", "shape": "", "layer": ""},
    ]
    first, last = networks.merge_stages(rows)
    assert (first.shape, last.shape, last.side, last.channels) == ((8, 4, 4), (), 1, 1)


def test_shapes_and_stages_are_written_below(drawn):
    teacher, student = (texts(axis) for axis in drawn.axes)
    assert {"16×32×32", "= 16,384", "= 8,192", "= 4,096", "= 64", "100", "conv1"} <= set(student)
    place = {text.get_text(): text.get_position() for text in drawn.axes[0].texts}
    (column, first), (_, second), (_, third) = (place[name] for name in ("conv1", "bn1", "relu"))
    assert place["bn1"][0] == place["relu"][0] == column
    assert first > second > third
    assert place["fc"][0] == place["logits"][0] == 9
