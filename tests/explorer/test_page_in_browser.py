"""The explorer in a real browser: what a mouse does there."""

import time

import numpy as np
import pytest
from matplotlib.path import Path as Polygon
from selenium.webdriver.common.keys import Keys

from helpers.browser import REACH, circle
from helpers.made_up import CLASSES, METHODS
from limbeck.explorer.colours import distinct_colours
from limbeck.explorer.page import aligned_points

pytestmark = pytest.mark.slow
LAYERS = ("A", "B", "C")
# Matplotlib's viridis at the first nine of ten steps.
VIRIDIS = ("440154", "482878", "3e4989", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b")
PLACES = [(method, layer) for method in METHODS for layer in LAYERS]


@pytest.fixture(scope="module")
def drawn(content):
    """Return the points of the first view's panels, by method and layer."""
    assert (content.views[0].embedding, content.views[0].budget) == ("tsne", 50)
    return aligned_points(content, content.views[0])


def isolated(points, distance):
    """Return the images that have no other within a distance, in the units of the points."""
    gaps = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(gaps, np.inf)
    return np.flatnonzero(gaps.min(axis=1) > distance)


def frame_of(page, method, layer):
    return page.frames()[PLACES.index((method, layer))]


def on_screen(page, points):
    """Return where points lie in a panel, in pixels from its upper left corner."""
    size = page.script("return document.querySelector('.panel .frame').clientWidth")
    return on_axis(points, size)


def pixels(page, frame, points):
    """Return the colours of a frame at points, (n, 3)."""
    page.leave()
    picture = page.picture(frame).astype(float)
    # The frame's border, a pixel wide, is part of the picture.
    size = picture.shape[0] - 2
    column, row = np.floor(on_axis(points, size)).astype(int).T + 1
    return picture[row, column]


def on_axis(points, size):
    """Return where points lie in a frame of a size, from its upper left corner."""
    return (np.array([REACH, REACH]) + points * [1, -1]) / 2 / REACH * size


def ink(page, frame, points):
    """Return how far from white a frame is at points, (n,), 0 to 1."""
    return 1 - pixels(page, frame, points).min(axis=1) / 255


def saved_ids(page, browser, folder):
    """Save the ids of the selection, and return the file."""
    for old in folder.glob("selection*.json"):
        old.unlink()
    page.find("#save-ids").click()
    return page.wait(lambda: next(folder.glob("selection.json"), None))


def test_a_lasso_in_one_panel_selects_in_all(page, browser, drawn, study, downloads):
    corners = circle((0.1, -0.05), 0.45)
    inside = Polygon(corners).contains_points(drawn["undistilled", "B"])
    assert 5 < inside.sum() < 50
    page.lasso(frame_of(page, "undistilled", "B"), corners)
    assert page.text("#selection-title") == f"{inside.sum()} images selected"
    selection = study.select(saved_ids(page, browser, downloads))
    samples = study.samples["sample_id"]
    # Corners are whole pixels on the screen, so an image on the line may fall on either side.
    differ = set(selection.ids) ^ set(samples[inside])
    assert len(differ) <= 2 and len(selection) == inside.sum()
    chosen = samples.isin(selection.ids).to_numpy()
    frames = [frame_of(page, *place) for place in PLACES] + [page.stage()]
    for place, frame in zip([*PLACES, ("distilled", "C")], frames, strict=True):
        points = drawn[place]
        gaps = np.linalg.norm(points[:, None] - points[chosen], axis=2).min(axis=1)
        assert ink(page, frame, points[chosen]).min() > 0.5
        far = gaps > 0.12
        assert far.sum() > 3
        assert ink(page, frame, points[far]).max() < 0.4
    page.find("#clear").click()
    assert page.text("#selection-title") == "60 images shown"
    assert ink(page, frames[0], drawn[PLACES[0]]).min() > 0.5


def test_the_colours_mean_what_the_key_says(page, drawn, content):
    """The share of the teacher's neighbours, from none to all; right or wrong; the class."""
    frame = frame_of(page, "distilled", "C")
    points = drawn["distilled", "C"]
    alone = isolated(points, 0.06)
    near = content.runs[50, 0].neighbours
    of = {method: near[method, "C"][alone] for method in METHODS}
    shares = [
        len(set(a) & set(b)) / 10 for a, b in zip(of["distilled"], of["teacher"], strict=True)
    ]
    assert len(set(shares)) > 2
    page.choose("#colour", "neighbours shared with teacher")
    assert_colours(page, frame, points[alone], [VIRIDIS[int(share * 8 + 0.5)] for share in shares])
    right = content.runs[50, 0].predictions["distilled"][alone] == content.labels[alone]
    page.choose("#colour", "right or wrong")
    assert_colours(page, frame, points[alone], np.where(right, "0072b2", "d55e00"))
    page.choose("#colour", "class")
    classes = [name[1:] for name in distinct_colours(4)]
    assert_colours(page, frame, points[alone], [classes[k] for k in content.labels[alone]])


def assert_colours(page, frame, points, names):
    """Check the colours of points, which are drawn on white with an opacity of 0.85."""
    wanted = np.array([[int(name[i : i + 2], 16) for i in (0, 2, 4)] for name in names])
    np.testing.assert_allclose(pixels(page, frame, points), 255 - 0.85 * (255 - wanted), atol=2)


def test_shift_adds_to_the_selection(page, drawn):
    points = drawn["teacher", "C"]
    frame = frame_of(page, "teacher", "C")
    for label, key in ((0, None), (1, Keys.SHIFT)):
        middle = points[np.arange(60) % 4 == label].mean(axis=0)
        page.lasso(frame, circle(middle, 0.18), key)
        if key is None:
            first = int(page.text("#selection-title").split()[0])
    both = int(page.text("#selection-title").split()[0])
    assert 0 < first < both


@pytest.mark.parametrize("place", [("teacher", "A"), ("distilled", "C")])
def test_hover_shows_the_image_and_rings_it_everywhere(page, drawn, study, place):
    images = study.images()[:]
    for image in isolated(drawn[place], 0.12)[:3]:
        page.move_to(frame_of(page, *place), drawn[place][image])
        tip = page.find("#tip-image")
        assert tip.get_attribute("data-image") == str(image)
        picture = page.picture(tip)
        assert picture.shape == (96, 96, 3)
        np.testing.assert_array_equal(picture[6::12, 6::12], images[image])
        text = page.text("#tip")
        assert CLASSES[image % 4] in text
        frame = study.select([study.samples["sample_id"][image]]).frame(budget=50)
        for method in METHODS:
            predicted = frame[f"prediction:{method}"][0]
            mark = "✓" if predicted == CLASSES[image % 4] else "✗"
            assert f"{mark} {predicted}" in text
        for other, rings in zip(PLACES, page.marks("circle.ringed", "cx", "cy"), strict=True):
            assert len(rings) == 1
            np.testing.assert_allclose(rings[0], on_screen(page, drawn[other][image]), atol=0.5)


def test_what_stands_beside_a_point_is_of_the_view(page, drawn):
    image = int(isolated(drawn["teacher", "A"], 0.12)[0])
    page.move_to(frame_of(page, "teacher", "A"), drawn["teacher", "A"][image])
    assert page.find("#tip").is_displayed()
    page.find("#budget").send_keys(Keys.ARROW_DOWN)
    assert not page.find("#tip").is_displayed()


def test_nothing_stands_beside_a_point_that_a_filter_hides(page, drawn):
    points = drawn["teacher", "A"]
    image = next(image for image in isolated(points, 0.12) if image % 4)
    page.move_to(frame_of(page, "teacher", "A"), points[image])
    assert page.find("#tip").is_displayed()
    page.find("#class").send_keys(Keys.ARROW_DOWN)  # to the first one
    assert not page.find("#tip").is_displayed() and page.marks("circle.ringed") == [[]] * 9


def test_arrow_keys_begin_in_the_middle_and_stay_in_view(page, drawn):
    points = drawn["distilled", "C"]
    ahead, aside = points[:, 0], np.abs(points[:, 1])
    cost = np.where((ahead > 0) & (aside <= 2 * ahead), ahead + 2 * aside, np.inf)
    frame = page.find("#stage-frame")
    frame.send_keys(Keys.ARROW_RIGHT)
    assert page.find("#card-image").get_attribute("data-image") == str(cost.argmin())
    for _ in range(8):
        page.find("#zoom-in").click()
    seen = set()
    for _ in range(5):
        frame.send_keys(Keys.ARROW_RIGHT)
        seen.add(page.find("#card-image").get_attribute("data-image"))
        ring = page.find("#stage circle.picked")
        width = page.stage().size["width"]
        assert all(0 <= float(ring.get_attribute(name)) <= width for name in ("cx", "cy"))
    assert len(seen) > 1


def test_points_stay_however_far_the_wheel_is_turned(page, drawn):
    page.find("#tool-move").click()
    page.all("#sheet button")[0].click()

    def turned(times, by):
        """Turn the wheel beside the middle, and return where the picked image is on the stage."""
        return page.script(
            """
            const frame = document.querySelector("#stage-frame > .frame");
            const {left, top, width, height} = frame.getBoundingClientRect();
            const place = {clientX: left + 0.8 * width, clientY: top + 0.7 * height};
            for (let i = 0; i < arguments[0]; i++)
              frame.dispatchEvent(new WheelEvent("wheel", {deltaY: arguments[1], ...place}));
            const mark = frame.querySelector("circle.picked");
            return [mark.getAttribute("cx"), mark.getAttribute("cy")].map(Number);
            """,
            times,
            by,
        )

    for by in (100, -100):
        end = turned(60, by)
        assert turned(30, by) == pytest.approx(end, abs=0.1)


def test_a_click_draws_the_true_neighbours(page, drawn, study):
    place = ("distilled", "A")
    image = int(isolated(drawn[place], 0.12)[0])
    page.click(frame_of(page, *place), drawn[place][image])
    true = {
        (method, layer): study.neighbours(method, budget=50, layer=layer).indices[image][:10]
        for method, layer in PLACES
    }
    lines = page.marks("line", "data-image", "x1", "y1", "x2", "y2")
    for other, drawn_lines in zip(PLACES, lines, strict=True):
        ids, x1, y1, x2, y2 = np.transpose(drawn_lines)
        assert ids.tolist() == true[other].tolist()
        points = on_screen(page, drawn[other])
        np.testing.assert_allclose(np.stack([x1, y1], 1), [points[image]] * 10, atol=0.5)
        np.testing.assert_allclose(np.stack([x2, y2], 1), points[true[other]], atol=0.5)
    # The strips are those of the stage's layer until another is chosen.
    framed = [flag for layer in "CA" for flag in strips(page, true, layer)]
    assert any(framed) and not all(framed)


def strips(page, true, layer):
    """Check the strips of a layer, and return which of their images are framed."""
    page.choose("#neighbour-layer", layer)
    flags = []
    for method, tiles in zip(METHODS, page.tiles(), strict=True):
        assert [image for image, _ in tiles] == true[method, layer].tolist()
        others = {number for other in METHODS if other != method for number in true[other, layer]}
        assert [flag for _, flag in tiles] == [image in others for image, _ in tiles]
        flags += [flag for _, flag in tiles]
    return flags


def test_the_morph_ends_where_the_other_panel_is(page, drawn):
    def stage_shows(place):
        points = drawn[place]
        assert ink(page, page.stage(), points).min() > 0.5
        for image in isolated(points, 0.1)[:4]:
            page.move_to(page.stage(), points[image])
            assert page.find("#tip-image").get_attribute("data-image") == str(image)

    assert page.text("#stage-title") == "distilled, layer C"
    stage_shows(("distilled", "C"))
    page.find("#layer").send_keys(Keys.HOME)
    assert page.text("#stage-title") == "distilled, layer A"
    stage_shows(("distilled", "A"))
    page.find("#method").send_keys(Keys.HOME)
    assert page.text("#stage-title") == "undistilled, layer A"
    stage_shows(("undistilled", "A"))
    page.choose("#from", "teacher")
    page.find("#play-layer").click()
    page.wait(lambda: page.text("#stage-title") == "teacher, layer C")
    stage_shows(("teacher", "C"))


def test_half_way_the_stage_is_half_way(page, drawn):
    page.script(
        "for (const [id, value] of [['layer', 0.5], ['method', 0.5]]) {"
        "const input = document.getElementById(id); input.value = value;"
        "input.dispatchEvent(new Event('input')); }"
    )
    corners = [drawn[method, layer] for method in METHODS[1:] for layer in "AB"]
    assert ink(page, page.stage(), np.mean(corners, axis=0)).min() > 0.5
    assert page.text("#stage-title") == "undistilled → distilled, layer A → B"


def test_any_panel_goes_to_the_stage(page, drawn):
    page.all(".to-stage")[PLACES.index(("teacher", "B"))].click()
    page.wait(lambda: page.text("#stage-title") == "teacher, layer B")
    assert ink(page, page.stage(), drawn["teacher", "B"]).min() > 0.5
    shown = [panel.get_attribute("class") for panel in page.all(".panel")]
    assert [("on-stage" in name) for name in shown] == [
        place == ("teacher", "B") for place in PLACES
    ]


def test_zoom_and_move(page, drawn):
    page.find("#zoom-in").click()
    points = drawn["distilled", "C"]
    near = np.abs(points * 1.5).max(axis=1) < 0.95
    assert near.any()
    assert ink(page, page.stage(), points[near] * 1.5).min() > 0.5
    page.find("#tool-move").click()
    page.lasso(page.stage(), [(0, 0), (0.2, 0)])
    assert page.text("#selection-title") == "60 images shown"
    page.find("#zoom-all").click()
    assert ink(page, page.stage(), points).min() > 0.5


def test_nothing_was_wrong_and_nothing_was_asked_of_a_network(page, browser):
    time.sleep(0.5)
    assert page.messages() == []
    own = ("file:", "blob:", "data:", "about:", "chrome:")
    asked = page.requests()
    assert any(url.startswith("file:") for url in asked)
    assert [url for url in asked if not url.startswith(own)] == []
