"""The explorer in a real browser: its controls, by mouse, keyboard and screen reader."""

from dataclasses import replace

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from helpers.browser import Page
from helpers.made_up import CLASSES, METHODS, SUPERCLASSES
from limbeck.explorer.page import build_page

pytestmark = pytest.mark.slow
ROLES = ("button", "combobox", "slider", "searchbox", "application", "image")


def verdicts(study, budget=50):
    """Return for each method whether it is right, (60,)."""
    labels = study.samples["label"].to_numpy()
    return {
        method: np.asarray(study.predictions(method, budget=budget)).argmax(axis=1) == labels
        for method in METHODS
    }


def as_shown(name):
    """Return a name as a browser shows it: a tab becomes a space."""
    return " ".join(name.split())


def title(page):
    return page.text("#selection-title")


def status(page):
    """Return what a screen reader was told last."""
    return page.find("#status").get_attribute("textContent")


def test_filters_leave_what_they_say(page, study):
    labels = study.samples["label"].to_numpy()
    page.choose("#class", as_shown(CLASSES[0]))
    assert title(page) == f"{(labels == 0).sum()} images shown"
    page.choose("#class", "all")
    page.choose("#superclass", as_shown(SUPERCLASSES[2]))
    assert title(page) == "30 images shown"
    page.find("#reset").click()
    assert title(page) == "60 images shown"
    right = verdicts(study)
    page.find("#verdicts summary").click()
    page.find("#preset").click()
    wanted = right["teacher"] & ~right["undistilled"] & right["distilled"]
    assert 0 < wanted.sum() < 60
    assert title(page) == f"{wanted.sum()} images shown"
    tiles = page.script(
        "return [...document.querySelectorAll('#sheet button')].map(t => +t.dataset.image)"
    )
    assert tiles == np.flatnonzero(wanted).tolist()
    selects = page.all("#verdicts select")
    page.choose("#verdicts label:nth-child(2) select", "any")
    assert [select.get_attribute("value") for select in selects] == ["right", "any", "right"]
    assert title(page) == f"{(right['teacher'] & right['distilled']).sum()} images shown"


def test_what_a_filter_hides_is_not_found_by_the_mouse(page):
    page.choose("#class", as_shown(CLASSES[1]))
    page.find("#select-shown").click()
    assert title(page) == "15 images selected"
    page.choose("#class", as_shown(CLASSES[2]))
    assert title(page) == "0 images selected"


def test_the_key_of_the_colours_filters_too(page):
    keys = page.all("#legend button")
    assert [key.text for key in keys] == [as_shown(name) for name in CLASSES]
    keys[2].click()
    assert title(page) == "15 images shown"
    assert page.find("#class").get_attribute("value") == "2"
    pressed = [key.get_attribute("aria-pressed") for key in page.all("#legend button")]
    assert pressed == ["false", "false", "true", "false"]
    page.all("#legend button")[2].click()
    assert title(page) == "60 images shown"


def test_accuracy_and_confusion_of_what_is_shown(page, study):
    page.choose("#class", as_shown(CLASSES[3]))
    rows = page.all("#by-method tbody tr")
    for method, row in zip(METHODS, rows, strict=True):
        labels = np.asarray(study.predictions(method, budget=50))[3::4].argmax(axis=1)
        name, accuracy, confused = (cell.text for cell in row.find_elements(By.XPATH, "*"))
        part = 100 * (labels == 3).mean()
        assert name == method
        assert float(accuracy.removesuffix(" %")) == pytest.approx(part, abs=0.51)
        counts = {k: int((labels == k).sum()) for k in range(3)}
        most = sorted((k for k in counts if counts[k]), key=lambda k: (-counts[k], k))
        lines = [f"{as_shown(CLASSES[3])} → {as_shown(CLASSES[k])} ({counts[k]})" for k in most]
        assert [" ".join(line.split()) for line in confused.splitlines()] == lines


def test_search_finds_classes_and_images(page, study):
    search = page.find("#search")
    search.send_keys("クラ")
    assert [item.text for item in page.all("#results li")] == [f"class {CLASSES[2]}"]
    box = "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()"
    for width in (360, 640, 900, 1200, 1500):
        page.driver.set_window_size(width, 900)
        found, own = page.script(box, "#results"), page.script(box, "#search")
        assert 0 <= found["left"] < found["right"] <= page.script("return innerWidth")
        assert found["top"] >= own["bottom"]
    page.driver.set_window_size(1440, 1000)
    search.send_keys(Keys.ENTER)
    assert title(page) == "15 images shown"
    assert page.all("#results li") == []
    search.send_keys("<i>33<")
    found = page.all("#results button")
    assert len(found) == 1
    found[0].click()
    assert page.find("#card-image").get_attribute("data-image") == "33"
    assert study.samples["sample_id"][33] in page.text("#card")
    search.send_keys("nowhere")
    assert page.text("#results") == "nothing found"


def test_another_view_is_another_embedding(page, content):
    page.choose("#embedding", "pca")
    page.choose("#budget", "200")
    state = dict(part.split("=") for part in page.settled_hash().split("&"))
    assert (state["embedding"], state["budget"]) == ("pca", "200")
    shown = page.script("return document.querySelector('#rows h3 small').textContent")
    right = (content.runs[200, 0].predictions["teacher"] == content.labels).mean()
    assert float(shown.removesuffix(" % right")) == pytest.approx(100 * right, abs=0.051)


def test_what_is_chosen_is_shown_if_all_else_is_another(browser, content, tmp_path):
    by_name = {(view.embedding, view.budget): view for view in content.views}
    views = [by_name["tsne", 50], replace(by_name["pca", 200], fold=1)]
    runs = {(50, 0): content.runs[50, 0], (200, 1): content.runs[200, 0]}
    path = tmp_path / "page.html"
    path.write_text(build_page(replace(content, views=views, runs=runs)), encoding="utf-8")
    page = Page(browser, path)
    page.choose("#fold", "1")
    assert page.find("#fold").get_attribute("value") == "1"
    assert page.find("#budget").get_attribute("value") == "200"


def test_the_address_brings_back_what_was_seen(page, browser, explorer):
    page.choose("#embedding", "pca")
    page.choose("#colour", "right or wrong")
    page.choose("#class", as_shown(CLASSES[1]))
    page.find("#select-shown").click()
    page.choose("#class", "all")
    page.find("#layer").send_keys(Keys.HOME)
    page.all("#sheet button")[4].click()
    page.choose("#neighbour-layer", "B")
    seen = {
        selector: page.text(selector)
        for selector in ("#selection-title", "#stage-title", "#card", "#strips", "#legend")
    }
    state = page.settled_hash()
    again = Page(browser, explorer, state)
    assert {selector: again.text(selector) for selector in seen} == seen
    assert again.find("#colour").get_attribute("value") == "correct"
    assert again.find("#embedding").get_attribute("value") == "pca"
    assert again.settled_hash() in ("", state)


def test_back_shows_what_the_address_says(page):
    page.choose("#class", as_shown(CLASSES[1]))
    state = page.settled_hash()
    page.script("location.hash = 'layer=A'")
    page.wait(lambda: title(page) == "60 images shown")
    page.driver.back()
    page.wait(lambda: page.settled_hash() == state)
    assert title(page) == "15 images shown"


@pytest.mark.parametrize(
    ("go", "layer"),
    [("location.hash = 'layer=A'", "A"), ("document.getElementById('reset').click()", "C")],
)
def test_what_moves_stops_for_another_state(page, go, layer):
    page.find("#layer").send_keys(Keys.HOME)
    page.find("#play-layer").click()
    page.wait(lambda: "→" in page.text("#stage-title"))
    page.script(go)
    page.settled_hash()
    assert page.text("#stage-title") == f"distilled, layer {layer}"


@pytest.mark.parametrize(
    "state",
    [
        "embedding=none&budget=x&colour=green&class=99&layer=9&mix=9&image=&selected=%%%&right=q",
        "selected=_____________________________&class=-1&neighbours=1e3&toward=B&part=0.5",
        "=&&&&class=&colour=&layer=&part=",
    ],
)
def test_an_address_that_says_nonsense_is_as_none(browser, explorer, state):
    page = Page(browser, explorer, state)
    assert page.text("#stage-title") == "distilled, layer C"
    assert page.find("#class").get_attribute("value") == "-1"
    assert title(page) == "60 images shown"
    assert page.find("#colour").get_attribute("value") == "class"


def test_an_address_of_another_page_is_read_by_name(page, browser, content, tmp_path):
    page.choose("#class", as_shown(CLASSES[3]))
    page.find("#select-shown").click()
    page.choose("#neighbour-layer", "B")
    page.choose("#from", "teacher")
    page.choose("#to", "undistilled")
    page.find("#verdicts summary").click()
    page.choose("#verdicts select", "right")  # of the first method, the teacher
    seen, state = title(page), page.settled_hash()

    def other(**changes):
        path = tmp_path / "other.html"
        path.write_text(build_page(replace(content, **changes)), encoding="utf-8")
        return Page(browser, path, state)

    same = other(methods=content.methods[::-1])
    assert same.text("#stage-title") == "undistilled, layer C"
    assert title(same) == seen
    assert same.text("#unknown") == ""
    wanted = [each.get_attribute("value") for each in same.all("#verdicts select")]
    assert wanted == ["any", "any", "right"]

    less = other(
        methods=[name for name in content.methods if name != "undistilled"],
        sample_ids=[f"{name} of others" for name in content.sample_ids],
    )
    assert less.text("#stage-title") == "distilled, layer C"
    assert title(less).endswith("shown")
    assert less.text("#unknown") == (
        "Not in this file, and left out: to undistilled, a selection of other images."
    )


def test_names_are_text_everywhere(page, content):
    page.all("#sheet button")[0].click()
    page.find("#search").send_keys("i")
    assert page.driver.title.startswith('<i>demo & "co" –')
    assert page.text("#study-name") == '<i>demo & "co"'
    options = [option.text for option in page.all("#class option")]
    assert options == ["all", *map(as_shown, CLASSES)]
    for tag in ("i", "b"):
        assert page.all(f"header {tag}, main {tag}, form {tag}") == []
    for name in CLASSES:
        assert as_shown(name) in page.text("main")
    label = page.all("#sheet button")[0].get_attribute("aria-label")
    assert label == f"{CLASSES[0]}, {content.sample_ids[0]}"
    # What is written from right to left does not turn what stands beside it.
    direction = "return getComputedStyle(arguments[0]).unicodeBidi"
    assert page.script(direction, page.find("#card bdi")) == "isolate"


def test_all_controls_have_names_for_a_screen_reader(page):
    page.all("#sheet button")[0].click()
    page.find("#verdicts summary").click()
    nodes = page.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    names = {role: [] for role in ROLES}
    for node in nodes:
        role = node.get("role", {}).get("value")
        if not node.get("ignored") and role in names:
            names[role].append(node["name"]["value"].strip())
    for role in ROLES:
        assert names[role] and all(names[role]), role
    for method in METHODS:
        assert f"{method}, layer B: put in the main view" in names["button"]
    images = [
        node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "image"
    ]
    assert "undistilled, layer A" in images and "Stage: distilled, layer C" in images


def test_everything_can_be_reached_and_used_from_the_keyboard(page, study):
    body = page.find("body")
    body.send_keys(Keys.TAB)
    reached = []
    for _ in range(60):
        focus = page.driver.switch_to.active_element
        reached.append(focus.get_attribute("id") or focus.get_attribute("class"))
        if reached[-1] == "stage-frame":
            break
        focus.send_keys(Keys.TAB)
    for name in ("embedding", "colour", "class", "search", "reset", "tool-move", "stage-frame"):
        assert name in reached
    stage = page.driver.switch_to.active_element
    stage.send_keys(Keys.ARROW_RIGHT)
    first = page.find("#card-image").get_attribute("data-image")
    assert study.samples["sample_id"][int(first)] in page.find("#status").get_attribute(
        "textContent"
    )
    stage.send_keys(Keys.ARROW_LEFT)
    assert page.find("#card-image").get_attribute("data-image") != first
    stage.send_keys(Keys.ESCAPE)
    assert page.all("#card-image") == []
    page.find("#select-shown").send_keys(Keys.ENTER)
    assert status(page) == "60 images selected"


def test_ids_that_are_copied_are_a_list_in_python(page, study):
    page.choose("#class", as_shown(CLASSES[3]))
    page.script(
        "window.copied = null;"
        "navigator.clipboard.writeText = async text => { window.copied = text; }"
    )
    page.find("#copy-ids").click()
    text = page.wait(lambda: page.script("return window.copied"))
    ids = eval(text)  # as a reader's notebook does
    assert study.select(ids).frame()["class"].unique().tolist() == [CLASSES[3]]
    assert len(ids) == 15


def test_a_window_as_wide_as_a_phone(browser, explorer):
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page = Page(browser, explorer)
        assert page.script("return document.documentElement.scrollWidth") <= 390
        widths = page.script(
            "return [...document.querySelectorAll('button, select, input')]"
            ".filter(e => e.checkVisibility() && !e.closest('#rows'))"
            ".map(e => e.getBoundingClientRect()).map(b => [b.left, b.right, b.height])"
        )
        for left, right, height in widths:
            assert left >= 0 and right <= 390 and height >= 16
        # A tap on a panel takes it to the stage, where a drag selects.
        page.reveal(page.frames()[1])
        page.all(".to-stage")[1].click()
        page.wait(lambda: page.text("#stage-title") == "teacher, layer B")
        page.lasso(page.stage(), [(-1, -1), (-1, 1), (1, 1), (1, -1)])
        assert int(title(page).split()[0]) > 50
        page.all("#sheet button")[3].click()
        assert page.script("return document.documentElement.scrollWidth") <= 390
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_console_stayed_quiet(page):
    assert page.messages() == []
