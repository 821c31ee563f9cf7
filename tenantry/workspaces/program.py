"""The program: what the vendor calls its workspace, where its people find help, and in which colour its pages are.

It is the settings' group ``program``. Every scope carries the three values (``tenancy.scope.Scope``), so pages and mails
read them without a query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenantry.audit.services import Actor, difference, record
from tenantry.kit.emails import normalize
from tenantry.kit.problems import invalid
from tenantry.tenancy.scope import current
from tenantry.tenancy.settings import read_group, write_group

GROUP = "program"
NAME_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Program:
    """``colour`` is ``#rrggbb``, or empty for the standard one. ``terms_url``: where the terms are that somebody accepts who comes in
    by single sign-on. ``version`` 0: never saved."""

    name: str
    support_email: str = ""
    colour: str = ""
    terms_url: str = ""
    version: int = 0

    def values(self) -> dict[str, str]:
        """What is stored and shown."""
        return {"name": self.name, "support_email": self.support_email, "colour": self.colour, "terms_url": self.terms_url}


def read_program() -> Program:
    """The present tenant's program; before it was saved, its name alone."""
    group = read_group(GROUP)
    return Program(**{**Program(current().name).values(), **group.values}, version=group.version)


def clean(values: Mapping[str, Any]) -> dict[str, str]:
    """The values in the form in which they are kept. Raises Problem 422 with the field's pointer."""
    name = " ".join(str(values.get("name") or "").split())
    if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        raise invalid(f"A name has 1 to {NAME_LENGTH} characters.", pointer="/name", code="name_invalid")
    support = str(values.get("support_email") or "").strip()
    colour = str(values.get("colour") or "").strip().lower()
    if colour and not re.fullmatch(r"#[0-9a-f]{6}", colour):
        raise invalid("A colour looks like #3b5bdb.", pointer="/colour", code="colour_invalid")
    terms = str(values.get("terms_url") or "").strip()
    if terms and (not terms.startswith("https://") or len(terms) > 500 or not terms.isprintable() or " " in terms):
        raise invalid("The terms are at an address that begins with https://", pointer="/terms_url", code="url_refused")
    mail = normalize(support, pointer="/support_email") if support else ""
    return {"name": name, "support_email": mail, "colour": colour, "terms_url": terms}


def change_program(*, values: Mapping[str, Any], expected_version: int | None = None, actor: Actor) -> Program:
    """Replace all values. Raises Problem 412 ``version_stale``, 422."""
    before, cleaned = read_program(), clean(values)
    changes = difference(before.values(), cleaned)
    if before.version and not changes and expected_version in (None, before.version):
        return before
    group = write_group(GROUP, values=cleaned, expected_version=expected_version)
    record("tenant.program_changed", actor=actor, label=cleaned["name"], changes=changes)
    opened = current()  # the rest of this request says it already
    opened.name, opened.support_email, opened.colour = cleaned["name"], cleaned["support_email"], cleaned["colour"]
    return Program(**cleaned, version=group.version)
