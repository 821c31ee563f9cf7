"""The run's servers, Django in the test's own process, and the fixtures that every test uses."""

from __future__ import annotations

import functools
import gc
import logging
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from httpx._transports import default as httpx_transport

from .servers import Stack

if TYPE_CHECKING:
    from .people import Cast, Tenant

_stack: Stack | None = None
_lies: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the process that was called, and set up Django in each that runs tests."""
    global _stack
    worker = hasattr(config, "workerinput")
    if not worker and not config.option.collectonly:
        _stack = Stack()
        try:
            _stack.start()
        except BaseException:
            _stack.stop()
            raise
    if worker or not getattr(config.option, "numprocesses", None):
        import django

        gc.disable()  # until all is loaded: what is loaded stays (tenantry/kit/starting.py)
        os.environ.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")  # --collect-only
        os.environ.setdefault("TENANTRY_TENANCY", "multi")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
        # Else every httpx.get reads the machine's certificates anew, which takes several times as long as the request itself.
        httpx_transport.create_ssl_context = functools.cache(httpx_transport.create_ssl_context)
        logging.getLogger("httpx").setLevel(logging.WARNING)


def pytest_collection_finish() -> None:
    """Tests and all that they import are loaded."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Whatever the tests did in whatever order: in no tenant may a tally differ from what it counts."""
    if _stack is not None:
        from .invariants import lies_in

        _lies.extend(lies_in(os.environ["DATABASE_URL"]))
        if _lies and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tallies lie."""
    if _lies:
        terminalreporter.section("the tallies don't agree with what they count", red=True)
        terminalreporter.write_line("\n".join(_lies[:50]))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Whatever happened: nothing keeps running."""
    global _stack
    if _stack is not None:
        stack, _stack = _stack, None
        stack.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Remember how long the server's log was when this test began."""
    log = Path(os.environ.get("TENANTRY_TEST_LOG", "/nonexistent"))
    item.stash[_log_from] = log.stat().st_size if log.exists() else 0
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[Any]:
    """A failed test shows what the server logged meanwhile, without the requests that went well."""
    report = yield
    if report.failed and (name := os.environ.get("TENANTRY_TEST_LOG")):
        with Path(name).open("rb") as log:
            log.seek(item.stash.get(_log_from, 0))
            lines = log.read().decode(errors="replace").splitlines()
        interesting = [line for line in lines if " status=2" not in line and " status=3" not in line]
        report.sections.append(("server log", "\n".join(interesting[-60:])))
    return report


_log_from = pytest.StashKey[int]()


@pytest.fixture
def tenant() -> Tenant:
    """A sandbox tenant of this test's own."""
    from .people import Tenant

    return Tenant.make(f"t-{secrets.token_hex(8)}")


@pytest.fixture
def cast(tenant: Tenant) -> Iterator[Cast]:
    """The standing cast in a tenant of this test's own; its sessions are closed afterwards."""
    from .people import Cast

    standing = Cast(tenant)
    yield standing
    standing.close()
