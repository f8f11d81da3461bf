"""Made-up studies, and the explorer of one of them in the browser."""

import shutil

import numpy as np
import pytest

import limbeck
from helpers.browser import Page
from helpers.made_up import CLASSES, METHODS, SUPERCLASSES, write_study
from limbeck.explorer.gather import ExplorerSettings, gather_content
from limbeck.explorer.page import build_page


@pytest.fixture(scope="session")
def hostile_study(tmp_path_factory):
    """Return the folder of a study of 60 images whose names are hostile, 3 methods by 3 layers."""
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (60, 8, 8, 3), np.uint8)
    ids = [f'{row:02d}, "<i>{row}</i>" \u202e{row}' for row in range(60)]
    return write_study(
        tmp_path_factory.mktemp("studies") / '<i>demo & "co"',
        images,
        np.arange(60) % 4,
        CLASSES,
        SUPERCLASSES,
        ids,
        budgets=(50, 200),
        embeddings=("pca", "tsne"),
    )


@pytest.fixture(scope="session")
def study(hostile_study):
    """Return that study, open."""
    return limbeck.open_study(hostile_study)


@pytest.fixture(scope="session")
def content(study):
    """Return what its explorer shows; methods in the order of the made-up study."""
    return gather_content(study, ExplorerSettings(methods=METHODS, embeddings=["tsne", "pca"]))


@pytest.fixture(scope="session")
def explorer(content, tmp_path_factory):
    """Return the path of its explorer."""
    path = tmp_path_factory.mktemp("page") / "explorer.html"
    path.write_text(build_page(content), encoding="utf-8")
    return path


@pytest.fixture
def folder(written, tmp_path):
    """Return the folder of a copy of a module's `written` study, which a test may change."""
    return shutil.copytree(written, tmp_path / "made")


@pytest.fixture(scope="module")
def downloads(browser, tmp_path_factory):
    """Return the folder into which the browser saves files."""
    folder = tmp_path_factory.mktemp("downloads")
    behaviour = {"behavior": "allow", "downloadPath": str(folder)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    return folder


@pytest.fixture
def page(browser, explorer):
    """Open the explorer of the hostile study anew."""
    return Page(browser, explorer)
