"""What a case of the corpus is, and how a check is switched off."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

LIBRARY = "tenantry.sso.oidc"
Attack = Callable[[], object]


def nothing(*_: object, **__: object) -> None:
    """In place of a check: it looks at nothing."""


@dataclass(frozen=True)
class Case:
    """An attack, the code that it is refused with, and the checks that hold it off.

    ``weak`` maps ``module.function`` to what stands there in the weakened library: with all of it in place the attack must
    succeed. Where it is empty nothing holds the attack off but that the message can't be read; ``why`` says so.
    """

    name: str
    code: str
    attack: Attack = field(repr=False)
    weak: dict[str, Any] = field(default_factory=dict, repr=False)
    why: str = ""


def off(*names: str) -> dict[str, Any]:
    """These checks look at nothing."""
    return dict.fromkeys(names, nothing)


def weaken(monkeypatch: pytest.MonkeyPatch, weak: dict[str, Any]) -> None:
    """Put the weakened functions in place until the test is over."""
    for path, replacement in weak.items():
        module, *way, name = path.split(".")
        owner: Any = importlib.import_module(f"{LIBRARY}.{module}")
        for step in way:
            owner = getattr(owner, step)
        monkeypatch.setattr(owner, name, replacement)
