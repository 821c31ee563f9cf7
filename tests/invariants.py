"""What must be true of the database whatever the tests did: asked once more when the run is over (tests/conftest.py)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import psycopg

from tenantry.tenancy.scope import scope

from .entitlements.recount import RECOUNT, differences


def tallies_that_lie(tenant_id: UUID) -> list[str]:
    """What each tally of a tenant says and what a recount of memberships, invitations and use says, where the two differ."""
    with scope(tenant_id):
        return _told(differences())


def lies_in(database: str) -> list[str]:
    """The same for all tenants at once; ``database`` is its administrator's address, whom no policy stops."""
    with psycopg.connect(database) as connection:
        return _told(connection.execute(RECOUNT).fetchall())


def _told(rows: Iterable[tuple[object, str, int, int]]) -> list[str]:
    return [f"{name} of organization {organization}: the tally says {tally}, there are {real}" for organization, name, tally, real in rows]
