"""A vendor's own installation, started as the README says, on a data folder that did not exist."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Installation:
    """A running ``bin/tenantry up``."""

    address: str
    home: Path
    environment: dict[str, str]
    process: int
    slug: str = ""  # of the workspace that it is about, where there are several

    def of(self, slug: str) -> Installation:
        """The same installation, as somebody in one of its workspaces sees it."""
        return replace(self, address=f"{self.address}/t/{slug}", slug=slug)

    @property
    def _option(self) -> list[str]:
        return ["--tenant", self.slug] if self.slug else []

    def tenantry(self, *arguments: str) -> str:
        """Run a command of the CLI; returns what it prints on stdout."""
        done = subprocess.run(
            [ROOT / "bin" / "tenantry", *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"tenantry {' '.join(arguments)}: {done.stderr}\n{done.stdout}"
        return done.stdout.strip()

    def staff(self) -> httpx.Client:
        """The vendor's product: a key, and the documented API."""
        key = self.tenantry("key", "create", "--staff", "admin", *self._option)
        assert re.fullmatch(r"tk_live_\S+", key), "the key and nothing else is printed"
        return httpx.Client(base_url=f"{self.address}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def sign_in(self, email: str) -> httpx.Client:
        """A person: a link from the command line, redeemed over the API."""
        token = urlsplit(self.tenantry("link", email, *self._option)).path.rsplit("/", 1)[1]
        client = browserless(self.address)
        answer = client.post("/auth/link/redeem", json={"token": token})
        assert answer.status_code == 200, answer.text
        return with_csrf(client)


def browserless(address: str) -> httpx.Client:
    """A client with cookies and nobody signed in."""
    return httpx.Client(base_url=f"{address}/api/v1", timeout=30)


def with_csrf(client: httpx.Client) -> httpx.Client:
    """What a page's script does: send the CSRF cookie back as a header."""
    token = next(cookie.value for cookie in client.cookies.jar if cookie.name == "tenantry_csrf")
    client.headers["X-CSRFToken"] = token or ""
    return client


def reachable(folder: Path) -> Path:
    """The folder, which the embedded server's own user must be able to reach when we are root."""
    for part in (folder, *folder.parents):
        if part.stat().st_uid == 0 and str(part).startswith("/tmp/"):
            part.chmod(0o755)
    return folder


@contextmanager
def installed(home: Path, **settings: str) -> Iterator[Installation]:
    """Start everything, wait until it answers, stop everything. ``settings`` are variables beside those that it needs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TENANTRY_", "DATABASE_URL", "DJANGO", "PYTEST", "PORT"))
    }
    environment = kept | {"TENANTRY_HOME": str(home), "PORT": str(port), "TENANTRY_MODE": "test"} | settings
    log = home.parent / "up.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [ROOT / "bin" / "tenantry", "up"], env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 90
        while True:
            assert process.poll() is None and time.monotonic() < deadline, f"it did not start:\n{log.read_text()[-3000:]}"
            try:
                if httpx.get(f"{address}/healthz", timeout=2).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.2)
        yield Installation(address, home, environment, process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
