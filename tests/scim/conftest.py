"""Fixtures of directories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..people import Cast
    from .directory import Directory


@pytest.fixture
def directory(cast: Cast) -> Iterator[Directory]:
    """Contoso's."""
    from .directory import Directory  # needs Django, which is set up by the time of the first test

    with Directory(cast.tenant, cast.contoso) as found:
        yield found
