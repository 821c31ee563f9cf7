"""What a check finds, and how it is shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from config.environment import Environment

State = Literal["ok", "warn", "fail"]
COLOURS = {"ok": 32, "warn": 33, "fail": 31}


class Finding(NamedTuple):
    """One line of the report. ``mend`` says what to do about it."""

    state: State
    subject: str
    text: str
    mend: str = ""


class Unreachable(Exception):
    """Without this, later checks make no sense."""


Check = Callable[[Environment], Iterator[Finding]]


def show(finding: Finding) -> None:
    """One finding, in colour on a terminal."""
    word = f"{finding.state:<4}"
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        word = f"\033[{COLOURS[finding.state]}m{word}\033[0m"
    print(f"{word}  {finding.subject:<10} {finding.text}")
    if finding.mend and finding.state != "ok":
        print(f"{'':<17}→ {finding.mend}")
