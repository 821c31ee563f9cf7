"""Several workspaces behind one address: prefixes, suspension, reserved names."""

from __future__ import annotations

import os
import secrets

import httpx
import pytest

from tenantry.access.bearer import TEST
from tenantry.kit import crypto
from tenantry.kit.problems import Problem
from tenantry.tenancy.services import RESERVED, create_tenant, resume_tenant, suspend_tenant

from ..people import Cast, Client, Tenant, ok, problem

WELL_FORMED = (_secret := TEST + "a" * 43) + crypto.checksum(_secret)


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/organizations", "/api/v1/openapi.json"])
def test_a_route_without_its_prefix_says_what_is_missing(path: str) -> None:
    body = problem(httpx.get(os.environ["TENANTRY_TEST_URL"] + path), 400, "tenant_slug_missing")
    assert f"/t/<slug>{path}" in body["detail"]


def test_an_address_that_no_room_has_is_404_with_and_without_prefix(tenant: Tenant) -> None:
    problem(httpx.get(os.environ["TENANTRY_TEST_URL"] + "/api/v1/nowhere"), 404, "not_found")
    problem(httpx.get(f"{tenant.api}/nowhere"), 404, "not_found")


@pytest.mark.parametrize(
    "slug", ["nobody-has-this", "x", "UPPER", "a" * 40, "%00", "-" * 36, "1e0; select 1", "01890a5d-ac96-774b-bcce-b302099a8057"]
)
def test_an_unknown_workspace_is_404(slug: str) -> None:
    base = f"{os.environ['TENANTRY_TEST_URL']}/t/{slug}/api/v1"
    problem(httpx.get(f"{base}/me"), 404, "tenant_not_found")
    question = {"user": "a@b.example", "organization": "org_01h455vb4pex5vsknk084sn02q", "permission": "members:read"}
    key = {"Authorization": f"Bearer {WELL_FORMED}"}
    problem(httpx.post(f"{base}/access/check", json=question, headers=key), 404, "tenant_not_found")


def test_a_workspace_is_addressed_by_its_slug_only(tenant: Tenant) -> None:
    """Not by its id, which the database would take as well."""
    problem(httpx.get(f"{os.environ['TENANTRY_TEST_URL']}/t/{tenant.id}/api/v1/me"), 404, "tenant_not_found")


def test_a_suspended_workspace_refuses_everything_until_it_is_resumed(cast: Cast) -> None:
    ok(cast.owner.get("/me"))
    suspend_tenant(slug=cast.tenant.slug)
    question = {"user": cast.owner.id, "organization": cast.contoso.public_id, "permission": "members:read"}
    for client in (cast.owner, cast.admin, cast.nobody):
        problem(client.get("/me"), 403, "tenant_suspended")
        problem(client.post("/access/check", json=question), 403, "tenant_suspended")
    resume_tenant(slug=cast.tenant.slug)
    ok(cast.owner.get("/me"))


@pytest.mark.parametrize("slug", sorted(RESERVED))
def test_reserved_slugs_are_refused(slug: str) -> None:
    with pytest.raises(Problem) as refused:
        create_tenant(slug=slug, name="x")
    assert (refused.value.status, refused.value.code) in [(422, "slug_reserved"), (422, "slug_invalid")]


@pytest.mark.parametrize("slug", ["ab", "a" * 31, "Ab-c", "a_b", "a b", "äöü", ""])
def test_slugs_of_the_wrong_form_are_refused(slug: str) -> None:
    with pytest.raises(Problem) as refused:
        create_tenant(slug=slug, name="x")
    assert (refused.value.status, refused.value.code) == (422, "slug_invalid")


def test_a_slug_is_given_once() -> None:
    slug = f"t-{secrets.token_hex(6)}"
    create_tenant(slug=slug, name="one")
    with pytest.raises(Problem) as refused:
        create_tenant(slug=slug, name="two")
    assert (refused.value.status, refused.value.code) == (409, "slug_taken")


def test_a_session_and_a_key_of_one_workspace_open_no_other(cast: Cast) -> None:
    other = cast.other_tenant
    key = Client(other.api, key=cast.admin.key)
    problem(key.get("/me"), 401, "key_invalid")
    stolen = Client(other.api)
    for cookie in cast.owner.cookies.jar:
        stolen.cookies.set(cookie.name, cookie.value or "")
    problem(stolen.get("/me"), 401, "unauthenticated")
