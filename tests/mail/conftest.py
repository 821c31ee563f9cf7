"""Servers for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .servers import Postmark, Smtp


@pytest.fixture
def server() -> Iterator[Smtp]:
    """A running SMTP server."""
    from .servers import smtp

    with smtp() as running:
        yield running


@pytest.fixture
def api() -> Iterator[Postmark]:
    """A running server that speaks Postmark's API."""
    from .servers import postmark

    with postmark() as running:
        yield running
