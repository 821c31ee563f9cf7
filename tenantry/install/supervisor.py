"""``tenantry up``: one process that starts everything, shows its logs, and leaves nothing running behind it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import NoReturn

from config.environment import Environment, environment
from tenantry.kit.redaction import redacted

from . import embedded, serve
from .prepare import django, settle

STOP_SECONDS = 10
READY_SECONDS = 60
PORT_SECONDS = 2.5
QUICK_SECONDS = 20
QUICK_DEATHS = 5
FAULT = 31  # red


class _Stop(Exception):
    """A signal asked for the end."""


@dataclass
class Child:
    """One process of ours, in a session of its own so that Ctrl-C reaches it through us only."""

    name: str
    command: list[str]
    colour: int
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    quick_deaths: int = 0
    again_at: float = 0.0
    pumps: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start it, and a thread that copies its lines."""
        self.started = time.monotonic()
        self.again_at = 0.0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tenantry.install.cli", *self.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            env={**os.environ, "TENANTRY_SUPERVISED": "1", "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        pump = threading.Thread(target=self._pump, args=(self.process,), daemon=True)
        pump.start()
        self.pumps.append(pump)

    def _pump(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            show(self.name, line.rstrip("\n"), self.colour)

    def signal(self, number: int) -> None:
        """Tell the process alone; what it started, it stops itself."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    def sweep(self) -> None:
        """Kill what is left of its process group."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


def up(host: str = "") -> None:
    """Run until Ctrl-C or SIGTERM, which end it with exit code 0. Exit code 1 when a part can't be kept running."""
    settings = settle()
    check_port(serve.address(settings, host), settings.port)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    web = ["web", *(["--host", host] if host else [])]
    children = [Child("web", web, colour=36), Child("worker", ["worker"], colour=35)]
    code = 0
    try:
        own_database = settings.database_url is None
        settings = django()
        signal.signal(signal.SIGTERM, _on_signal)
        _migrate(settings)
        for child in children:
            child.start()
        _welcome(settings, children)
        _watch(settings, children, own_database)
    except _Stop:
        pass
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
        if isinstance(leaving.code, str):
            show("up", leaving.code, FAULT)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        show("up", "stopping…")
        stop(children)
        _leave_database(settings, own_database)
    raise SystemExit(code)


def check_port(host: str, port: int) -> None:
    """Refuse a taken port before anything is started."""
    until = time.monotonic() + PORT_SECONDS  # the children of a killed supervisor need a moment to notice
    while _taken(host, port):
        if time.monotonic() > until:
            raise SystemExit(f"Port {port} on {host} is taken (or {host} is not of this machine). Set another: PORT={port + 1}")
        time.sleep(0.1)


def _taken(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True  # macOS lets two listen on one port by different addresses
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except PermissionError as error:
            raise SystemExit(f"Port {port} is reserved for root. Choose one above 1023, for example PORT=8000.") from error
        except OSError:
            return True
    return False


def _migrate(settings: Environment) -> None:
    from .migrate import migrate, up_to_date

    if not up_to_date(settings):
        show("up", str(migrate(settings)))


def _welcome(settings: Environment, children: list[Child]) -> None:
    """In development load the demo while web and worker start; then wait for web and say where everything is."""
    lines: list[str] = []
    if settings.mode == "development":
        from . import welcome

        try:
            lines = welcome.lines(settings, welcome.load(settings))
        except Exception as error:  # a broken demo must not keep the product from running
            show("up", f"The demo could not be loaded: {type(error).__name__}: {error}", FAULT)
        from django.db import connections

        connections.close_all()
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and not _answers(settings):
        _restart_the_dead(children)
        time.sleep(0.05)
    for line in lines or _where(settings):
        print(line, flush=True)


def _where(settings: Environment) -> list[str]:
    from django.db import connections

    from tenantry.workspaces.installation import installed

    lines = [f"Tenantry is at {settings.base_url}"]
    if not installed():
        lines.append(f"Set it up at {settings.base_url}/install, before anybody else can; or run: bin/tenantry install --email YOU")
    connections.close_all()
    return lines


def _answers(settings: Environment) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", settings.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()


def _watch(settings: Environment, children: list[Child], own_database: bool) -> NoReturn:
    while True:
        if own_database and not embedded.alive(settings.home):
            show("up", "the database died (its own log says why); starting it again", FAULT)
            embedded.start(settings.home)
            show("up", "the database is back")
        _restart_the_dead(children)
        time.sleep(0.2)


def _restart_the_dead(children: list[Child]) -> None:
    """Nothing is restarted silently, and not for ever."""
    for child in children:
        if child.process is None:
            if time.monotonic() >= child.again_at:
                child.start()
            continue
        code = child.process.poll()
        if code is None:
            continue
        child.sweep()
        child.quick_deaths = child.quick_deaths + 1 if time.monotonic() - child.started < QUICK_SECONDS else 1
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        if child.quick_deaths >= QUICK_DEATHS:
            raise SystemExit(
                f"{child.name} {how}, {QUICK_DEATHS} times in a row right after its start. Its lines above say why. Giving up."
            )
        wait = 2 ** (child.quick_deaths - 1)
        show("up", f"{child.name} {how}; starting it again in {wait} s", FAULT)
        child.process, child.again_at = None, time.monotonic() + wait


def stop(children: list[Child]) -> None:
    """SIGTERM to all, then, after 10 s, SIGKILL to whatever is left."""
    until = time.monotonic() + STOP_SECONDS
    for child in children:
        child.signal(signal.SIGTERM)
    for child in children:
        if child.process is not None:
            try:
                child.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                show("up", f"{child.name} doesn't stop; killing it", FAULT)
            child.sweep()
            for pump in child.pumps:
                pump.join(1)


def _leave_database(settings: Environment, own: bool) -> None:
    if own and embedded.stop(settings.home):
        show("up", "the database is stopped")
    elif own:
        show("up", "the database stays up: another tenantry command is using it")


def show(name: str, line: str, colour: int = 0) -> None:
    """One log line with its source in front; in production one JSON object, which most of our parts' lines are already."""
    if not environment().developing:
        text = line if line.startswith("{") else _as_json(name, line, "error" if colour == FAULT else "info")
    elif sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        text = f"\033[{colour or 2}m{name:<6} │ \033[0m{line}"
    else:
        text = f"{name:<6} │ {line}"
    with contextlib.suppress(BrokenPipeError):
        print(text, flush=True)


def _as_json(name: str, line: str, level: str) -> str:
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"event": redacted(line), "level": level, "logger": f"tenantry.{name}", "timestamp": moment}, ensure_ascii=False)


def _on_signal(number: int, frame: FrameType | None) -> NoReturn:
    raise _Stop
