"""Looking after a directory over the API: tokens, settings, mappings of groups to roles, errors and status.

What a directory itself says comes to ``/scim/v2``, which is no part of this API.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime

from tenantry.access.guards import actor_of, guard, require_recent, signed_in
from tenantry.access.models import ApiKey
from tenantry.access.networks import shown
from tenantry.kit.etags import expected_version, set_etag
from tenantry.kit.operations import needs
from tenantry.kit.paging import Page
from tenantry.kit.schemas import Listing, Paging, Strict, TypeId, listing, moment

from . import errors, mappings, settings, status, tokens
from .explanations import explain
from .models import ScimError

router = Router()
OrganizationRef = Annotated[UUID, TypeId("org")]
TokenRef = Annotated[UUID, TypeId("sct")]


class TokenOut(Schema):
    """``status``: ``active``, ``expired`` or ``revoked``."""

    id: str
    name: str
    prefix: str
    status: str
    allowed_ips: list[str]
    created_by: str | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class TokenMade(TokenOut):
    """``token`` is the token itself, this once; ``base_url`` is where the directory sends it."""

    token: str
    base_url: str


class SyncTokenIn(Strict):
    """``allowed_ips``: addresses and CIDR networks from which alone it works."""

    name: str = Field(min_length=1, max_length=120, examples=["Okta"])
    expires_at: AwareDatetime | None = None
    allowed_ips: list[str] = Field([], max_length=100)


class SettingsOut(Schema):
    """``provision``: make and reactivate members; ``deprovision``: suspend them; ``update_profile``: change names and the like."""

    enabled: bool
    provision: bool
    deprovision: bool
    update_profile: bool
    default_role: str


class SettingsIn(Strict):
    """What is left out stays as it is."""

    enabled: bool | None = None
    provision: bool | None = None
    deprovision: bool | None = None
    update_profile: bool | None = None
    default_role: str | None = Field(None, max_length=40, examples=["learner"])


class MappingIn(Strict):
    """``group``: the name that the directory gives it; upper and lower case are the same."""

    group: str = Field(min_length=1, max_length=255, examples=["Engineering leads"])
    role: str = Field(max_length=40, examples=["manager"])


class MappingOut(Schema):
    group: str
    role: str


class ErrorOut(Schema):
    """``detail``, ``status`` and ``scim_type`` are as the directory got them; ``meaning`` and ``way_out`` say it in plain words.
    ``sent`` is the request's body: of its values those that say what was asked for, and of persons nothing but the userName."""

    id: str
    at: str
    request_id: str
    token: str
    method: str
    path: str
    user_name: str
    status: int
    scim_type: str | None
    code: str
    detail: str
    meaning: str
    way_out: str
    sent: Any


class SyncStatusOut(Schema):
    """``last_sync_at`` is the last request with a token that worked, to the minute; ``errors`` are those of the last 24 hours."""

    base_url: str
    last_sync_at: str | None
    tokens: int
    users_active: int
    users_inactive: int
    groups: int
    mappings: int
    errors: int


def token_shape(token: ApiKey) -> dict[str, Any]:
    """A token as answers show it."""
    return {
        "id": token.public_id, "name": token.name, "prefix": token.prefix, "status": token.status,
        "allowed_ips": [shown(network) for network in token.allowed_ips or ()],
        "created_by": token.owner.public_id if token.owner else None, "created_at": moment(token.created_at),
        "expires_at": moment(token.expires_at), "last_used_at": moment(token.last_used_at), "revoked_at": moment(token.revoked_at),
    }  # fmt: skip


def _error_shape(row: ScimError) -> dict[str, Any]:
    words = explain(code=row.code, scim_type=row.scim_type, status=row.status)
    return {
        "id": row.public_id, "at": moment(row.created_at), "request_id": row.request_id, "token": row.token_name, "method": row.method,
        "path": row.path, "user_name": row.user_name, "status": row.status, "scim_type": row.scim_type or None, "code": row.code,
        "detail": row.detail, "meaning": words.meaning, "way_out": words.way_out, "sent": row.sent,
    }  # fmt: skip


@router.get(
    "/organizations/{organization_id}/scim-tokens", response=Listing[TokenOut], summary="A directory's tokens", **needs("identity:read")
)
def list_scim_tokens(request: HttpRequest, organization_id: OrganizationRef) -> dict[str, Any]:
    """The latest first, with those that no longer work; never the tokens themselves."""
    organization = guard(request, "identity:read", organization_id)
    return listing(Page(tokens.list_tokens(organization.id), None), token_shape)


@router.post("/organizations/{organization_id}/scim-tokens", response={201: TokenMade}, summary="Make a directory's token",
             **needs("scim_tokens:write"))  # fmt: skip
def make_scim_token(request: HttpRequest, organization_id: OrganizationRef, body: SyncTokenIn) -> tuple[int, dict[str, Any]]:
    """The token itself is in this answer and nowhere else. Two work at a time: a third is 409 ``scim_token_limit``."""
    organization = guard(request, "scim_tokens:write", organization_id)
    require_recent(request)
    token, plain = tokens.make_token(
        organization_id=organization.id, name=body.name, expires_at=body.expires_at, allowed_ips=body.allowed_ips,
        owner=signed_in(request).owner_id, actor=actor_of(request),
    )  # fmt: skip
    return 201, {**token_shape(token), "token": plain, "base_url": status.base_url()}


@router.delete("/organizations/{organization_id}/scim-tokens/{token_id}", response={204: None}, summary="Revoke a directory's token",
               **needs("scim_tokens:write"))  # fmt: skip
def revoke_scim_token(request: HttpRequest, organization_id: OrganizationRef, token_id: TokenRef) -> tuple[int, None]:
    """Its next request is 401."""
    organization = guard(request, "scim_tokens:write", organization_id)
    tokens.revoke_token(organization_id=organization.id, token_id=token_id, actor=actor_of(request))
    return 204, None


@router.get(
    "/organizations/{organization_id}/scim-settings", response=SettingsOut, summary="What a directory may do", **needs("identity:read")
)
def get_scim_settings(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef) -> dict[str, Any]:
    """With the role of whoever is in no mapped group."""
    return _settings_shape(response, settings.of(guard(request, "identity:read", organization_id).id))


@router.put("/organizations/{organization_id}/scim-settings", response=SettingsOut, summary="Set what a directory may do",
            **needs("identity:write", versioned=True))  # fmt: skip
def put_scim_settings(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, body: SettingsIn) -> dict[str, Any]:
    """``default_role`` can't be owner, maintainer or billing_admin: 422 ``role_not_default``."""
    organization = guard(request, "identity:write", organization_id)
    found = settings.change(
        organization_id=organization.id, expected_version=expected_version(request), actor=actor_of(request), **body.model_dump()
    )
    return _settings_shape(response, found)


def _settings_shape(response: HttpResponse, found: settings.Settings) -> dict[str, Any]:
    set_etag(response, found.version)
    return asdict(found)


@router.get("/organizations/{organization_id}/scim-group-mappings", response=Listing[MappingOut],
            summary="Which role a directory's groups give", **needs("identity:read"))  # fmt: skip
def get_scim_group_mappings(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef) -> dict[str, Any]:
    """The highest role first. Somebody in several mapped groups has the highest of their roles. Their version is the settings'."""
    organization = guard(request, "identity:read", organization_id)
    set_etag(response, settings.of(organization.id).version)  # first: of what changes in between it is the older one
    return listing(Page(mappings.of(organization.id), None), asdict)


@router.put("/organizations/{organization_id}/scim-group-mappings", response=Listing[MappingOut],
            summary="Set which role a directory's groups give", **needs("identity:write", versioned=True))  # fmt: skip
def put_scim_group_mappings(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, body: list[MappingIn]
) -> dict[str, Any]:
    """Make the mappings exactly these; everybody's role follows. A group is mapped to owner, maintainer or billing_admin only by
    somebody who may give those roles. The last owner stays owner whatever the groups say."""
    organization = guard(request, "identity:write", organization_id)
    if any(each.role == "owner" for each in body):
        require_recent(request)
    found = mappings.change(
        organization_id=organization.id, mappings=[mappings.Mapping(each.group, each.role) for each in body],
        governance=signed_in(request).may("members:grant_governance", organization.id), expected_version=expected_version(request),
        actor=actor_of(request),
    )  # fmt: skip
    set_etag(response, settings.of(organization.id).version)
    return listing(Page(found, None), asdict)


@router.get("/organizations/{organization_id}/scim-errors", response=Listing[ErrorOut], summary="What a directory was refused",
            **needs("identity:read"))  # fmt: skip
def list_scim_errors(request: HttpRequest, organization_id: OrganizationRef, paging: Query[Paging]) -> dict[str, Any]:
    """The last 1,000 refusals, the latest first."""
    organization = guard(request, "identity:read", organization_id)
    return listing(errors.latest(organization.id, cursor=paging.cursor, limit=paging.limit), _error_shape)


@router.get(
    "/organizations/{organization_id}/scim-status", response=SyncStatusOut, summary="How directory sync stands", **needs("identity:read")
)
def get_scim_status(request: HttpRequest, organization_id: OrganizationRef) -> dict[str, Any]:
    """The last request, and what the directory has sent so far."""
    found = asdict(status.of(guard(request, "identity:read", organization_id).id))
    return found | {"last_sync_at": moment(found["last_sync_at"])}
