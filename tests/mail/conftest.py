"""Servers for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .servers import Postmark, Smtp, postmark, smtp


@pytest.fixture
def server() -> Iterator[Smtp]:
    with smtp() as running:
        yield running


@pytest.fixture
def api() -> Iterator[Postmark]:
    with postmark() as running:
        yield running
