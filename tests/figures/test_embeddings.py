"""The figure of embeddings: points where they belong, groups told apart, collapses marked."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from helpers.drawn import legend_labels, points_in, texts, write_embedding
from limbeck.embeddings.alignment import align
from limbeck.figures import embeddings
from limbeck.figures.shared.groups import GREY
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError

pytestmark = pytest.mark.usefixtures("styled")


def draw(dataset, stores, **settings):
    return embeddings.draw(dataset, stores, {"width": 120, **settings})


def colours_in(axis):
    """Return the colours of a panel's points, from the left to the right."""
    drawn = np.concatenate([shape.get_offsets() for shape in axis.collections])
    colours = np.concatenate([shape.get_facecolor() for shape in axis.collections])
    return [to_hex(colour) for colour in colours[np.lexsort(drawn.T[::-1])]]


def test_panels_are_methods_by_layers_turned_to_the_first_methods_last(stores, dataset):
    drawing = draw(dataset(4), stores)
    titles = [axis.get_title() for axis in drawing.figure.axes]
    assert titles == [
        f"{method}, {layer}" for method in ("teacher", "distilled") for layer in "ABE"
    ]
    assert [axis.get_title(loc="left") for axis in drawing.figure.axes] == list("abcdef")
    assert drawing.figure.get_suptitle() == "t-SNE, 50 labels, 40 test images"
    reference = storage.open_store(stores[2])["points"][:]
    for axis, path in zip(drawing.figure.axes, stores, strict=True):
        expected = align(storage.open_store(path)["points"][:], reference)
        np.testing.assert_allclose(points_in(axis), expected[np.lexsort(expected.T[::-1])])


def test_numbers_are_the_points_that_are_drawn(stores, dataset):
    drawing = draw(dataset(4), stores)
    rows = [dict(zip(drawing.columns, row, strict=True)) for row in drawing.rows]
    assert len(rows) == 6 * 40
    first = [row for row in rows if (row["method"], row["layer"]) == ("teacher", "A")]
    assert first[0]["sample_id"] == "test-59" and first[0]["class"] == "class_3"
    found = np.array(sorted((row["x"], row["y"]) for row in first))
    np.testing.assert_allclose(found, points_in(drawing.figure.axes[0]))


@pytest.mark.parametrize(
    ("classes", "superclasses", "names"),
    [
        (4, (), ["class 0", "class 1", "class 2", "class 3"]),
        (4, (0, 1, 1, 0), ["class 0", "class 1", "class 2", "class 3"]),
        (20, (0, 1, 1, 0) * 5, ["super 0", "super 1"]),
        (20, range(20), [*(f"super {at:02}" for at in range(7)), "13 other superclasses"]),
        (20, (), [*(f"class {at}" for at in range(7)), "13 other classes"]),
    ],
)
def test_groups_are_classes_or_superclasses_a_few_in_colour(
    stores, dataset, classes, superclasses, names
):
    drawing = draw(dataset(classes, superclasses), stores)
    assert legend_labels(drawing.figure) == names
    key = [to_hex(line.get_color()) for line in drawing.figure.legends[0].get_lines()]
    assert len(set(key)) == len(names)
    labels = np.arange(59, 19, -1) % classes
    groups = np.array(superclasses)[labels] if names[0].startswith("super") else labels
    reference = storage.open_store(stores[2])["points"][:]
    points = align(reference, reference)
    expected = [key[min(group, len(key) - 1)] for group in groups[np.lexsort(points.T[::-1])]]
    assert colours_in(drawing.figure.axes[2]) == expected


def test_groups_that_are_asked_for_have_the_colours(stores, dataset):
    opened = dataset(20, (0, 1, 2, 3) * 5)
    drawing = draw(opened, stores, groups=["super_2", "super_0"])
    assert legend_labels(drawing.figure) == ["super 2", "super 0", "2 other superclasses"]
    drawing = draw(opened, stores, groups=["class_3"])
    assert legend_labels(drawing.figure) == ["class 3", "19 other classes"]
    colours = colours_in(drawing.figure.axes[0])
    assert colours.count(GREY.lower()) == 38
    with pytest.raises(InputError, match="^groups = 'clas_3': .* did you mean 'class_3'"):
        draw(opened, stores, groups=["clas_3"])


def test_short_names_stand_at_the_densest_points(stores, dataset, tmp_path):
    opened = dataset(4)
    opened.attributes["class_names"] = ["0", "1", "2", "$"]
    rng = np.random.default_rng(0)
    labels = np.arange(59, 19, -1) % 4
    corners = np.array([[-9, -9], [-9, 9], [9, -9], [9, 9]], float)
    points = corners[labels] + rng.normal(size=(40, 2))
    path = write_embedding(tmp_path / "e", points)
    (axis,) = draw(opened, [path]).figure.axes
    places = {text.get_text(): np.array(text.get_position()) for text in axis.texts}
    assert set(places) == {"0", "1", "2", "$"}
    for name, corner in zip("012$", corners, strict=True):
        assert np.linalg.norm(places[name] - corner / 10) < 0.4
    assert not axis.figure.legends


def test_names_do_not_cover_small_panels(dataset, tmp_path):
    opened = dataset(4)
    opened.attributes["class_names"] = list("0123")
    points = np.random.default_rng(0).normal(size=(40, 2))
    stores = [
        write_embedding(tmp_path / f"{number}", points, layer=f"layer{number}")
        for number in range(12)
    ]
    # A twelfth of 183 is 15.25 mm, of 120 it is 10 mm.
    large = draw(opened, stores, width=183).figure
    assert sorted(texts(large.axes[0])) == list("0123") and not large.legends
    small = draw(opened, stores, width=120).figure
    assert texts(small.axes[0]) == [] and legend_labels(small) == list("0123")


def test_a_collapsed_embedding_is_marked(dataset, tmp_path):
    points = np.random.default_rng(0).normal(size=(40, 2))
    whole = write_embedding(tmp_path / "a", points, layer="A")
    line = write_embedding(tmp_path / "b", points * [1, 0.001], layer="B")
    place = write_embedding(tmp_path / "c", points * 1e-5, layer="C")
    drawing = draw(dataset(4), [whole, line, place])
    assert [texts(axis) for axis in drawing.figure.axes] == [[], ["collapsed"], ["collapsed"]]
    assert "to a line or a point, not to be read (teacher, B, teacher, C)" in drawing.alt


def test_panel_without_a_store_says_so(stores, dataset):
    axes = draw(dataset(4), stores[:-1]).figure.axes
    assert [texts(axis) for axis in axes] == [[]] * 5 + [["not measured"]]


def test_many_methods_stand_in_blocks_side_by_side(dataset, tmp_path):
    points = np.random.default_rng(0).normal(size=(40, 2))
    stores = [
        write_embedding(tmp_path / f"{number}{layer}", points, method=f"m{number}", layer=layer)
        for number in range(7)
        for layer in "AB"
    ]
    drawing = draw(dataset(4), stores, width=183)
    shown = [axis for axis in drawing.figure.axes if axis.axison]
    assert len(shown) == 14
    titles = {axis.get_title(): axis.get_subplotspec() for axis in shown}
    first, second = titles["m0, A"], titles["m1, A"]
    assert first.rowspan.start == second.rowspan.start and second.colspan.start == 2
    width, height = drawing.figure.get_size_inches()
    assert height < 1.5 * width
