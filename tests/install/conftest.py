"""These tests bring servers of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .installation import Installation


@pytest.fixture
def installation() -> Iterator[Installation]:
    """An empty installation with the embedded server."""
    made = _made()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def house() -> Iterator[Installation]:
    """One for a whole file, whose tests stand in the order of its life; empty when the first one comes."""
    made = _made()
    yield made
    made.remove()


@pytest.fixture
def lived_in(house: Installation) -> Iterator[Installation]:
    """The file's one installation, as the test before has left it, with nothing of it running."""
    yield house
    house.stop()


@pytest.fixture
def awake(lived_in: Installation) -> Iterator[None]:
    """Its database runs all the while, for a test of many commands."""
    with lived_in.awake():
        yield


def _made() -> Installation:
    if os.environ.get("TENANTRY_TEST_DATABASE"):
        pytest.skip("is about the embedded server")
    return Installation()
