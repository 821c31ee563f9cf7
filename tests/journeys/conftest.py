"""The browser of these tests: one for a process, and a clean window for every person of a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from .browsing import Windows

_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[Any]:
    """Remember a failure: its windows are photographed before they close."""
    report = yield
    item.stash[_failed] = item.stash.get(_failed, False) or report.failed
    return report


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for this process's journeys. It ends with them: Playwright's event loop would be in other tests' way."""
    from playwright.sync_api import sync_playwright

    from .browsing import chromium_path, launch

    if not chromium_path():
        pytest.skip("There is no Chromium; set CHROMIUM=/path/to/it.")
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the loop runs in this thread, but no query is made inside it
    try:
        with sync_playwright() as playwright:
            browser = launch(playwright)
            yield browser
            browser.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def windows(chromium: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Windows]:
    """Windows for this test's people. Whatever it looks for, no console may complain."""
    from .browsing import Windows

    opened = Windows(chromium, Path(os.environ.get("TENANTRY_SCREENSHOTS", tmp_path)))
    try:
        yield opened
        if request.node.stash.get(_failed, False):
            opened.photograph()
        assert not opened.complaints, "\n".join(opened.complaints)
    finally:
        opened.close()
