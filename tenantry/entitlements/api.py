"""Limits and use."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema
from pydantic import AwareDatetime

from tenantry.access.guards import actor_of, guard
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Strict, TypeId

from . import services
from .limits import Standing, check_type, standing, standings

router = Router()
OrganizationRef = Annotated[UUID, TypeId("org")]


class StandingOut(Schema):
    """``limit`` null: unlimited. ``source``: ``plan``, ``override`` or null."""

    resource_type: str
    current: int
    limit: int | None
    source: str | None


class Entitlements(Schema):
    data: list[StandingOut]


class LimitIn(Strict):
    limit: int
    reason: str = Field("", max_length=500)
    ends_at: AwareDatetime | None = None
    force: bool = False


class AcquireIn(Strict):
    resource_id: str


class ReconcileIn(Strict):
    resource_ids: list[str]


class UsageOut(StandingOut):
    ids: list[str]


def _shape(found: Standing) -> dict[str, Any]:
    return {"resource_type": found.resource_type, "current": found.used, "limit": found.limit, "source": found.source or None}


@router.get("/organizations/{organization_id}/entitlements", response=Entitlements, summary="Limits and what is held of them",
            **needs("entitlements:read"))  # fmt: skip
def list_entitlements(request: HttpRequest, organization_id: OrganizationRef) -> dict[str, Any]:
    """Every resource type with a limit or in use, and the seats always."""
    organization = guard(request, "entitlements:read", organization_id)
    return {"data": [_shape(found) for found in standings(organization.id)]}


@router.put("/organizations/{organization_id}/entitlements/{resource_type}", response=StandingOut, summary="Set a limit",
            **needs("entitlements:write"))  # fmt: skip
def put_entitlement(request: HttpRequest, organization_id: OrganizationRef, resource_type: str, body: LimitIn) -> dict[str, Any]:
    """Override the plan's limit, with a reason and perhaps an end. Below what is held only with ``force``."""
    organization = guard(request, "entitlements:write", organization_id)
    found = services.set_limit(organization_id=organization.id, resource_type=resource_type, actor=actor_of(request), **body.dict())
    return _shape(found)


@router.delete("/organizations/{organization_id}/entitlements/{resource_type}", response=StandingOut, summary="Lift an override",
               **needs("entitlements:write"))  # fmt: skip
def delete_entitlement(request: HttpRequest, organization_id: OrganizationRef, resource_type: str) -> dict[str, Any]:
    """The plan's limit rules again, or none."""
    organization = guard(request, "entitlements:write", organization_id)
    return _shape(services.lift_override(organization_id=organization.id, resource_type=resource_type, actor=actor_of(request)))


def _usage(organization_id: Any, resource_type: str) -> dict[str, Any]:
    return {**_shape(standing(organization_id, resource_type)), "ids": services.held_ids(organization_id, resource_type)}


@router.get("/organizations/{organization_id}/usage/{resource_type}", response=UsageOut, summary="What is held",
            **needs("usage:read"))  # fmt: skip
def get_usage(request: HttpRequest, organization_id: OrganizationRef, resource_type: str) -> dict[str, Any]:
    """Current, limit and the ids held (the vendor's own)."""
    organization = guard(request, "usage:read", organization_id)
    return _usage(organization.id, check_type(resource_type))


@router.post("/organizations/{organization_id}/usage/{resource_type}", response={200: StandingOut, 201: StandingOut},
             summary="Acquire one", **needs("usage:write", entitlement="{resource_type}"))  # fmt: skip
def acquire(request: HttpRequest, organization_id: OrganizationRef, resource_type: str, body: AcquireIn) -> tuple[int, dict[str, Any]]:
    """201 when it is new, 200 when this id was held before, 402 when the limit is reached."""
    organization = guard(request, "usage:write", organization_id)
    found, new = services.acquire(
        organization_id=organization.id, resource_type=resource_type, resource_id=body.resource_id, actor=actor_of(request)
    )
    return (201 if new else 200), _shape(found)


@router.put("/organizations/{organization_id}/usage/{resource_type}", response=UsageOut, summary="Reconcile the whole list",
            **needs("usage:write", entitlement="{resource_type}"))  # fmt: skip
def reconcile(request: HttpRequest, organization_id: OrganizationRef, resource_type: str, body: ReconcileIn) -> dict[str, Any]:
    """Hold exactly these ids. Shrinking is always allowed; growth past the limit is 402 and changes nothing."""
    organization = guard(request, "usage:write", organization_id)
    services.reconcile(
        organization_id=organization.id, resource_type=resource_type, resource_ids=body.resource_ids, actor=actor_of(request)
    )
    return _usage(organization.id, resource_type)


@router.delete("/organizations/{organization_id}/usage/{resource_type}/{path:resource_id}", response=StandingOut,
               summary="Release one", **needs("usage:write"))  # fmt: skip
def release(request: HttpRequest, organization_id: OrganizationRef, resource_type: str, resource_id: str) -> dict[str, Any]:
    """Give it back; 404 when it isn't held."""
    organization = guard(request, "usage:write", organization_id)
    return _shape(
        services.release(organization_id=organization.id, resource_type=resource_type, resource_id=resource_id, actor=actor_of(request))
    )
