"""What a provider's true answer leads to, by what the browser was sent away for; and what a refusal looks like."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from tenantry.access.principal import principal_of
from tenantry.audit.services import Actor, record
from tenantry.jobs.aside import defer_aside
from tenantry.kit import metrics
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem
from tenantry.people import entry, history
from tenantry.people import proof as proofs
from tenantry.people.cookies import set_cookie
from tenantry.tenancy.addresses import safe_path
from tenantry.tenancy.scope import aside, current

from .. import flows, joining, policies, testing, troubles
from ..arrival import subject_refusal
from ..mapping import Proof
from ..models import Connection, Flow, Policy
from ..refused import Refused
from ..tasks import mail_no_seat

TOLD_AGAIN = timedelta(days=1)
Purpose = Flow.Purpose


def kept_proof(flow: Flow) -> Proof:
    """What the provider's answer said, as the flow keeps it until the browser is back."""
    return Proof(**(flow.proof or {"subject": ""}))


def arrive(request: HttpRequest, connection: Connection, flow: Flow, proof: Proof) -> HttpResponse:
    """Carry out what the flow was for. Raises Refused, and the Problem of a veto or a state; nothing has then happened."""
    flow.proof = proof.stored()  # not saved: who it was, should it be refused
    act = {Purpose.SIGN_IN: _sign_in, Purpose.TEST: _test, Purpose.LINK: _link, Purpose.PROVE: _prove}[Purpose(flow.purpose)]
    response = act(request, connection, flow, proof)
    flows.unbind(request, response, flow)
    return response


def _sign_in(request: HttpRequest, connection: Connection, flow: Flow, proof: Proof) -> HttpResponse:
    policy = policies.of(connection.organization_id)
    if policy.mode == Policy.Mode.OFF:
        raise Refused("sso_off", "Single sign-on isn't turned on for this organization. Sign in by link or password.")
    flows.finish(flow)
    entry.leave(request)
    _, _, token = joining.let_in(connection, policy, proof)
    response = redirect(safe_path(flow.next_path) or "home")
    set_cookie(request, response, token)
    return response


def _test(request: HttpRequest, connection: Connection, flow: Flow, proof: Proof) -> HttpResponse:
    """Nobody is signed in: the page shows what was received and what it would do."""
    outcome = testing.note(connection, flow, proof)
    flows.finish(flow)
    return render(request, "sso/tested.html", {"connection": connection, **testing.shown(outcome)})


def _link(request: HttpRequest, connection: Connection, flow: Flow, proof: Proof) -> HttpResponse:
    user = principal_of(request).user
    if user is None or user.id != flow.user_id:
        raise Refused("sso_other_session", "You are no longer signed in as whoever began this. Start again from your account.")
    if unnamed := subject_refusal(proof):
        raise unnamed
    flows.finish(flow)
    joining.link(connection, user, proof, by_person=True, actor=Actor("user", user.id, user.email, "portal"))
    messages.success(request, f"You can now sign in by {connection.name}.")
    return redirect("account_sso")


def _prove(request: HttpRequest, connection: Connection, flow: Flow, proof: Proof) -> HttpResponse:
    principal = principal_of(request)
    session, user = principal.session, principal.user
    if session is None or user is None or session.id != flow.session_id:
        raise Refused("sso_other_session", "You are no longer signed in as whoever began this.")
    if not connection.identities.filter(subject=proof.subject, user_id=user.id).exists():
        raise Refused("sso_other_person", "The provider vouches for somebody else than who is signed in here.")
    flows.finish(flow)
    joining.end_with(connection, session, proof)
    proofs.proved(session=session, user=user, way="sso", actor=Actor("user", user.id, user.email, "portal"))
    return redirect(safe_path(flow.next_path) or "home")


def refuse(request: HttpRequest, connection: Connection, refused: Refused | Problem, flow: Flow | None) -> HttpResponse:
    """Record a refusal apart, for it rolls the request back, and say it: a sentence, the code, and the way out."""
    code, detail = refused.code, refused.detail
    purpose = flow.purpose if flow else Purpose.SIGN_IN
    status = refused.status if isinstance(refused, Problem) else 403
    email = str((flow.proof or {}).get("email", "")) if flow else ""
    with aside():
        record(
            "sso.sign_in_refused",
            actor=Actor("user", None, email or connection.name, "sso"),
            organization_id=connection.organization_id,
            target=connection,
            label=email or connection.name,
            reason=code,
            changes=_told(detail, purpose),
        )
        if purpose == Purpose.SIGN_IN:
            history.refused(email=email, method="sso", reason=code)
        if flow is not None:
            troubles.note_refusal(connection, code)
        if flow is not None and purpose == Purpose.TEST:
            testing.note_refusal(connection, flow, code=code, detail=detail)
        if isinstance(refused, joining.NoSeat):
            _tell_owners(connection, email, detail)
    if purpose == Purpose.SIGN_IN:
        metrics.sign_ins.labels("sso", "failed").inc()
    context = {
        "connection": connection,
        "organization_name": connection.organization.name,
        "code": code,
        "detail": detail,
        "purpose": purpose,
        "no_seat": isinstance(refused, joining.NoSeat),
        "request_next": safe_path(flow.next_path) if flow else "",
    }
    response = render(request, "sso/refused.html", context, status=status)
    for name, value in (refused.headers if isinstance(refused, Problem) else {}).items():
        response[name] = value
    return response


def _told(detail: str, purpose: str) -> dict[str, dict[str, Any]]:
    return {"detail": {"before": None, "after": detail[:500]}, "purpose": {"before": None, "after": purpose}}


def _tell_owners(connection: Connection, email: str, detail: str) -> None:
    """Once a day at most until somebody has joined. Call within ``aside()``."""
    Policy.objects.bulk_create([Policy(organization_id=connection.organization_id)], ignore_conflicts=True)
    untold = Q(seatless_told_at=None) | Q(seatless_told_at__lt=now() - TOLD_AGAIN)
    if Policy.objects.filter(untold, organization_id=connection.organization_id).update(seatless_told_at=now()):
        defer_aside(
            mail_no_seat, tenant_id=str(current().tenant_id), organization_id=str(connection.organization_id), who=email, detail=detail
        )
