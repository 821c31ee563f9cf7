"""Who did it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """A user, staff (perhaps impersonating), an API key, a SCIM token, or the system.

    ``source`` says through which door: ``portal``, ``api``, ``scim``, ``cli``, ``job`` or ``system``.
    """

    kind: str
    id: UUID | None
    label: str
    source: str = "api"
    impersonator_id: UUID | None = None


SYSTEM = Actor("system", None, "Tenantry", "system")
CLI = Actor("system", None, "Operator at the command line", "cli")
