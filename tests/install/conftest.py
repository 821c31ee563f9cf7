"""These tests bring servers of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .installation import Installation


@pytest.fixture
def installation() -> Iterator[Installation]:
    """An empty installation with the embedded server."""
    if os.environ.get("TENANTRY_TEST_DATABASE"):
        pytest.skip("is about the embedded server")
    made = Installation()
    yield made
    made.remove()


@pytest.fixture
def awake(installation: Installation) -> Iterator[None]:
    """Its database runs all the while, for a test of many commands."""
    with installation.awake():
        yield
