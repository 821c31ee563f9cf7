"""Every operation of the OpenAPI document, called by people who have no business there, with identifiers that exist.

Nothing here knows any operation by name: what may be answered follows from ``x-permission``, identifiers from the
tables, bodies from the schemas. A new room is covered when its router is added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tenantry.access.models import ApiKey
from tenantry.access.permissions import registered
from tenantry.kit.clock import now
from tenantry.people.models import Device, Impersonation, Passkey
from tenantry.people.sessions import COOKIE
from tenantry.tenancy.isolation import organization_column

from .. import factories
from ..people import Cast, Client, ok
from . import rows
from .document import OPEN, WORDS, Operation, operations, request

SECRET = "contoso.example"  # stands in every address of the victim's people
# An organization's own key means its organization where none is named.
OWN_OF_A_KEY = {"GET /webhook-endpoints", "POST /webhook-endpoints"}


@pytest.fixture
def victim(cast: Cast) -> Cast:
    """Contoso with one of everything: invitations, limits, use, a suspended and a removed member, staff, keys."""
    tenant = cast.tenant
    tenant.staff("ada@contoso.example", "admin").close()
    tenant.staff("finance@contoso.example", "finance").close()
    tenant.organization_key(cast.contoso).close()
    hook = {"url": "http://127.0.0.1:9/?contoso.example", "events": ["*"], "organization": cast.contoso.public_id}
    endpoint = ok(cast.owner.post("/webhook-endpoints", json=hook), 201)["id"]
    for response in (
        cast.owner.post(f"/webhook-endpoints/{endpoint}/pause"),  # what follows is in its deliveries, and none is on its way
        cast.admin.put(f"{cast.org}/entitlements/quota:project", json={"limit": 3, "reason": "contract"}),
        cast.admin.post(f"{cast.org}/usage/quota:project", json={"resource_id": "proj_1"}),
        cast.owner.post(f"{cast.org}/invitations", json={"email": "invited@contoso.example", "role": "learner"}),
        cast.owner.post(f"{cast.member_at('expert')}/suspension", json={"reason": "away"}),
        cast.owner.delete(cast.member_at("support")),
        cast.owner.post(f"{cast.org}/scim-tokens", json={"name": "Okta"}),
        cast.owner.put(f"{cast.org}/scim-group-mappings", json=[{"group": "contoso.example", "role": "learner"}]),
        cast.owner.post(f"{cast.org}/sso-connections", json={"kind": "saml", "preset": "test"}),
        cast.owner.put(f"{cast.org}/sso-policy", json={"mode": "test"}),
        cast.admin.put("/permissions", json={"permissions": [{"name": "project:create", "roles": ["owner"]}]}),
        cast.admin.post("/maintenance-windows", json={"organization": cast.contoso.public_id, "starts_at": WORDS["starts_at"]}),
        cast.owner.post(f"{cast.org}/domains", json={"domain": "contoso.example"}),
    ):
        assert response.status_code < 300, response.text
    decision = {"decision": "verify", "reason": "known"}
    ok(cast.admin.post(f"{cast.org}/domains/{ok(cast.owner.get(f'{cast.org}/domains'))['data'][0]['id']}/decision", json=decision))
    with tenant.sign_in("asks@contoso.example") as asking:
        ok(asking.post("/me/join-requests", json={"organization": cast.contoso.public_id}), 201)
    with tenant.scope():
        factories.suppressed("gone@contoso.example")
        factories.linked(cast.contoso, cast.owner.me)
        looks = Impersonation(staff=cast.owner.me, user=cast.learner.me, organization_id=cast.contoso.id, reason="contoso.example")
        looks.save(force_insert=True)
        Passkey(user=cast.owner.me, name="contoso.example", credential_id=b"1", public_key=b"1").save(force_insert=True)
        Device(user=cast.owner.me, token_hash=b"1" * 32, label="contoso.example", last_used_at=now()).save(force_insert=True)
    tenant.jobs_done()  # from here on only the intruders act
    return cast


def _ids(cast: Cast) -> dict[str, str]:
    """An identifier of the victim for every prefix that the tables know: its own row where there is one."""
    found = {"job": str(factories.dead_job(cast.tenant.id))}
    with cast.tenant.scope():
        for model in rows.models():
            if model.PREFIX:
                column = organization_column(model)
                row = model.objects.filter(**({column: cast.contoso.id} if column else {})).order_by("id").first()
                if row is not None:
                    found[model.PREFIX] = row.public_id
        found["sct"] = ApiKey.objects.get(kind=ApiKey.Kind.SCIM, organization_id=cast.contoso.id).public_id
    return found


def _document(cast: Cast) -> list[Operation]:
    document = ok(cast.nobody.get("/openapi.json"))
    return list(operations(document, prefix=f"/t/{cast.tenant.slug}/api/v1"))


def _call(client: Client, operation: Operation, ids: dict[str, str], base: str) -> httpx.Response:
    path, query, body = request(operation, ids)
    return client.request(operation.method, base + path, params=query, json=body)


def _intruders(cast: Cast) -> Iterator[tuple[str, Client, str]]:
    """Name, client, and under whose address they try."""
    here, there = cast.tenant.api, cast.other_tenant.api
    yield "outsider's owner", cast.outsider, here
    yield "outsider's key", cast.tenant.organization_key(cast.fabrikam), here
    yield "plain member", cast.learner, here
    yield "nobody", cast.nobody, here
    yield "other tenant's owner", Client(here, session=cast.other_owner.cookies[COOKIE]), here
    yield "other tenant's owner, at home", cast.other_owner, there
    yield "other tenant's admin", Client(here, key=(key := cast.other_tenant.key("admin")).key), here
    yield "other tenant's admin, at home", key, there


def _faults(name: str, operation: Operation, response: httpx.Response, cast: Cast, ids: dict[str, str], *, home: bool) -> list[str]:
    """What is wrong with an answer to somebody who should get none."""
    status, said = response.status_code, f"{name}: {operation} → {response.status_code} {response.text[:300]}"
    is_open = operation.permission in OPEN
    if status >= 500:
        return [said]
    if name == "plain member":
        allowed = is_open or "learner" in registered()[operation.permission].roles
        leaked = response.text.replace(cast.learner.email, "")
        return [said] if (status < 300 and not allowed) or (status < 300 and SECRET in leaked) else []
    faults = []
    # At home an admin acts on what is theirs; what they name is the victim's, so it isn't there.
    own = home and "admin" in name and not any(f"{{{p['name']}}}" in operation.path for p in operation.parameters)
    own = own or (name == "outsider's key" and str(operation) in OWN_OF_A_KEY)
    if home and status == 422 and "admin" in name:
        return []  # what they send fits no rule of theirs, so it was not even looked up
    if not is_open and not own and status not in (401, 403, 404):
        faults.append(said)
    if name in ("nobody", "other tenant's owner", "other tenant's admin") and operation.permission != "public" and status != 401:
        faults.append(f"not 401: {said}")
    if operation.of_organization and status not in (401, 404):
        faults.append(f"tells that the organization exists: {said}")
    if SECRET in response.text or any(value in response.text for prefix, value in ids.items() if prefix != "usr"):
        faults.append(f"shows what is the victim's: {said}")
    return faults


def test_no_operation_serves_anybody_who_has_no_business_there(victim: Cast) -> None:
    ids = _ids(victim)
    found = _document(victim)
    assert len(found) > 40
    found.sort(key=lambda operation: operation.permission in OPEN)  # last what may end the intruder's own session
    before = rows.snapshot(victim.tenant)
    faults = []
    for name, client, base in _intruders(victim):
        for operation in found:
            response = _call(client, operation, ids, base)
            faults += _faults(name, operation, response, victim, ids, home=base != victim.tenant.api)
    assert not faults, "\n".join(faults)
    own = [victim.outsider.me.id, victim.learner.me.id]
    assert rows.touched(before, rows.snapshot(victim.tenant), organizations=[victim.contoso.id], own=own) == []


def test_every_operation_says_what_it_needs(cast: Cast) -> None:
    unknown = {str(op): op.permission for op in _document(cast) if op.permission not in OPEN and op.permission not in registered()}
    assert unknown == {}


def test_the_same_requests_are_served_to_whom_they_belong(victim: Cast) -> None:
    """Otherwise the refusals above could be about wrong identifiers or bodies that nobody could send."""
    with victim.tenant.scope():
        factories.organization("Tailspin", {"owner": "owner@tailspin.example"})
    ids, faults = _ids(victim), []
    ending = (
        "suspension",
        "{domain_id}",
        "{membership_id}",
        "{endpoint_id}",
        "{organization_id}",
        "restoration",
        "deactivation",
    )  # ends for others

    def order(operation: Operation) -> tuple[int, bool]:
        end = operation.path.rpartition("/")[2]
        return (ending.index(end) + 1 if end in ending and operation.method != "PATCH" else 0), operation.method == "DELETE"

    found = sorted(_document(victim), key=order)
    for operation in found:
        if operation.permission in ("public", "person"):
            continue
        path, query, body = request(operation, ids)
        response = victim.admin.request(operation.method, path, params=query, json=body)
        unfit = response.status_code == 422 and response.json()["code"] == "validation_failed"
        if response.status_code in (401, 404) or response.status_code >= 500 or unfit:
            faults.append(f"{operation} → {response.status_code} {response.text[:300]}")
    assert not faults, "\n".join(faults)


def test_an_identifier_of_the_wrong_form_is_404_everywhere(cast: Cast) -> None:
    faults = []
    for wrong in ("org_nonsense", "mem_00000000000000000000000000", "'; drop table people_user", "%00", "💥", "x" * 500, "0"):
        for operation in _document(cast):
            if operation.permission in OPEN or "_id}" not in operation.path:
                continue
            ids = defaultdict(lambda text=wrong: text, job=wrong)  # type: ignore[misc]  # of every prefix
            path, query, body = request(operation, ids)
            response = cast.admin.request(operation.method, path.replace("%2500", "%00"), params=query, json=body)
            if response.status_code != 404:
                faults.append(f"{operation} with {wrong[:30]!r} → {response.status_code} {response.text[:200]}")
    assert not faults, "\n".join(faults)


def test_a_learner_reads_of_the_others_nothing_but_names(cast: Cast) -> None:
    shown: list[dict[str, Any]] = ok(cast.learner.get(f"{cast.org}/members"))["data"]
    assert len(shown) == len(cast.ROLES)
    assert {key for row in shown for key in row} == {"id", "name"}
