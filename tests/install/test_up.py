"""One command starts everything and leaves nothing behind: the starts of one installation, the very first one first."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import time

import httpx
import psutil
import pytest

from .installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_the_first_start_prints_ways_in_that_work_and_a_signal_stops_all(lived_in: Installation) -> None:
    process, printed = lived_in.start()

    links = re.findall(r"Sign in as an \w+ +(http\S+)", printed)
    key = re.search(r"API key \(admin\) +(\S+)", printed)
    assert key, printed
    assert len(links) == 2
    for address in (*links, f"{lived_in.url}/api/v1/docs", f"{lived_in.url}/dev/mailbox"):
        assert httpx.get(address, follow_redirects=True).status_code == 200, address
    who = httpx.get(f"{lived_in.url}/api/v1/me", headers={"Authorization": f"Bearer {key[1]}"})
    assert (who.status_code, who.json()["staff_role"]) == (200, "admin")
    assert stat.S_IMODE((lived_in.home / "demo.key").stat().st_mode) == 0o600

    process.send_signal(signal.SIGINT)
    assert process.wait(12) == 0
    assert lived_in.processes() == []


def test_a_second_start_is_quick_and_keeps_the_key(lived_in: Installation) -> None:
    process, first = lived_in.start()
    took = []
    while len(took) < 3 and min(took, default=99) > 5:  # it is 2 s on an idle machine, but other tests run beside this one
        process.terminate()
        process.wait(12)
        before = time.monotonic()
        process, second = lived_in.start()
        took.append(time.monotonic() - before)
        assert re.findall(r"tk_live_\S+", first) == re.findall(r"tk_live_\S+", second)
    assert min(took) < 10, took


def test_after_a_kill_no_orphan_stays_and_the_next_start_recovers(lived_in: Installation) -> None:
    process, _ = lived_in.start()
    postmaster = int((lived_in.home / "postgres" / "postmaster.pid").read_text().split()[0])
    process.kill()
    process.wait(5)
    os.kill(postmaster, signal.SIGKILL)

    again, printed = lived_in.start()
    assert "Tenantry is ready" in printed
    again.terminate()
    assert again.wait(12) == 0
    assert lived_in.processes() == []


def test_a_child_that_dies_is_named_and_started_again(lived_in: Installation) -> None:
    process, _ = lived_in.start()
    for child in psutil.Process(process.pid).children():
        if "worker" in child.cmdline():
            child.kill()
    until = time.monotonic() + 15
    while "starting it again" not in lived_in.log() and time.monotonic() < until:
        time.sleep(0.1)
    assert "worker was killed by SIGKILL; starting it again in 1 s" in lived_in.log()


def test_a_taken_port_is_a_sentence(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        answer = installation.run("up", PORT=str(port))
    assert answer.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in answer.stderr
    assert f"PORT={port + 1}" in answer.stderr
    assert "Traceback" not in answer.stderr
