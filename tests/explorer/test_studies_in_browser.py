"""The explorer in a real browser: studies that are not finished, collapsed, small or large."""

import shutil

import numpy as np
import pytest

from helpers.browser import Page, circle
from helpers.made_up import CIFAR, METHODS, write_cifar_study, write_layer, write_study
from helpers.metric_files import write_metrics
from limbeck.explorer.choice import ExplorerSettings
from limbeck.explorer.page import write_explorer
from limbeck.runtime.storage import open_store

pytestmark = pytest.mark.slow
# Of a page of 10 panels of 10,000 images of CIFAR.
LARGEST_MB = 12


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the folder of a study of 40 grey images of 5 x 9 pixels, without superclasses."""
    images = np.random.default_rng(0).integers(0, 256, (40, 9, 5, 1), np.uint8)
    folder = tmp_path_factory.mktemp("study") / "small"
    return write_study(folder, images, np.arange(40) % 4, "abcd", layers=("A", "B"))


@pytest.fixture
def folder(written, tmp_path):
    """Return the folder of a copy that a test may change."""
    return shutil.copytree(written, tmp_path / "small")


def opened(browser, folder, **settings):
    path = folder.parent / "explorer.html"
    write_explorer(folder, path, ExplorerSettings(**settings))
    return Page(browser, path)


@pytest.fixture
def narrow(browser):
    """Make the browser's window narrower for a test."""
    browser.set_window_size(1010, 1000)
    yield browser
    browser.set_window_size(1440, 1000)


def run_of(folder, method):
    return folder / "runs" / method / "budget-50" / "fold-0"


def test_a_study_that_is_not_finished(browser, folder):
    shutil.rmtree(run_of(folder, "undistilled") / "embeddings" / "A")
    shutil.rmtree(run_of(folder, "distilled") / "predictions.zarr")
    shutil.rmtree(run_of(folder, "distilled") / "neighbours")
    page = opened(browser, folder)
    notes = [note.text for note in page.all(".panel .note")]
    # The teacher, then by name.
    assert notes == ["", "", "", "", "not measured", ""]
    page.find("#method").send_keys("\ue011")
    page.find("#layer").send_keys("\ue011")
    assert page.text("#stage-title") == "undistilled, layer A"
    assert page.text("#stage .note") == "not measured"
    page.all("#sheet button")[7].click()
    cells = [row.text.split()[1] for row in page.all("#card tr")]
    assert cells[1] == "–" and {cells[0], cells[2]} <= {"✓", "✗"}
    assert "no neighbours stored" in page.text("#strips")
    assert [len(lines) for lines in page.marks("line")] == [10, 10, 0, 0, 0, 10]
    assert page.messages() == []


def test_the_accuracy_of_a_method_is_of_all_images(browser, folder):
    page = opened(browser, folder, images=4)
    store = open_store(run_of(folder, "teacher") / "predictions.zarr")
    right = np.argmax(store["logits"], axis=1) == store["labels"][:]
    assert right[:4].mean() != right.mean()
    assert page.text("#rows h3 small") == f"{100 * right.sum() / 40:.1f} % right"


def test_a_collapsed_embedding_and_its_null(browser, folder):
    run = run_of(folder, "teacher")
    shutil.rmtree(run / "embeddings" / "B")
    line = np.linspace(-1, 1, 40)
    points = np.stack([line * 3, line * 2 + 0.001 * np.cos(40 * line)], axis=1)
    ids = np.array([f"test-{row:05d}" for row in range(40)])
    write_layer(run, ids, points, "B", "tsne")
    identity = {"study": "small", "method": "teacher", "budget": 50, "fold": 0}
    identity |= {"layer": "B", "embedding": "tsne"}
    metrics = {"trustworthiness": 0.5, "class_area_ratio": 0.8761, "class_area_ratio_null": 1.049}
    write_metrics(run / "metrics" / "B.csv", identity, metrics)
    page = opened(browser, folder)
    scores = [" ".join(each.text.split()) for each in page.all(".panel .scores")]
    assert scores[0] == "trust 0.93 area 31.0 %"
    assert scores[1] == "collapsed trust 0.50 area 87.6 % permuted 105 %"
    assert sum("collapsed" in score for score in scores) == 1


def test_without_superclasses_and_with_one_method(browser, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (12, 200, 300, 3), np.uint8)
    folder = write_study(
        tmp_path / "one", images, np.arange(12) % 3, "abc", methods=METHODS[:1], layers=["A"]
    )
    page = opened(browser, folder)
    assert [option.text for option in page.all("#colour option")] == ["class", "right or wrong"]
    assert not page.find("#superclass").is_displayed()
    assert not page.find("#layer").is_displayed() and not page.find("#method").is_displayed()
    page.all("#sheet button")[2].click()
    assert page.find("#card-image").size == {"width": 120, "height": 80}
    assert page.messages() == []


def test_long_names_and_many_layers_stay_in_their_places(narrow, tmp_path):
    images = np.zeros((12, 4, 4, 1), np.uint8)
    classes = [f"a_class_of_things_{'that_look_alike_' * 4}{number}" for number in range(3)]
    methods = [f"a_student_{'of_the_teacher_of_' * 4}{number}" for number in range(3)]
    layers = [f"layer{number}" for number in range(16)]
    folder = write_study(
        *(tmp_path / "long", images, np.arange(12) % 3, classes), methods=methods, layers=layers
    )
    page = opened(narrow, folder)
    page.find("#select-shown").click()
    widths = page.script(
        "return [...document.querySelectorAll('.panel')].map(panel => panel.clientWidth)"
    )
    assert min(widths) >= 110
    # What holds them, and how far it reaches; the panels scroll.
    for outer, inner in (("#lists", ".columns table"), (".ticks:has(select)", ".ticks select")):
        edge, *ends = page.script(
            "return [arguments[0], ...document.querySelectorAll(arguments[1])].map(found =>"
            " found.getBoundingClientRect().right)",
            page.find(outer),
            inner,
        )
        assert ends and max(ends) <= edge
    assert page.script("return document.documentElement.scrollWidth") <= 1010
    first, second = page.all(".columns table")
    assert first.rect["x"] + first.rect["width"] <= second.rect["x"]


def test_fifty_thousand_images_open_and_say_what_is_left_out(browser, tmp_path):
    count = 50_000
    images = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 3), np.uint8)
    labels = np.arange(count) % 10
    folder = write_study(
        *(tmp_path / "large", images, labels, "abcdefghij"), methods=METHODS[:2], layers=["A"]
    )
    page = opened(browser, folder)
    assert page.text("#left-out").startswith("10,000 of 50,000 images are shown")
    assert page.text("#selection-title") == "10,000 images shown"
    page.all("#sheet button")[0].click()
    # Classes take turns, so the first 1,000 of each are the first 10,000; the teacher comes first.
    indices = open_store(run_of(folder, "teacher") / "neighbours" / "A.zarr")["indices"]
    nearest = indices[0:1][0, :10]
    assert [image for image, _ in page.tiles()[0]] == nearest[nearest < 10_000].tolist()
    strip = page.all("#strips .strip")[0]
    assert len(strip.find_elements("css selector", ".absent")) == (nearest >= 10_000).sum() > 0
    assert page.messages() == []


@pytest.mark.skipif(not CIFAR.is_dir(), reason=f"needs {CIFAR}")
def test_ten_panels_of_ten_thousand_images(browser, tmp_path):
    path = tmp_path / "explorer.html"
    write_explorer(write_cifar_study(tmp_path / "cifar"), path)
    assert path.stat().st_size < LARGEST_MB * 1e6
    page = Page(browser, path)
    assert page.text("#selection-title") == "10,000 images shown"
    page.lasso(page.frames()[3], circle((0, 0), 0.4))
    assert 500 < int(page.text("#selection-title").split()[0].replace(",", "")) < 9500
    page.find("#clear").click()
    page.script(
        "const layer = document.getElementById('layer');"
        "layer.value = 4; layer.dispatchEvent(new Event('input'))"
    )
    page.wait(lambda: page.text("#stage-title") == "distilled, layer E")
    assert page.messages() == []
