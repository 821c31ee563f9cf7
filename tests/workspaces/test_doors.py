"""The installation's own doors where no browser is needed: what they refuse, who comes first, and what is taken back."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from tenantry.audit.models import Event
from tenantry.audit.services import CLI
from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem
from tenantry.people import sessions
from tenantry.people.models import Session, User
from tenantry.people.users import suspend_user
from tenantry.tenancy.services import exists
from tenantry.workspaces import founding, signup, visits
from tenantry.workspaces.models import Entry, Visit

from ..people import Tenant, race


def _visit(email: str) -> Visit:
    found = visits.visit_of(visits.begin(visits.make_link(email)))
    assert found
    return found


def _user(tenant: Tenant, email: str, *, proven: bool = True) -> User:
    tenant.sign_in(email).close()
    with tenant.scope():
        User.objects.filter(email=email).update(email_verified_at=now() if proven else None)
        return User.objects.get(email=email)


def test_a_person_enters_where_they_may_and_nowhere_else(tenant: Tenant) -> None:
    email = f"{secrets.token_hex(6)}@contoso.example"
    person, others = _user(tenant, email), [Tenant.make(f"v-{secrets.token_hex(6)}") for _ in range(2)]
    _user(others[0], email, proven=False)
    visit = _visit(email)
    assert [one.slug for one in visits.workspaces(visit)] == [tenant.slug]
    assert visits.tenants_of(f"x{email}") == []
    for other in others:
        with pytest.raises(Problem) as refused:
            visits.enter(visit=visit, slug=other.slug)
        assert refused.value.code == "not_found"
    first, second = visits.enter(visit=visit, slug=tenant.slug), visits.enter(visit=visit, slug=tenant.slug)
    with tenant.scope():
        assert not Session.objects.filter(token_hash=crypto.digest(first), ended_at__isnull=True).exists()
        assert sessions.principal_of_cookie(second)[0].user == person
        suspend_user(user_id=person.id, reason="left", notify=False, actor=CLI)
    assert visits.workspaces(visit) == []
    with pytest.raises(Problem) as refused:
        visits.enter(visit=visit, slug=tenant.slug)
    assert refused.value.code == "user_suspended"
    with tenant.scope():
        assert Event.objects.filter(action="user.sign_in_failed", reason="user_suspended").exists()
        assert Session.objects.filter(user=person, ended_at__isnull=True).count() == 0
    assert Entry.objects.using("platform").filter(visit_id=visit.id).count() == 2


def test_a_link_works_once_and_not_for_long() -> None:
    token = visits.make_link("ada@contoso.example")

    def click() -> str:
        try:
            return visits.begin(token)
        except Problem as problem:
            return problem.code
        finally:
            connections.close_all()

    answers = race(*[click] * 3)
    assert sorted(len(answer) for answer in answers) == [12, 12, 43]
    late = visits.make_link("ada@contoso.example")
    Visit.objects.using("platform").filter(link_hash=crypto.digest(late)).update(link_expires_at=now() - timedelta(seconds=1))
    with pytest.raises(Problem):
        visits.peek(late)
    Visit.objects.using("platform").filter(token_hash__isnull=False).update(expires_at=now())
    assert visits.visit_of(next(answer for answer in answers if len(answer) == 43)) is None


def test_a_tenant_that_gets_no_admin_is_taken_back() -> None:
    slug = f"f-{secrets.token_hex(6)}"

    def fails(admin: User) -> None:
        assert admin.email == "ada@contoso.example"
        raise Problem(409, "state_conflict", "No.")

    given: dict[str, Any] = {"slug": slug, "program": {"name": "Contoso"}, "actor": CLI}
    with pytest.raises(Problem):
        founding.found(founder=founding.Founder("ada@contoso.example", "Ada"), within=fails, **given)
    assert not exists(slug)
    founding.found(founder=founding.Founder("ada@contoso.example", "Ada"), within=str, **given)
    assert exists(slug)


def test_the_operator_can_close_sign_up(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant.staff("nora@northwind.example", "admin").close()
    signup.require_open()
    for setting, value, code in (("signup", "off", "signup_closed"), ("tenancy", "single", "not_found")):
        monkeypatch.setattr(settings.ENVIRONMENT, setting, value)
        with pytest.raises(Problem) as refused:
            signup.require_open()
        assert refused.value.code == code
        monkeypatch.undo()
