"""A data folder, a database, servers and a key for one run, all gone at its end."""

from __future__ import annotations

import atexit
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def machine() -> str:
    """What the figures were measured on."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next((line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")), "")
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores {model or platform.processor()}, {system}"


@contextmanager
def installation() -> Iterator[str]:
    """An empty, migrated installation; yields the address of its database. Sets up Django in this process."""
    home = Path(tempfile.mkdtemp(prefix="tenantry-bench-"))
    home.chmod(0o755)
    atexit.register(shutil.rmtree, home, ignore_errors=True)  # runs after the embedded server has left its lock there
    os.environ |= {"TENANTRY_HOME": str(home), "TENANTRY_MODE": "test", "TENANTRY_TENANCY": "single", "TENANTRY_LOG_LEVEL": "ERROR"}
    os.environ["TENANTRY_RATE_LIMITS"] = "requests=1000000/5m,scim=1000000/1s,invitation_create=1000000/1h,exports=1000/24h"
    os.environ["TENANTRY_ALLOW_LOOPBACK_WEBHOOKS"] = "on"
    os.environ.pop("DATABASE_URL", None)
    from tenantry.install import prepare
    from tenantry.install.migrate import migrate

    try:
        settings = prepare.django()
        migrate(settings)
        yield os.environ["DATABASE_URL"]
    finally:
        prepare.leave()


def resident_megabytes() -> float:
    """What the server started by ``server`` holds in memory now, its worker included."""
    processes = [psutil.Process(_server.pid), *psutil.Process(_server.pid).children(recursive=True)] if _server else []
    return max((process.memory_info().rss for process in processes), default=0) / 2**20


_server: subprocess.Popen[bytes] | None = None


@contextmanager
def server(app: str, workers: int = 1) -> Iterator[str]:
    """Granian with one ASGI application on a free port; yields its address."""
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port), "--workers", str(workers), "--no-ws",
        "--log-level", "error", app,
    ]  # fmt: skip
    global _server
    _server = process = subprocess.Popen(command, env={**os.environ, "PORT": str(port)})
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(address + "/healthz", timeout=2)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(15)
