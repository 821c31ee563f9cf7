"""Test sign-ins: everything up to the door, and then what would have happened instead of its happening."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tenantry.access.permissions import ROLES
from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now
from tenantry.kit.problems import conflict
from tenantry.kit.schemas import moment
from tenantry.organizations.models import Membership
from tenantry.people.models import User
from tenantry.tenancy.addresses import address

from . import flows, policies, troubles
from .arrival import Verdict, judge, role_of
from .mapping import Proof, read
from .models import Connection, Flow


def prepare(*, connection: Connection, user: User | None, actor: Actor) -> tuple[Flow, str]:
    """A test sign-in, and the token of the address where a browser begins it, once, within ten minutes.

    Raises Problem 409 ``sso_connection_incomplete``.
    """
    if connection.state != Connection.State.READY:
        raise conflict("sso_connection_incomplete", "Something is still missing before this connection can be tried: see its settings.")
    flow, state = flows.begin(connection=connection, purpose=Flow.Purpose.TEST, user=user)
    record("sso.test_begun", actor=actor, organization_id=connection.organization_id, target=connection, label=connection.name)
    return flow, state


def url(connection: Connection, token: str) -> str:
    """Where a browser begins a test sign-in that was prepared."""
    return f"{address('sso_start', connection_id=connection.id)}?{urlencode({'flow': token})}"


def note(connection: Connection, flow: Flow, proof: Proof) -> dict[str, Any]:
    """Keep what a test showed. If an owner would have come in, the connection counts as tested. Call within ``everywhere()``."""
    verdict = judge(connection, policies.of(connection.organization_id), proof)
    owner = _is_owner(verdict)
    outcome = {
        "at": moment(now()),
        "subject": proof.subject,
        "email": proof.email,
        "name": proof.name,
        "groups": proof.groups,
        "custom": proof.custom,
        "custom_names": connection.mapping.get("custom", {}),
        "claims": proof.attributes,
        "would": {**verdict.told(), "organization": connection.organization.public_id, "organization_name": connection.organization.name},
        "owner": owner,
        "refused": None,
    }
    Flow.objects.filter(id=flow.id).update(outcome=outcome)
    values: dict[str, Any] = {"last_test": outcome, **troubles.over()} | ({"tested_at": now()} if owner else {})
    Connection.objects.filter(id=connection.id).update(**values)
    actor = Actor("user", flow.user_id, flow.user.email if flow.user else proof.email or connection.name, "sso")
    changes: dict[str, dict[str, Any]] = {"email": {"before": None, "after": proof.email}, "as_owner": {"before": None, "after": owner}}
    record("sso.tested", actor=actor, organization_id=connection.organization_id, target=connection, label=connection.name, changes=changes,
           reason=verdict.refusal.code if verdict.refusal else "")  # fmt: skip
    return outcome


def _is_owner(verdict: Verdict) -> bool:
    member = verdict.member
    return verdict.refusal is None and member is not None and member.role == "owner" and member.status == Membership.Status.ACTIVE


def note_refusal(connection: Connection, flow: Flow, *, code: str, detail: str) -> None:
    """Keep that a test was refused on the way, for the page that waits for it."""
    outcome = {"at": moment(now()), "refused": {"code": code, "detail": detail}, "owner": False}
    Flow.objects.filter(id=flow.id, outcome__isnull=True).update(outcome=outcome, finished_at=now())


def sentence(outcome: dict[str, Any]) -> str:
    """What a test that would have let somebody in would have done."""
    would, who = outcome["would"], f"{outcome['would']['email']} would be signed in"
    role = ROLES[would["role"]].label.lower() if would["role"] else ""
    where = would.get("organization_name", "the organization")
    if would["joins"]:
        known = "" if would["user"] else "made known to the workspace and "
        return f"{who}, {known}added to {where} as {role}."
    if would["new_role"]:
        return f"{who} and become {ROLES[would['new_role']].label.lower()} of {where} instead of {role}."
    return f"{who} as {role} of {where}." if role else f"{who}, to answer the open invitation."


def rows(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    """Every claim that was received, with what it was taken for, for a table."""
    whole = str(outcome.get("name", ""))
    taken = {str(outcome.get("email", "")).lower(): "E-mail", whole: "Name"}
    groups = outcome.get("groups") or []
    custom = {str(theirs).lower(): our for our, theirs in (outcome.get("custom_names") or {}).items()}
    found = []
    for name, values in (outcome.get("claims") or {}).items():
        first = values[0] if values else ""
        meaning = custom.get(name.lower()) or taken.get(first.lower()) or taken.get(first) or ""
        if name == "sub":
            meaning = "Subject"
        elif groups and values == groups:
            meaning = "Groups"
        elif not meaning and (whole.startswith(f"{first} ") or whole.endswith(f" {first}")):
            meaning = "Part of the name"
        found.append({"name": name, "values": values, "meaning": meaning if first else ""})
    return found


def shown(outcome: dict[str, Any] | None) -> dict[str, Any]:
    """What the pages about a test need."""
    if not outcome:
        return {"outcome": None}
    works = not outcome.get("refused") and not outcome["would"]["refused"]
    return {"outcome": outcome, "rows": rows(outcome), "sentence": sentence(outcome) if works else ""}


def latest(connection: Connection) -> dict[str, Any] | None:
    """What the last test of this connection showed, also one that was refused on the way."""
    row = Flow.objects.filter(connection=connection, purpose=Flow.Purpose.TEST, outcome__isnull=False).order_by("-id").first()
    return row.outcome if row else connection.last_test


def waiting(connection: Connection) -> bool:
    """Whether somebody is on the way through a test now."""
    rows = Flow.objects.filter(connection=connection, purpose=Flow.Purpose.TEST, finished_at__isnull=True, expires_at__gt=now())
    return rows.exists()


def previewed(connection: Connection) -> dict[str, Any]:
    """What the present mapping makes of what the last test brought."""
    last = connection.last_test
    if not last or not last.get("claims"):
        return {"preview": None}
    proof = read(
        subject=str(last.get("subject", "")), attributes=last["claims"], mapping=connection.mapping, preset=connection.preset,
        kind=connection.kind,
    )  # fmt: skip
    mapped = role_of(connection, proof.groups)
    return {"preview": {"proof": proof, "role": ROLES[mapped].label if mapped else "", "names": sorted(last["claims"])}}
