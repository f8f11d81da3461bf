"""Checkouts for a test to change."""

import pytest

from helpers.checkout import Workflow, copy_repository


@pytest.fixture
def fresh(tmp_path) -> Workflow:
    """Return a checkout in which nothing has been run."""
    return copy_repository(tmp_path)


@pytest.fixture
def finished(finished_once, tmp_path) -> Workflow:
    """Return a copy of the finished checkout, modification times kept, for a test to change."""
    return finished_once.copy(tmp_path / "copy")
