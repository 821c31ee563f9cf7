"""A query that forgets its filter, a write that names another's row: the database alone says no."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection
from django.db.models import F

from tenantry.entitlements.models import Tally
from tenantry.kit.clock import now
from tenantry.kit.ids import new_id
from tenantry.organizations.models import Invitation, Membership, Organization
from tenantry.people.models import User
from tenantry.tenancy.isolation import organization_column
from tenantry.tenancy.models import TenantModel
from tenantry.tenancy.scope import everywhere, narrow, scope

from .. import identities
from ..people import Cast

MODELS = [model for model in apps.get_models() if issubclass(model, TenantModel)]
OF_AN_ORGANIZATION = [model for model in MODELS if organization_column(model)]


def _counts(models: list[Any]) -> dict[str, int]:
    """How many rows each table shows without any filter, by raw SQL: Django's filters are not what is tried here."""
    with connection.cursor() as cursor:
        found = {}
        for model in models:
            cursor.execute(f'select count(*) from "{model._meta.db_table}"')
            found[model._meta.db_table] = cursor.fetchone()[0]
        return found


def test_a_query_without_its_filter_shows_one_organization_only(cast: Cast) -> None:
    """What every list would answer if somebody forgot ``.filter(organization=…)``."""
    with cast.tenant.scope():
        assert {row.organization_id for row in Membership.objects.all()} == {cast.contoso.id, cast.fabrikam.id}
    with cast.tenant.scope(organizations=[cast.fabrikam.id]):
        assert {row.organization_id for row in Membership.objects.all()} == {cast.fabrikam.id}
        assert list(Organization.objects.all()) == [cast.fabrikam]
        assert not Membership.objects.filter(organization=cast.contoso).exists()
        assert not Membership.objects.filter(id=cast.member("owner").id).exists()
        assert Membership.objects.select_related("organization").filter(organization__name="Contoso").count() == 0


@pytest.mark.parametrize("model", OF_AN_ORGANIZATION, ids=lambda model: model._meta.db_table)
def test_raw_sql_shows_no_row_of_an_organization_outside_the_scope(model: Any, cast: Cast) -> None:
    _fill(cast)
    table, column = model._meta.db_table, organization_column(model)
    with cast.tenant.scope(), connection.cursor() as cursor:
        cursor.execute(f'select count(*) from "{table}" where "{column}" = %s', [cast.contoso.id])
        assert cursor.fetchone()[0] > 0, f"nothing to hide in {table}: let _fill make some"
    with cast.tenant.scope(organizations=[cast.fabrikam.id]), connection.cursor() as cursor:
        cursor.execute(f'select count(*) from "{table}" where "{column}" is distinct from %s', [cast.fabrikam.id])
        assert cursor.fetchone()[0] == 0


def _fill(cast: Cast) -> None:
    """A row in every table that belongs to an organization."""
    base = f"/organizations/{cast.contoso.public_id}"
    cast.tenant.organization_key(cast.contoso).close()
    for response in (
        cast.admin.put(f"{base}/entitlements/quota:project", json={"limit": 3}),
        cast.admin.post(f"{base}/usage/quota:project", json={"resource_id": "proj_1"}),
        cast.owner.post("/webhook-endpoints", json={"url": "https://x.example/", "events": ["*"], "organization": cast.contoso.public_id}),
        cast.owner.post(f"{base}/invitations", json={"email": "somebody@contoso.example", "role": "learner"}),
        cast.admin.put(f"{base}/rate-limits", json={"limits": {"invitation_create": 5}}),
        cast.admin.post(
            "/maintenance-windows", json={"organization": cast.contoso.public_id, "starts_at": (now() + timedelta(days=2)).isoformat()}
        ),
    ):
        assert response.status_code < 300, response.text
    with cast.tenant.scope():
        identities.everything(cast.contoso, cast.owner.me, cast.maintainer.me)


def test_nothing_at_all_can_be_seen_from_another_tenant_or_from_none(cast: Cast) -> None:
    with cast.other_tenant.scope() as opened:
        assert {row.tenant_id for model in MODELS for row in model.objects.all()} == {opened.tenant_id}
        assert not User.objects.filter(email=cast.owner.email).exists()
    with cast.tenant.scope(organizations=[]):
        assert set(_counts(OF_AN_ORGANIZATION).values()) == {0}
    with cast.tenant.scope(), connection.cursor() as cursor:
        cursor.execute("select set_config('app.tenant_id', '', true), set_config('app.org_scope', '*', true)")
        assert set(_counts(MODELS).values()) == {0}
        cursor.execute("select count(*) from tenancy_tenant")
        assert cursor.fetchone()[0] == 0


def test_the_setting_of_a_scope_ends_with_it(cast: Cast) -> None:
    """Connections go back to a pool: the next one to take it must start with nothing."""
    with cast.tenant.scope():
        pass
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(current_setting('app.tenant_id', true), ''), count(*) from people_user")
        assert cursor.fetchone() == ("", 0)


def test_a_scope_inside_a_scope_gives_the_outer_one_its_settings_back(cast: Cast) -> None:
    with cast.tenant.scope(organizations=[cast.fabrikam.id]):
        with scope(cast.other_tenant.id):
            assert User.objects.filter(email="owner@litware.example").exists()
        assert {row.organization_id for row in Membership.objects.all()} == {cast.fabrikam.id}
        with everywhere():
            assert Membership.objects.filter(organization=cast.contoso).exists()
        assert not Membership.objects.filter(organization=cast.contoso).exists()
        with pytest.raises(ZeroDivisionError), everywhere():
            raise ZeroDivisionError
        assert not Membership.objects.filter(organization=cast.contoso).exists()
        narrow([])
        assert not Membership.objects.exists()


def _refused(act: Callable[[], Any], *, by: type[Exception] = ProgrammingError, saying: str = "row-level security") -> None:
    with pytest.raises(by, match=saying):
        act()


def test_no_row_can_be_written_into_another_organization(cast: Cast) -> None:
    def insert() -> None:
        with cast.tenant.scope(organizations=[cast.fabrikam.id]):
            Tally(organization_id=cast.contoso.id, resource_type="quota:project", used=9).save(force_insert=True)

    _refused(insert)
    with cast.tenant.scope(organizations=[cast.fabrikam.id]):
        assert Membership.objects.filter(organization=cast.contoso).update(role="owner") == 0
        assert Membership.objects.filter(organization=cast.contoso).delete()[0] == 0
        assert Organization.objects.filter(id=cast.contoso.id).update(name="Mine") == 0

    def give_away() -> None:
        with cast.tenant.scope(organizations=[cast.fabrikam.id]):
            Membership.objects.update(organization_id=cast.contoso.id)

    _refused(give_away)
    with cast.tenant.scope():
        assert Membership.objects.filter(organization=cast.contoso).count() == len(cast.ROLES)


def test_no_row_can_be_written_into_another_tenant(cast: Cast) -> None:
    other = cast.other_tenant

    def insert() -> None:
        with other.scope():
            User(tenant_id=cast.tenant.id, email="intruder@x.example").save(force_insert=True)

    _refused(insert)

    def move() -> None:
        with other.scope():
            User.objects.update(tenant_id=cast.tenant.id)

    _refused(move)
    with other.scope():
        assert User.objects.filter(tenant_id=cast.tenant.id).update(name="x") == 0


def test_a_row_cant_refer_to_another_tenants_row(cast: Cast) -> None:
    """Not even by a defect in our own code, and whatever row-level security says: the keys themselves refuse."""
    with cast.other_tenant.scope():
        foreign = User.objects.get(email="owner@litware.example").id

    def refer(user_id: UUID, organization_id: UUID) -> None:
        with cast.tenant.scope():
            Membership(
                organization_id=organization_id, user_id=user_id, role="owner", status="active", seat_assigned_at=now()
            ).save(force_insert=True)  # fmt: skip

    _refused(lambda: refer(foreign, cast.contoso.id), by=IntegrityError, saying="organizations_membership_user_id")
    _refused(lambda: refer(cast.outsider.me.id, new_id()), by=IntegrityError, saying="organizations_membership_organization_id")

    def key_of_another() -> None:
        with cast.other_tenant.scope():
            from tenantry.access.models import ApiKey

            ApiKey(name="x", prefix="x", key_hash=b"x" * 32, organization_id=cast.contoso.id).save(force_insert=True)

    _refused(key_of_another, by=IntegrityError, saying="access_apikey_organization_id")


def test_the_same_row_id_in_two_tenants_is_two_rows(cast: Cast) -> None:
    """Why the primary key begins with the tenant: a tenant can be moved to another database whole."""
    shared = new_id()
    for tenant in (cast.tenant, cast.other_tenant):
        with tenant.scope():
            User(id=shared, email="twin@x.example", name=tenant.slug).save(force_insert=True)
    for tenant in (cast.tenant, cast.other_tenant):
        with tenant.scope():
            assert User.objects.get(id=shared).name == tenant.slug


def test_the_app_role_can_do_nothing_but_its_work(cast: Cast) -> None:
    for statement in (
        "truncate people_user",
        "alter table people_user disable row level security",
        "alter table people_user no force row level security",
        "drop policy app_select on people_user",
        "set role tenantry_owner",
        "set session authorization tenantry_platform",
        "insert into tenancy_tenant (id, slug, name, status, sandbox, clock_offset, created_at) "
        "values (gen_random_uuid(), 'mine', 'x', 'active', false, '0', now())",
        "update tenancy_tenant set status = 'active'",
        "create table mine (id int)",
        "copy people_user to program 'cat'",
    ):

        def run(statement: str = statement) -> None:
            with cast.tenant.scope(), connection.cursor() as cursor:
                cursor.execute(statement)

        _refused(run, saying="permission denied|must be owner|must be superuser|row-level security")


def test_row_security_off_is_an_error_and_not_a_way_around(cast: Cast) -> None:
    def run() -> None:
        with cast.tenant.scope(organizations=[]), connection.cursor() as cursor:
            cursor.execute("set local row_security = off")
            cursor.execute("select * from organizations_membership")

    _refused(run, saying="row-level security")


def test_an_invitation_can_be_found_by_nobody_else(cast: Cast) -> None:
    """The one place where rows are looked up before it is known who asks is ``everywhere()``, and it ends."""
    with cast.tenant.scope(organizations=[]):
        with everywhere():
            assert Invitation.objects.count() == 0
            assert Membership.objects.annotate(again=F("role")).count() == len(cast.ROLES) + 1
        assert Membership.objects.count() == 0
