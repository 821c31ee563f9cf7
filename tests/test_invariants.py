"""The invariants notice what they are for."""

from __future__ import annotations

import os

import psycopg
from django.db import connection, transaction

from .invariants import lies_in, tallies_that_lie
from .people import Cast, ok


def test_a_tally_that_lies_is_noticed(cast: Cast) -> None:
    ok(cast.owner.post(f"{cast.org}/usage/quota:project", json={"resource_id": "proj_1"}), 201)
    assert tallies_that_lie(cast.tenant.id) == []
    faults = {
        "more": "update entitlements_tally set used = used + 1 where resource_type = 'quota:project'",
        "gone": "delete from entitlements_tally where resource_type = 'seat:admin' and organization_id = %s",
        "a seat too many": "update organizations_membership set status = 'suspended', seat_assigned_at = null where role = 'learner'",
        "a use forgotten": "delete from entitlements_usage",
    }
    for name, statement in faults.items():
        with cast.tenant.scope(), connection.cursor() as cursor:
            cursor.execute(statement, [cast.contoso.id] if "%s" in statement else None)
            assert tallies_that_lie(cast.tenant.id), name
            transaction.set_rollback(True)
    assert tallies_that_lie(cast.tenant.id) == []


def test_all_tenants_are_recounted_at_the_end(cast: Cast) -> None:
    """As the administrator, whom row-level security lets see every tenant."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as admin:
        seen = admin.execute("select count(*) from entitlements_tally where organization_id = %s", [cast.contoso.id]).fetchone()
    assert seen is not None
    assert seen[0] > 0
    assert not [lie for lie in lies_in(os.environ["DATABASE_URL"]) if str(cast.contoso.id) in lie]
