"""The explorer's page as a file: what it holds, and that names in it are inert."""

import base64
import dataclasses
import json
import re

import numpy as np
import pytest

from helpers.made_up import CLASSES, METHODS
from limbeck.explorer import templates
from limbeck.explorer.content import Panel, View
from limbeck.explorer.page import aligned_points, build_page, write_explorer
from limbeck.explorer.thumbnails import make_sprite


class Parsed:
    """A page, taken apart."""

    def __init__(self, source):
        self.source = source
        self.study = json.loads(self.element("study"))

    def element(self, name):
        return re.search(rf'<script [^>]*id="{name}">(.*?)</script>', self.source, re.DOTALL)[1]

    def array(self, name, kind):
        return np.frombuffer(base64.b64decode(self.element(name)), kind)


@pytest.fixture(scope="module")
def page(content):
    return Parsed(build_page(content))


def test_coordinates_are_those_of_the_aligned_points(page, content):
    for view, described in zip(content.views, page.study["views"], strict=True):
        points = aligned_points(content, view)
        places = [(method, layer) for method in METHODS for layer in "ABC"]
        for place, panel in zip(places, described["panels"], strict=True):
            steps = page.array(panel["points"], "<u2").reshape(-1, 2)
            np.testing.assert_allclose(steps / 32767 - 1, points[place], atol=2e-5)
            assert panel["collapsed"] is False
            assert panel["scores"] == {"trustworthiness": 0.93, "class_area_ratio": 0.31}


def test_predictions_and_neighbours(page, content):
    runs, described = content.runs[200, 0], page.study["runs"]["200/0"]
    for method in METHODS:
        stored = described["predictions"][method]
        np.testing.assert_array_equal(page.array(stored["labels"], "<u2"), runs.predictions[method])
        assert stored["accuracy"] == runs.accuracies[method]
        percents = page.array(stored["confidences"], "u1")
        np.testing.assert_allclose(percents / 100, runs.confidences[method], atol=0.00501)
    first = described["neighbours"][0]
    assert (first["count"], first["bits"]) == (10, 16)
    stored = page.array(first["blob"], "<u2").reshape(60, 10)
    np.testing.assert_array_equal(stored, runs.neighbours["teacher", "A"])


@pytest.mark.parametrize(("kept", "collapsed"), [(60, False), (3, False), (2, True), (0, True)])
def test_points_that_are_missing_do_not_hide_a_collapse(content, kept, collapsed):
    view = content.views[0]
    points = view.panels["teacher", "B"].points.copy()
    points[kept:] = np.nan
    panels = {**view.panels, ("teacher", "B"): Panel(points, {})}
    views = [View(view.embedding, view.budget, view.fold, panels)]
    page = Parsed(build_page(dataclasses.replace(content, views=views)))
    assert page.study["views"][0]["panels"][1]["collapsed"] is collapsed


def test_what_is_missing(content):
    """A panel, an image of a panel, a score that is not finite, a prediction, neighbours."""
    view, runs = content.views[0], content.runs[50, 0]
    panels = {place: panel for place, panel in view.panels.items() if place != ("teacher", "A")}
    points = view.panels["teacher", "B"].points.copy()
    points[5] = np.nan
    panels["teacher", "B"] = Panel(points, {"trustworthiness": float("nan")})
    labels = runs.predictions["teacher"].copy()
    labels[7] = -1
    far = np.full((60, 10), -1)
    far[0] = 70_000
    changed = dataclasses.replace(
        content,
        views=[View(view.embedding, view.budget, view.fold, panels)],
        runs={
            (50, 0): dataclasses.replace(
                runs, predictions={"teacher": labels}, neighbours={("teacher", "B"): far}
            )
        },
    )
    page = Parsed(build_page(changed))
    first, second, *_ = page.study["views"][0]["panels"]
    assert first is None and second["scores"] == {}
    steps = page.array(second["points"], "<u2").reshape(-1, 2)
    assert (steps == 65535).all(axis=1).nonzero()[0].tolist() == [5]
    described = page.study["runs"]["50/0"]
    assert list(described["predictions"]) == ["teacher"]
    stored = page.array(described["predictions"]["teacher"]["labels"], "<u2")
    assert (stored == 65535).nonzero()[0].tolist() == [7]
    assert described["neighbours"][0] is None
    wide = described["neighbours"][1]
    assert wide["bits"] == 32
    stored = page.array(wide["blob"], "<u4").reshape(60, 10)
    assert (stored[0] == 70_000).all() and (stored[1:] == 2**32 - 1).all()


def test_names_are_inert(page, content):
    assert page.study["classes"][0]["name"] == CLASSES[0]
    assert page.study["ids"] == content.sample_ids
    assert page.source.count("</script>") == page.source.count("<script")
    assert "<script>document" not in page.source
    assert re.search("<title>(.*)</title>", page.source)[1].startswith("&lt;i&gt;demo &amp; ")


def test_nothing_of_it_comes_from_elsewhere(page):
    addresses = re.findall(r"\b(?:https?|wss?|ftp)://[^\"' ]*", page.source)
    assert set(addresses) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page.source


def test_the_picture_of_all_images(page, content):
    data, shape = make_sprite(content.images)
    sprite = page.study["sprite"]
    assert base64.b64decode(page.element(sprite["blob"])) == data
    assert {key: sprite[key] for key in shape} == shape


def test_many_classes_are_coloured_by_superclass(content):
    names = [f"class {k}" for k in range(21)]
    changed = dataclasses.replace(
        content, class_names=names, superclass_of_class=[k % 2 for k in range(21)]
    )
    assert Parsed(build_page(changed)).study["colour"] == "superclass"
    assert Parsed(build_page(content)).study["colour"] == "class"


def test_scripts_and_style_are_in_the_page(page):
    assert all(templates.read_asset(f"{name}.js") in page.source for name in templates.SCRIPTS)
    assert templates.read_asset("page.css") in page.source


def test_a_page_is_the_same_file_each_time(hostile_study, tmp_path):
    for name in ("one.html", "two.html"):
        write_explorer(hostile_study, tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
