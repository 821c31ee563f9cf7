"""Somebody else's OpenID provider for tests: ``oidc-provider`` of npm, which is certified, in a process of its own.

It is installed once per machine, outside the repository. Where Node or npm's registry is missing, a test that needs it is
skipped with the reason.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PACKAGE, VERSION = "oidc-provider", "9.9.0"
SCRIPT = Path(__file__).with_suffix(".mjs")
CLIENT, SECRET = "tenantry", "a-secret-that-only-this-test-knows"
INSTALL_SECONDS, START_SECONDS = 60, 20


@dataclass(frozen=True)
class Person:
    """Somebody whom the provider knows. A sign-in with ``login_hint`` of this e-mail is theirs, without a click."""

    sub: str
    email: str
    given_name: str
    family_name: str
    groups: tuple[str, ...] = ()

    def claims(self) -> dict[str, Any]:
        """What the provider tells of them; the e-mail and names come from userinfo, as the standard has it."""
        return {
            "sub": self.sub,
            "email": self.email,
            "email_verified": True,
            "name": f"{self.given_name} {self.family_name}",
            "given_name": self.given_name,
            "family_name": self.family_name,
            "groups": list(self.groups),
        }


@dataclass(frozen=True)
class Independent:
    """A running provider. In a browser its page lists ``people`` as links by their e-mail, and "Nobody", who refuses."""

    issuer: str
    client_id: str
    client_secret: str
    people: tuple[Person, ...]
    log: list[str]

    @property
    def discovery_url(self) -> str:
        """The address of its description."""
        return f"{self.issuer}/.well-known/openid-configuration"


def people_of(domain: str) -> tuple[Person, ...]:
    """Ada (staff), Grace, Linus: at that domain."""
    return (
        Person("u-ada", f"ada@{domain}", "Ada", "Lovelace", ("staff", "engineering")),
        Person("u-grace", f"grace@{domain}", "Grace", "Hopper", ("engineering",)),
        Person("u-linus", f"linus@{domain}", "Linus", "Pauling"),
    )


@contextmanager
def independent_provider(
    *,
    redirect_uris: Sequence[str],
    people: Sequence[Person] = (),
    domain: str = "contoso.example",
    post_logout_redirect_uris: Sequence[str] = (),
    backchannel_logout_uri: str = "",
    further_clients: Sequence[dict[str, Any]] = (),
    **client: Any,
) -> Iterator[Independent]:
    """A provider with one client (``further_clients`` and ``client`` in the words of OpenID Connect Registration §2), or a skipped test."""
    registered = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uris": list(redirect_uris),
        "post_logout_redirect_uris": list(post_logout_redirect_uris),
        **(
            {"backchannel_logout_uri": backchannel_logout_uri, "backchannel_logout_session_required": True}
            if backchannel_logout_uri
            else {}
        ),
        **client,
    }
    known = tuple(people) or people_of(domain)
    settings = {"clients": [registered, *further_clients], "people": [person.claims() for person in known]}
    folder = _installed()
    process = subprocess.Popen(
        [str(shutil.which("node")), str(SCRIPT), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout and process.stderr
    log: list[str] = []
    threading.Thread(target=lambda: log.extend(process.stderr or ()), daemon=True).start()
    late = threading.Timer(START_SECONDS, process.kill)
    late.start()
    try:
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        ready = process.stdout.readline()
        late.cancel()
        assert ready, f"the provider didn't start: {''.join(log)}"
        yield Independent(json.loads(ready)["issuer"], CLIENT, SECRET, known, log)
    finally:
        late.cancel()
        process.kill()
        process.wait()


def _installed() -> Path:
    """The folder with the package; installs it if need be. Skips the test where that can't be."""
    found = _install()
    if isinstance(found, str):
        warnings.warn(found, stacklevel=2)  # so that a run of everything prints it
        pytest.skip(found)
    return found


@cache
def _install() -> Path | str:
    if not shutil.which("node") or not shutil.which("npm"):
        return "Node is not installed, so there is no independent OpenID provider to test against"
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    shelf = cache_home / "tenantry-tests"
    shelf.mkdir(parents=True, exist_ok=True)
    folder = shelf / f"{PACKAGE}-{VERSION}"
    with (shelf / f"{PACKAGE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "node_modules" / PACKAGE).is_dir():
            with tempfile.TemporaryDirectory(dir=shelf) as fresh:
                told = _npm(Path(fresh))
                if told:
                    return f"npm could not install {PACKAGE} {VERSION} to test against: {told}"
                shutil.rmtree(folder, ignore_errors=True)
                Path(fresh).rename(folder)
                Path(fresh).mkdir()
    return folder


def _npm(folder: Path) -> str:
    """Install into an empty folder; what went wrong, or nothing."""
    (folder / "package.json").write_text("{}")
    flags = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--fetch-retries=0"]
    try:
        done = subprocess.run(
            ["npm", "install", *flags, f"{PACKAGE}@{VERSION}"], cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {INSTALL_SECONDS} seconds"
    return "" if done.returncode == 0 else " ".join(done.stderr.split())[:200]
