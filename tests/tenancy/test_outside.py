"""``tenancy.scope.outside()``: no transaction while another server is asked, and the same scope afterwards."""

from __future__ import annotations

from contextlib import suppress

import psycopg
import pytest
from django.conf import settings
from django.db import connections, transaction

from config.database import role_dsn
from tenantry.organizations.models import Organization
from tenantry.people.models import User
from tenantry.tenancy.scope import aside, current, narrow, outside, scope

from ..people import Cast, Tenant


def _rename(name: str) -> None:
    User.objects.filter(email="ada@contoso.example").update(name=name)


def _name(tenant: Tenant) -> str:
    with tenant.scope():
        return User.objects.get(email="ada@contoso.example").name


@pytest.fixture
def ada(tenant: Tenant) -> Tenant:
    """A tenant in which there is Ada."""
    tenant.sign_in("ada@contoso.example", name="Ada").close()
    return tenant


def test_what_came_before_is_committed_and_unlocked_and_what_came_after_can_still_be_undone(ada: Tenant) -> None:
    with suppress(ZeroDivisionError), ada.scope() as opened:
        _rename("Before")
        committed: list[str] = []
        transaction.on_commit(lambda: committed.append("yes"))
        with outside():
            assert committed == ["yes"]
            assert connections["default"].connection is None, "a connection is held while somebody else is asked"
            dsn = role_dsn(settings.ENVIRONMENT, "app")
            with psycopg.connect(dsn) as other:  # another process: it sees the row, and waits for no lock
                other.execute("set local lock_timeout = '1s'")
                other.execute("select set_config('app.tenant_id', %s, true), set_config('app.org_scope', '*', true)", [str(ada.id)])
                assert other.execute("select name from people_user for update").fetchall() == [("Before",)]
        assert current() is opened
        _rename("After")
        raise ZeroDivisionError
    assert _name(ada) == "Before"


def test_nothing_of_the_tenant_can_be_touched_meanwhile(ada: Tenant) -> None:
    with ada.scope():
        with outside():
            with pytest.raises(RuntimeError, match="No tenant scope"):
                current()
            assert list(User.objects.all()) == []
        assert User.objects.exists()


def test_the_scope_is_as_narrow_as_before(cast: Cast) -> None:
    with cast.tenant.scope():
        narrow([cast.fabrikam.id])
        with outside():
            pass
        assert [row.name for row in Organization.objects.all()] == ["Fabrikam"]


def test_a_failure_within_goes_on_in_the_scope(ada: Tenant) -> None:
    with ada.scope():
        with pytest.raises(OSError, match="no answer"), outside():
            raise OSError("no answer")
        _rename("Noted")
    assert _name(ada) == "Noted"


def test_only_a_whole_transaction_can_be_interrupted(ada: Tenant) -> None:
    with ada.scope():
        with transaction.atomic(), pytest.raises(RuntimeError, match="can't be interrupted"), outside():
            pass
        with scope(ada.id), pytest.raises(RuntimeError, match="can't be interrupted"), outside():
            pass
        with aside(), pytest.raises(RuntimeError, match="can't be interrupted"), outside():
            pass
        transaction.set_rollback(True)
        with pytest.raises(RuntimeError, match="can't be interrupted"), outside():
            pass
