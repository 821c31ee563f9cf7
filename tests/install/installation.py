"""An installation of a test's own: a data folder, a port, and the commands run on them as an operator would."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from ..servers import ROOT, free_port

READY = re.compile(r"Ctrl-C stops everything|^Tenantry is at ", re.MULTILINE)


# Joins the cluster, says so, and leaves it when its input ends.
HOLD = """
import sys
from pathlib import Path
from tenantry.install import embedded
embedded.start(Path(sys.argv[1]))
print(flush=True)
sys.stdin.read()
"""


class Installation:
    """``run`` a command to its end, or ``start`` one and look at its lines."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="tenantry-own-"))
        self.home.chmod(0o755)  # the embedded server runs as another user when we are root
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TENANTRY_") and k != "DATABASE_URL"}
        self.environment = {
            **kept,
            "TENANTRY_HOME": str(self.home),
            "TENANTRY_MODE": "development",
            "PORT": str(free_port()),
            "PYTHONUNBUFFERED": "1",
        }
        self.started: list[subprocess.Popen[str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['PORT']}"

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """``tenantry <arguments>`` to its end."""
        command = [sys.executable, "-m", "tenantry.install.cli", *arguments]
        return subprocess.run(command, cwd=ROOT, env={**self.environment, **environment}, capture_output=True, text=True, timeout=120)

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Keep the database running between commands, as it is beside ``up``: each would start and stop it else."""
        command = [sys.executable, "-c", HOLD, str(self.home)]
        with subprocess.Popen(command, cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdin is not None and holder.stdout is not None
            assert holder.stdout.readline() == b"\n"
            try:
                yield
            finally:
                holder.stdin.close()

    def start(self, **environment: str) -> tuple[subprocess.Popen[str], str]:
        """``tenantry up`` until it says that it is ready; returns the process and what it printed."""
        with (self.home / "up.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tenantry.install.cli", "up"],
                cwd=ROOT, env={**self.environment, **environment}, stdout=log, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            )  # fmt: skip
        self.started.append(process)
        until = time.monotonic() + 40
        while time.monotonic() < until and process.poll() is None and not READY.search(self.log()):
            time.sleep(0.05)
        return process, self.log()

    def log(self) -> str:
        """What the last ``up`` has printed so far."""
        return (self.home / "up.log").read_text()

    def processes(self) -> list[psutil.Process]:
        """Everything alive that works for this installation: by its variable, or, for PostgreSQL, by its folder."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = f"{self.home}/postgres" in process.cmdline() or process.environ().get("TENANTRY_HOME") == str(self.home)
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def stop(self) -> None:
        """Stop what still runs; the data stays."""
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(15)
        for left in self.processes():
            left.kill()

    def remove(self) -> None:
        """Stop what is left, and forget it all."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
