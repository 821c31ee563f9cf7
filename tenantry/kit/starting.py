"""A quick start: what a process loads before its work stays for as long as it lives."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Load within this. The garbage collector would look through all that was loaded so far again and again, a fourth of a
    start, and find nothing to throw away; nor does it afterwards."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
