"""Colours that can be told apart, and legends that fit."""

import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from limbeck.figures.shared import style

# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


# IEC 61966-2-1; its rows add up to the white point D65.
RGB_TO_XYZ = np.array([
    [0.4124, 0.3576, 0.1805],
    [0.2126, 0.7152, 0.0722],
    [0.0193, 0.1192, 0.9505],
])  # fmt: skip


def lab(colour, vision):
    """Return a colour as it is seen, in CIELAB."""
    encoded = np.array(to_rgb(colour))
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    xyz = RGB_TO_XYZ @ np.clip(VISION[vision] @ linear, 0, 1) / RGB_TO_XYZ.sum(axis=1)
    x, y, z = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(first, second, vision):
    """Return the CIE 1976 difference of two colours; 2.3 is just noticeable."""
    return np.linalg.norm(lab(first, vision) - lab(second, vision))


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_told_apart(vision):
    assert len(style.METHOD_COLOURS) == len(style.MARKERS) == 8
    for first, second in itertools.combinations(style.METHOD_COLOURS, 2):
        assert distance(first, second, vision) > 15, (first, second)


def test_more_methods_than_colours_have_looks_of_their_own():
    methods = [f"method_{number}" for number in range(20)]
    looks = [tuple(style.method_style(method, methods).values()) for method in methods]
    assert len(set(looks)) == 20
    assert len({colour for colour, _ in looks[:8]}) == len({marker for _, marker in looks[:8]}) == 8


def test_wide_legends_take_more_rows():
    labels = ["teacher", "undistilled", "standard deviation: band over classes, bars over folds"]
    assert style.legend_columns(labels, 183, 3) == 3
    assert style.legend_columns([*labels, *"abcdefgh"], 120, 11) < 11
    assert style.legend_columns(labels, 40, 3) == 1
    # Seven columns would fit, but two rows of nine labels need five.
    assert style.legend_columns([*"abcdefgh", labels[-1]], 155, 7) == 5
    # Matplotlib gives the first columns one label more: here the long one stands alone.
    assert style.legend_columns([*"abcd", labels[-1]], 95, 3) == 3


@pytest.mark.parametrize("count", [0, 3, 8, 9])
@pytest.mark.parametrize("note", ["", "A note that is far longer than the figure is wide. " * 6])
def test_text_below_lies_between_the_panels_and_the_edge(styled, count, note):
    labels = ["pseudo_labelling"] * max(count - 1, 0) + ["a long name of a thing"] * bool(count)
    figure, axes = style.new_figure(120, 60)
    handles = [axes[0, 0].errorbar([0], [0], yerr=[1]) for _ in labels]
    axes[0, 0].set_xlabel("label")
    style.add_footer(figure, note, handles, labels)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in [*figure.legends, *figure.texts]]
    assert len(boxes) == bool(count) + bool(note)
    panel = axes[0, 0].get_tightbbox()
    assert figure.get_figwidth() == pytest.approx(120 / 25.4)
    # What was there before the text keeps its height.
    assert figure.bbox.height - panel.y0 <= 60 / 25.4 * figure.dpi
    for box, above in zip(boxes, [panel, *boxes], strict=False):
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width
        assert box.y0 >= 0 and box.y1 <= above.y0


def test_panels_have_letters_if_there_are_several(styled):
    _, axes = style.new_figure(40, 40, 1, 3)
    style.letter_panels(axes.flat)
    assert [axis.get_title(loc="left") for axis in axes.flat] == ["a", "b", "c"]
    style.letter_panels(style.new_figure(40, 40)[1].flat)
    # More have no letters of their own.
    _, axes = style.new_figure(40, 40, 3, 9)
    style.letter_panels(axes.flat)
    assert axes[2, 8].get_title(loc="left") == ""


def test_names_are_no_formulas(styled):
    figure, axes = style.new_figure(40, 40)
    axes[0, 0].set_title("$a_b")
    axes[0, 0].set_xlabel(r"$\alpha^2$")
    figure.canvas.draw()
    assert axes[0, 0].get_title() == "$a_b"
    plain = axes[0, 0].xaxis.label.get_window_extent().width
    with matplotlib.rc_context({"text.parse_math": True}):
        axes[0, 0].xaxis.label.set_parse_math(True)
        assert axes[0, 0].xaxis.label.get_window_extent().width < plain / 2


def test_simulated_deuteranopia_confuses_red_and_green():
    red, green = "#C04040", "#6F6F20"
    assert distance(red, green, "normal") > 30
    assert distance(red, green, "deuteranopia") < 15


@pytest.mark.parametrize("vision", VISION)
def test_colours_stand_out_from_the_paper(vision):
    assert all(distance(colour, "#FFFFFF", vision) > 30 for colour in style.METHOD_COLOURS)


@pytest.mark.parametrize("bar", [False, True])
def test_letters_and_titles_do_not_meet(bar):
    with style.applied():
        figure, axes = style.new_figure(183, 40, 1, 5, sharey=True)
        if bar:
            figure.colorbar(axes[0, 0].imshow([[0, 1]]), ax=axes, pad=0.01)
        for axis in axes.flat:
            axis.set_xticks([])
            axis.set_title("correlation congruence")
        style.letter_panels(axes.flat)
        figure.draw_without_rendering()
        for axis in axes.flat:
            letter, title = (text.get_window_extent() for text in (axis._left_title, axis.title))
            assert letter.x1 < title.x0 and title.x1 < axis.bbox.x1 + axis.bbox.width / 10
        assert axes[0, 0].title.get_fontsize() >= style.SMALLEST


def test_long_titles_have_no_letters_beside_them(styled):
    figure, axes = style.new_figure(89, 40, 1, 5, sharey=True)
    axes[0, 0].set_yticks([0], ["a name as long as that"])
    for axis in axes.flat:
        axis.set_title("10,000 labels")
    style.letter_panels(axes.flat)
    figure.draw_without_rendering()
    for axis in axes.flat:
        title = axis.title.get_window_extent()
        assert axis.get_title(loc="left") == ""
        assert axis.bbox.x0 - 1 < title.x0 and title.x1 < axis.bbox.x1 + 1


def test_titles_of_more_panels_than_letters_do_not_meet(styled):
    figure, axes = style.new_figure(183, 200, 6, 5, sharey=True)
    name = "a student that learns from three teachers, 5,000"
    for axis in axes.flat:
        axis.set_title(name)
    style.letter_panels(axes.flat)
    figure.draw_without_rendering()
    for row in axes:
        boxes = [axis.title.get_window_extent() for axis in row]
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
        assert boxes[0].x0 > 0 and boxes[-1].x1 < figure.bbox.x1
    assert axes[0, 0].get_title().replace("\n", " ") == name


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("correlation congruence, A", 2),
        ("Mean Teacher, A", 1),
        ("MOMENTUM CONTRAST V2, A", 2),
        ("WWWWWWWWWWWWWWWW, A", 2),
    ],
)
def test_titles_of_neighbours_do_not_meet(title, lines):
    with style.applied():
        figure, axes = style.new_figure(183, 25, 1, 10)
        for axis in axes.flat:
            axis.set(xticks=[], yticks=[])
            style.set_title(axis, title)
        figure.draw_without_rendering()
        boxes = [axis.title.get_window_extent() for axis in axes.flat]
    gaps = [right.x0 - left.x1 for left, right in itertools.pairwise(boxes)]
    assert min(gaps) > 0.9 * style.TITLE_GAP_MM / style.MM_PER_INCH * figure.dpi
    assert axes[0, 0].get_title().count("\n") == lines - 1


def test_a_title_has_the_room_of_its_own_column(styled):
    _, axes = style.new_figure(100, 30, 1, 3, gridspec_kw={"width_ratios": [4, 1, 4]})
    for axis in axes.flat:
        style.set_title(axis, "neither short nor long")
    wide, narrow, _ = axes.flat
    assert wide.title.get_fontsize() == style.SETTINGS["axes.titlesize"]
    assert wide.get_title() == "neither short nor long"
    assert "\n" in narrow.get_title()


def test_a_title_that_is_fitted_again_has_the_size_of_the_first_time(styled):
    _, axes = style.new_figure(40, 40)
    sizes = []
    for title in (
        "a title that is too long for this panel",
        "short",
        "a title that is too long for this panel",
    ):
        style.set_title(axes[0, 0], title)
        sizes.append(axes[0, 0].title.get_fontsize())
    assert sizes[0] == sizes[2] < sizes[1] == style.SETTINGS["axes.titlesize"]
