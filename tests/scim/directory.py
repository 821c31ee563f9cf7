"""A directory as tests play it: an HTTP client with a token of one organization."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

import httpx

from tenantry.access import allowances
from tenantry.audit.services import CLI
from tenantry.organizations.models import Membership, Organization
from tenantry.scim.tokens import make_token

from ..people import Client, Tenant, ok

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


class Directory(Client):
    """One organization's directory at its tenant's /scim/v2."""

    def __init__(self, tenant: Tenant, organization: Organization | UUID) -> None:
        self.tenant, self.organization_id = tenant, getattr(organization, "id", organization)
        with tenant.scope():
            # A test asks more at once than the rule for directories allows; that rule has a test of its own.
            allowances.change(organization_id=self.organization_id, limits={"scim": 1_000_000}, staff=True, actor=CLI)
            token = make_token(organization_id=self.organization_id, name="Okta", owner=None, actor=CLI)[1]
        super().__init__(f"{tenant.url}/scim/v2", key=token)
        self.headers["Content-Type"] = "application/scim+json"

    def user(self, user_name: str = "", /, **more: Any) -> dict[str, Any]:
        """Create a person; returns the resource."""
        body = {"schemas": [USER], "userName": user_name or f"u{secrets.token_hex(6)}@contoso.example", **more}
        found: dict[str, Any] = ok(self.post("/Users", json=body), 201)
        return found

    def change(self, path: str, *operations: dict[str, Any], **headers: str) -> httpx.Response:
        """PATCH with these operations."""
        return self.patch(path, json={"schemas": [PATCH], "Operations": list(operations)}, headers=headers)

    def find(self, kind: str, text: str, **more: Any) -> list[dict[str, Any]]:
        """What fits a filter."""
        body = ok(self.get(f"/{kind}", params={"filter": text, **more}))
        assert body["schemas"] == [LIST]
        assert len(body["Resources"]) == min(body["totalResults"], body["itemsPerPage"])
        found: list[dict[str, Any]] = body["Resources"]
        return found

    def member(self, address: str) -> Membership | None:
        """The membership of an address in this organization."""
        with self.tenant.scope():
            return Membership.objects.select_related("user").filter(organization_id=self.organization_id, user__email=address).first()


def refused(response: httpx.Response, status: int, kind: str | None = None) -> dict[str, Any]:
    """Assert a SCIM error (RFC 7644 §3.12); returns its body."""
    assert response.status_code == status, f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
    assert response.headers["content-type"].startswith("application/scim+json"), response.headers
    body: dict[str, Any] = response.json()
    assert body["schemas"] == [ERROR]
    assert body["status"] == str(status)
    assert body["detail"]
    assert body.get("scimType") == kind, body
    return body
