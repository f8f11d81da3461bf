"""Made-up studies, and one browser for all tests of the page."""

import numpy as np
import pytest
from browser import BROWSER, DRIVER, start_browser
from made_up import write_study

from limbeck.explorer.page import write_explorer

# Names that would break a page or a table that took them for anything but text.
CLASSES = (
    '<script>document.title="broken"</script>',
    "\"quoted\", 'too'",
    "漢字，クラス",
    "עברית & ערבית",
)
SUPERCLASSES = ("<b>bold</b>", "<b>bold</b>", "a\tb; c", "a\tb; c")


@pytest.fixture(scope="session")
def hostile_study(tmp_path_factory):
    """Return the folder of a study of 60 images whose names are hostile, 3 methods by 3 layers."""
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (60, 8, 8, 3), np.uint8)
    ids = [f'{row:02d}, "<i>{row}</i>" \u202e{row}' for row in range(60)]
    folder = tmp_path_factory.mktemp("studies") / '<i>demo & "co"'
    return write_study(
        folder,
        images,
        np.arange(60) % 4,
        CLASSES,
        SUPERCLASSES,
        ids,
        budgets=(50, 200),
        embeddings=("pca", "tsne"),
    )


@pytest.fixture(scope="session")
def hostile_page(hostile_study, tmp_path_factory):
    """Return the path of that study's explorer."""
    path = tmp_path_factory.mktemp("pages") / "explorer.html"
    write_explorer(hostile_study, path)
    return path


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Return headless Chromium."""
    if not (BROWSER and DRIVER):
        pytest.skip("needs chromium and chromedriver")
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()
