"""What the world outside hears of single sign-on."""

from __future__ import annotations

from typing import Any

from ninja import Schema

from tenantry.audit.catalogue import publish
from tenantry.audit.models import Event
from tenantry.organizations.models import Organization

from .models import Connection, Policy


class SsoPolicyData(Schema):
    """``mode`` is ``off``, ``test`` or ``enforced``. ``reason`` is that of staff who lifted it."""

    organization: str
    mode: str
    default_role: str
    jit: bool
    reason: str


class SsoCertificateData(Schema):
    """``days``: within how many the last certificate of the connection ends, 30 or 7."""

    organization: str
    connection: str
    name: str
    days: int


ORGANIZATION, CONNECTION = "org_01kxyzc9m4e8pvq2h5t7r3s0ab", "con_01kxyzd2f8g6htk4c1w9x7v5na"


def _policy(event: Event, target: Policy) -> dict[str, Any]:
    return {
        "organization": Organization.encode_id(target.organization_id), "mode": target.mode, "default_role": target.default_role,
        "jit": target.jit, "reason": event.reason,
    }  # fmt: skip


def _certificate(event: Event, target: Connection) -> dict[str, Any]:
    return {
        "organization": Organization.encode_id(target.organization_id), "connection": target.public_id, "name": target.name,
        "days": event.changes["days"]["after"],
    }  # fmt: skip


publish(
    "sso.policy_changed",
    recorded_as=("sso.policy_changed", "sso.enforcement_lifted"),
    meaning="How people of an organization sign in by its identity provider was changed.",
    when="An owner changes the policy, enforces single sign-on or stops it; staff lift it.",
    data=SsoPolicyData,
    example={"organization": ORGANIZATION, "mode": "enforced", "default_role": "learner", "jit": True, "reason": ""},
    build=_policy,
)
publish(
    "sso.certificate_ending",
    meaning="The last certificate of an identity provider ends soon.",
    when="30 days before, and again 7 days before.",
    data=SsoCertificateData,
    example={"organization": ORGANIZATION, "connection": CONNECTION, "name": "Okta", "days": 7},
    build=_certificate,
)
