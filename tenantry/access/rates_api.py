"""An organization's own rate limits over the API."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from tenantry.kit.etags import expected_version, set_etag
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Strict, TypeId

from . import allowances
from .guards import actor_of, guard, signed_in
from .models import Allowance

router = Router()
OrganizationRef = Annotated[UUID, TypeId("org")]


class RateLimitOut(Schema):
    """``used`` in the last ``period_seconds``, for a rule of keys by the busiest key; ``reset``: seconds until there is more room.

    ``own`` is the organization's own number, null where the installation's (``default``) rules.
    """

    rule: str
    label: str
    meaning: str
    per: str
    limit: int
    period_seconds: int
    default: int
    own: int | None
    bound: int
    used: int
    remaining: int
    reset: int


class RateLimits(Schema):
    data: list[RateLimitOut]


class RateLimitsIn(Strict):
    """``limits`` and ``bounds`` are ``{rule: number}``."""

    limits: dict[str, int]
    bounds: dict[str, int] | None = None


def _shape(response: HttpResponse, held: Allowance) -> dict[str, Any]:
    set_etag(response, held.version)
    return {
        "data": [
            {
                "rule": found.rule.name, "label": found.rule.label, "meaning": found.rule.meaning, "per": found.rule.per,
                "limit": found.limit, "period_seconds": found.rule.seconds, "default": found.rule.limit, "own": found.own,
                "bound": found.bound, "used": found.used, "remaining": max(0, found.limit - found.used), "reset": found.reset,
            }
            for found in allowances.standings(held)
        ]
    }  # fmt: skip


@router.get("/organizations/{organization_id}/rate-limits", response=RateLimits, summary="Rate limits and what is used of them",
            **needs("settings:read"))  # fmt: skip
def get_rate_limits(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef) -> dict[str, Any]:
    """The rules of which an organization can have its own number, with the bound up to which it may raise them itself."""
    organization = guard(request, "settings:read", organization_id)
    return _shape(response, allowances.load(organization.id))


@router.put("/organizations/{organization_id}/rate-limits", response=RateLimits, summary="Set an organization's own rate limits",
            **needs("settings:write_owner_fields", versioned=True))  # fmt: skip
def put_rate_limits(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, body: RateLimitsIn) -> dict[str, Any]:
    """Make them exactly ``limits``; a rule that isn't named goes back to the installation's number.

    An organization stays within its bounds: more is 422 ``rate_limit_above_bound``. Staff set any number, and the ``bounds``; left
    out, those stay as they are, and rise with a number above them.
    """
    organization = guard(request, "settings:write_owner_fields", organization_id)
    held = allowances.change(
        organization_id=organization.id, limits=body.limits, bounds=body.bounds, staff=bool(signed_in(request).staff_role),
        expected_version=expected_version(request), actor=actor_of(request),
    )  # fmt: skip
    return _shape(response, held)
