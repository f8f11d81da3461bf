"""Checkouts for a test to change."""

import shutil

import pytest

from helpers.checkout import Workflow, copy_repository


@pytest.fixture
def fresh(tmp_path) -> Workflow:
    """Return a checkout in which nothing has been run."""
    return copy_repository(tmp_path)


@pytest.fixture
def finished(finished_once, tmp_path) -> Workflow:
    """Return a copy of the finished checkout, modification times kept, for a test to change."""
    folder = tmp_path / "copy"
    # Another process may look at what is copied, and lock it.
    ignored = shutil.ignore_patterns("locks")
    shutil.copytree(finished_once.folder, folder, symlinks=True, ignore=ignored)
    return Workflow(folder)
