"""From state to state: each transition is a POST, never a PATCH of ``state``."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router

from tenantry.access.guards import actor_of, guard, guard_tenant
from tenantry.kit.operations import needs
from tenantry.kit.problems import not_found
from tenantry.kit.schemas import Strict

from .. import queries, services
from ..models import Organization
from .shapes import OrganizationOut, OrganizationRef, Reason, brief

router = Router()


class Decision(Strict):
    decision: Literal["approve", "reject"]
    reason: str = ""


def _led(request: HttpRequest, organization: Organization, act: str, reason: str = "") -> dict[str, Any]:
    led = services.transition(organization=organization, act=act, reason=reason, actor=actor_of(request))
    return {**brief(led), "state_reason": led.state_reason}


def _any(organization_id: Any) -> Organization:
    found = queries.load(organization_id, True)
    if found is None:
        raise not_found("organization")
    return found


@router.post("/organizations/{organization_id}/verification", response=OrganizationOut, exclude_unset=True,
             summary="Approve or reject", **needs("organizations:verify"))  # fmt: skip
def verify(request: HttpRequest, organization_id: OrganizationRef, body: Decision) -> dict[str, Any]:
    """Approving makes it active; rejecting keeps it pending with a reason."""
    guard_tenant(request, "organizations:verify")
    return _led(request, _any(organization_id), body.decision, body.reason)


@router.post("/organizations/{organization_id}/verification/resubmission", response=OrganizationOut, exclude_unset=True,
             summary="Ask for verification again", **needs("verification:resubmit"))  # fmt: skip
def resubmit(request: HttpRequest, organization_id: OrganizationRef) -> dict[str, Any]:
    """After a rejection."""
    return _led(request, guard(request, "verification:resubmit", organization_id), "resubmit")


@router.post("/organizations/{organization_id}/suspension", response=OrganizationOut, exclude_unset=True,
             summary="Suspend an organization", **needs("organizations:suspend"))  # fmt: skip
def suspend(request: HttpRequest, organization_id: OrganizationRef, body: Reason) -> dict[str, Any]:
    """It reads but doesn't write until that is lifted. Needs a reason."""
    guard_tenant(request, "organizations:suspend")
    return _led(request, _any(organization_id), "suspend", body.reason)


@router.delete("/organizations/{organization_id}/suspension", response=OrganizationOut, exclude_unset=True,
               summary="Lift a suspension", **needs("organizations:suspend"))  # fmt: skip
def lift(request: HttpRequest, organization_id: OrganizationRef) -> dict[str, Any]:
    """Active again."""
    guard_tenant(request, "organizations:suspend")
    return _led(request, _any(organization_id), "lift_suspension")


@router.post("/organizations/{organization_id}/deactivation", response=OrganizationOut, exclude_unset=True,
             summary="Deactivate for good", **needs("organizations:deactivate"))  # fmt: skip
def deactivate(request: HttpRequest, organization_id: OrganizationRef, body: Reason) -> dict[str, Any]:
    """Visible to staff only from now on. Needs a reason."""
    guard_tenant(request, "organizations:deactivate")
    return _led(request, _any(organization_id), "deactivate", body.reason)


@router.post("/organizations/{organization_id}/restoration", response=OrganizationOut, exclude_unset=True,
             summary="Undo a deletion", **needs("organizations:restore"))  # fmt: skip
def restore(request: HttpRequest, organization_id: OrganizationRef) -> dict[str, Any]:
    """Within 30 days of it."""
    guard_tenant(request, "organizations:restore")
    return brief(services.restore(organization=queries.load_deleted(organization_id), actor=actor_of(request)))
