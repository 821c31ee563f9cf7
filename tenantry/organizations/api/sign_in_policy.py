"""How an organization's members sign in, over the API."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from tenantry.access.guards import actor_of, guard, require_recent, signed_in
from tenantry.access.networks import shown
from tenantry.kit.etags import expected_version, set_etag
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Strict, moment

from .. import sign_in_policy as services
from ..models import SignInPolicy
from .shapes import OrganizationRef

router = Router()


class SignInPolicyOut(Schema):
    """Null: nothing is asked. ``second_factor_from``: when the grace ends for whoever was a member when it began."""

    second_factor: str
    grace_days: int
    required_since: str | None
    session_lifetime_hours: int | None
    idle_minutes: int | None
    allowed_networks: list[str]


class SignInPolicyIn(Strict):
    """What is left out stays as it is."""

    second_factor: Literal["off", "required"] | None = None
    grace_days: int | None = Field(None, ge=0, le=90, description="Days that members have to set a second factor up.")
    session_lifetime_hours: int | None = Field(None, ge=1, le=336, description="Null: 14 days, as everybody's.")
    idle_minutes: int | None = Field(None, ge=5, le=4320, description="Null: 3 days, as everybody's.")
    allowed_networks: list[str] | None = Field(None, max_length=100, description="Addresses and CIDR networks; none: from anywhere.")


class Lifting(Strict):
    reason: str = Field("", max_length=500)


def _shape(policy: SignInPolicy) -> dict[str, Any]:
    return {
        "second_factor": policy.second_factor, "grace_days": policy.grace_days, "required_since": moment(policy.required_since),
        "session_lifetime_hours": policy.session_lifetime_hours, "idle_minutes": policy.idle_minutes,
        "allowed_networks": [shown(network) for network in policy.allowed_networks],
    }  # fmt: skip


@router.get("/organizations/{organization_id}/sign-in-policy", response=SignInPolicyOut, summary="How members sign in",
            **needs("identity:read"))  # fmt: skip
def get_policy(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef) -> dict[str, Any]:
    """Second factor, sessions, networks."""
    policy = services.policy_of(guard(request, "identity:read", organization_id))
    set_etag(response, policy.version)
    return _shape(policy)


@router.put("/organizations/{organization_id}/sign-in-policy", response=SignInPolicyOut, summary="Change how members sign in",
            **needs("identity:write", versioned=True))  # fmt: skip
def put_policy(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, body: SignInPolicyIn) -> dict[str, Any]:
    """Counts for sessions that exist, from their next request on. 422 ``would_lock_you_out`` when your own address isn't in the list."""
    organization = guard(request, "identity:write", organization_id)
    require_recent(request)
    given = body.dict(exclude_unset=True)
    if given.get("second_factor", "") is None:
        del given["second_factor"]
    policy = services.save(
        organization=organization, values=given, exempt=bool(signed_in(request).staff_role),
        expected_version=expected_version(request), actor=actor_of(request),
    )  # fmt: skip
    set_etag(response, policy.version)
    return _shape(policy)


@router.post("/organizations/{organization_id}/sign-in-policy/lifting", response=SignInPolicyOut, summary="Lift the list of networks",
             **needs("identity:lift"))  # fmt: skip
def lift_networks(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, body: Lifting) -> dict[str, Any]:
    """For staff, with a reason, when the list keeps everybody of the organization away."""
    organization = guard(request, "identity:lift", organization_id)
    require_recent(request)
    policy = services.lift(organization=organization, reason=body.reason, actor=actor_of(request))
    set_etag(response, policy.version)
    return _shape(policy)
