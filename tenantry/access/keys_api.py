"""API keys over the API, and who a key or a session is."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime

from tenantry.audit.names import organization_names
from tenantry.kit.ids import encode
from tenantry.kit.operations import needs
from tenantry.kit.problems import Problem
from tenantry.kit.schemas import Listing, Paging, Strict, TypeId, listing, moment
from tenantry.tenancy.scope import current

from . import keys
from .guards import actor_of, guard, guard_tenant, require_recent, signed_in
from .models import ApiKey
from .networks import shown

router = Router()
OrganizationRef = Annotated[UUID, TypeId("org")]
KeyRef = Annotated[UUID, TypeId("key")]


class Owner(Schema):
    id: str
    email: str


class KeyOut(Schema):
    """``organization`` null: of the whole workspace, with ``staff_role``. ``scopes`` null: all that the role may.
    ``status``: ``active``, ``replaced`` (works until ``expires_at``), ``expired`` or ``revoked``."""

    id: str
    name: str
    prefix: str
    status: str
    organization: str | None
    staff_role: str | None
    scopes: list[str] | None
    allowed_ips: list[str]
    owner: Owner | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    replaced_by: str | None


class KeyMade(KeyOut):
    """``key`` is the key itself, this once."""

    key: str


class KeyIn(Strict):
    """``scopes``: permissions and names of presets. Without ``organization`` the key is for the whole workspace and acts with
    your own staff role. ``allowed_ips``: addresses and CIDR networks from which alone it works."""

    name: str = Field(min_length=1, max_length=120)
    scopes: list[str] = Field(min_length=1, max_length=200, examples=[["members:read", "webhooks:write"]])
    organization: OrganizationRef | None = None
    expires_at: AwareDatetime | None = None
    allowed_ips: list[str] = Field([], max_length=100)


class RotationIn(Strict):
    overlap_hours: int = Field(24, ge=1, le=72, description="How long the old key works on.")


class KeysWanted(Schema):
    organization: OrganizationRef | None = None
    status: str = ""


class WhoamiTenant(Schema):
    slug: str
    name: str


class WhoamiUser(Schema):
    id: str
    email: str
    name: str


class WhoamiKey(Schema):
    id: str
    name: str


class WhoamiOrganization(Schema):
    id: str
    name: str
    role: str


class Whoami(Schema):
    """``role`` and ``organization`` are null where there is none, or more than one: ``organizations`` has all."""

    via: str
    tenant: WhoamiTenant
    user: WhoamiUser | None
    key: WhoamiKey | None
    staff_role: str | None
    organization: str | None
    role: str | None
    organizations: list[WhoamiOrganization]


def _shape(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.public_id,
        "name": key.name,
        "prefix": key.prefix,
        "status": key.status,
        "organization": encode("org", key.organization_id) if key.organization_id else None,
        "staff_role": key.staff_role or None,
        "scopes": key.scopes,
        "allowed_ips": [shown(network) for network in key.allowed_ips or ()],
        "owner": {"id": key.owner.public_id, "email": key.owner.email} if key.owner else None,
        "created_at": moment(key.created_at),
        "expires_at": moment(key.expires_at),
        "last_used_at": moment(key.last_used_at),
        "revoked_at": moment(key.revoked_at),
        "replaced_by": encode("key", key.replaced_by_id) if key.replaced_by_id else None,
    }


def _require_staff(request: HttpRequest, permission: str) -> None:
    """Whoever isn't staff forgot to say which organization they mean. Raises Problem 403."""
    if not signed_in(request).staff_role:
        detail = "Keys of the whole workspace are staff's. Say which organization you mean, as “organization”."
        raise Problem(403, "permission_denied", detail, permission=permission)


@router.get("/keys", response=Listing[KeyOut], summary="API keys", **needs("keys:read"))
def list_keys(request: HttpRequest, wanted: Query[KeysWanted], paging: Query[Paging]) -> dict[str, Any]:
    """The latest first: of one ``?organization=``, or for staff all of the workspace. ``?status=`` as a key has it."""
    if wanted.organization is not None:
        organization_id = guard(request, "keys:read", wanted.organization).id
    else:
        _require_staff(request, "keys:read")
        guard_tenant(request, "keys:read")
        organization_id = None
    found = keys.list_keys(organization_id=organization_id, status=wanted.status, cursor=paging.cursor, limit=paging.limit)
    return listing(found, _shape)


@router.post("/keys", response={201: KeyMade}, summary="Make an API key", **needs("keys:write"))
def make_key(request: HttpRequest, body: KeyIn) -> tuple[int, dict[str, Any]]:
    """The key itself is in this answer and nowhere else. It gets no scope that you don't hold yourself."""
    if body.organization is not None:
        organization_id = guard(request, "keys:write", body.organization).id
    else:
        _require_staff(request, "keys:write")
        guard_tenant(request, "keys:write")
        organization_id = None
    require_recent(request)
    key, plain = keys.make_key(
        principal=signed_in(request), name=body.name, scopes=body.scopes, organization_id=organization_id,
        expires_at=body.expires_at, allowed_ips=body.allowed_ips, actor=actor_of(request),
    )  # fmt: skip
    return 201, {**_shape(key), "key": plain}


@router.get("/keys/{key_id}", response=KeyOut, summary="One API key", **needs("keys:read"))
def get_key(request: HttpRequest, key_id: KeyRef) -> dict[str, Any]:
    """What it may do, whose it is, and when it was last used."""
    signed_in(request)
    key = keys.load_key(key_id)
    if key.organization_id:
        guard(request, "keys:read", key.organization_id)
    else:
        guard_tenant(request, "keys:read")
    return _shape(key)


@router.post("/keys/{key_id}/rotation", response={201: KeyMade}, summary="Replace an API key", **needs("keys:write"))
def rotate_key(request: HttpRequest, key_id: KeyRef, body: RotationIn) -> tuple[int, dict[str, Any]]:
    """A new key with the same name, scopes and networks; the old one works on for the overlap."""
    _guard_key(request, key_id)
    require_recent(request)
    key, plain = keys.rotate_key(key_id=key_id, overlap_hours=body.overlap_hours, principal=signed_in(request), actor=actor_of(request))
    return 201, {**_shape(key), "key": plain}


@router.delete("/keys/{key_id}", response={204: None}, summary="Revoke an API key", **needs("keys:write"))
def revoke_key(request: HttpRequest, key_id: KeyRef, reason: str = "") -> tuple[int, None]:
    """Its next request is 401."""
    _guard_key(request, key_id)
    keys.revoke_key(key_id=key_id, actor=actor_of(request), reason=reason[:500])
    return 204, None


def _guard_key(request: HttpRequest, key_id: UUID) -> None:
    signed_in(request)
    organization_id = keys.load_key(key_id).organization_id
    if organization_id:
        guard(request, "keys:write", organization_id)
    else:
        guard_tenant(request, "keys:write")


@router.get("/auth/whoami", response=Whoami, summary="Who this session or key is", **needs("signed_in"))
def whoami(request: HttpRequest) -> dict[str, Any]:
    """For people and keys without scopes; 403 ``scoped_key_not_for_portal`` for a key with scopes."""
    principal, tenant = signed_in(request), current()
    organizations = [(m.organization_id, m.name, m.role) for m in principal.memberships]
    if (own := principal.key_organization_id) is not None:
        organizations = [(own, organization_names([own]).get(own, ""), "owner")]
    only = organizations[0] if len(organizations) == 1 else None
    user = principal.user
    return {
        "via": principal.via,
        "tenant": {"slug": tenant.slug, "name": tenant.name},
        "user": {"id": user.public_id, "email": user.email, "name": user.name} if user else None,
        "key": {"id": encode("key", principal.key_id), "name": principal.key_name} if principal.key_id else None,
        "staff_role": principal.staff_role or None,
        "organization": encode("org", only[0]) if only else None,
        "role": principal.staff_role or (only[2] if only else None),
        "organizations": [{"id": encode("org", id), "name": name, "role": role} for id, name, role in organizations],
    }
