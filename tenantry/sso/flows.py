"""The way to a provider and back: begun in one browser, answered once, finished in the same browser.

A SAML answer is posted by the provider's page, so our ``SameSite=Lax`` cookies don't come with it. It is checked where it
arrives and noted in the flow; the browser then goes on to a one-time address of ours, where the cookie of the flow shows that
it is the one that was sent away. An OpenID answer comes as a link and brings the cookie itself.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from tenantry.kit import cookies, crypto
from tenantry.kit.clock import now
from tenantry.people.models import User
from tenantry.tenancy.scope import aside

from .models import Connection, Flow, SeenAssertion
from .refused import Refused

LIFETIME: Final = timedelta(minutes=10)
_AGAIN = "Start again from the sign-in page."


def begin(
    *, connection: Connection, purpose: str, user: User | None = None, session_id: UUID | None = None, next_path: str = ""
) -> tuple[Flow, str]:
    """A new flow and its state, the token that goes to the provider and comes back."""
    state = crypto.new_token()
    flow = Flow(
        organization_id=connection.organization_id, connection=connection, purpose=purpose, user=user, session_id=session_id,
        next_path=next_path, state_hash=crypto.digest(state), expires_at=now() + LIFETIME,
    )  # fmt: skip
    flow.save(force_insert=True)
    return flow, state


def derived(state: str, purpose: str) -> str:
    """The nonce or the verifier of a flow: 43 characters out of its state and our own secret, so that neither is stored."""
    made = crypto.derive(settings.SECRETS_KEYS[0], f"sso {purpose} {state}")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def prepared(connection: Connection, state: str) -> Flow:
    """A flow that was made by somebody signed in, to be begun by this browser. Raises Refused."""
    flow = Flow.objects.filter(connection=connection, state_hash=crypto.digest(state), begun_at__isnull=True).first()
    if flow is None or flow.expires_at <= now():
        raise Refused("sso_flow_unknown", f"This way in was used or is too old. {_AGAIN}")
    return flow


def bind(request: HttpRequest, response: HttpResponse, flow: Flow, *, moment: datetime, request_id: str = "") -> None:
    """Tie a flow to this browser: the cookie has a token whose SHA-256 is in the flow. Of two browsers at once one wins."""
    token = crypto.new_token()
    values = {"binding_hash": crypto.digest(token), "request_id": request_id, "begun_at": now(), "begun_real": moment}
    if not Flow.objects.filter(id=flow.id, begun_at__isnull=True).update(**values):
        raise Refused("sso_flow_unknown", f"This way in was used a moment ago. {_AGAIN}")
    path: str = request.cookie_path  # type: ignore[attr-defined]  # set by TenantScope
    cookies.put_cookie(response, _cookie(flow, path), token, path=path, max_age=int(LIFETIME.total_seconds()))


def unbind(request: HttpRequest, response: HttpResponse, flow: Flow) -> None:
    """Take the flow's cookie away again."""
    path: str = request.cookie_path  # type: ignore[attr-defined]  # set by TenantScope
    cookies.drop_cookie(response, _cookie(flow, path), path=path)


def _cookie(flow: Flow, path: str) -> str:
    """A name of the flow's own: two windows that sign in at once don't disturb each other."""
    return cookies.cookie_name(f"tenantry_sso_{bytes(flow.state_hash).hex()[:8]}", path="" if path == "/" else path)


def find(connection: Connection, state: str) -> Flow | None:
    """The flow that a provider's answer names, whatever its age."""
    return Flow.objects.select_related("user").filter(connection=connection, state_hash=crypto.digest(state)).first() if state else None


def asked(connection: Connection, request_id: str) -> Flow | None:
    """The flow whose request a SAML response claims to answer: whether it does, the library checks."""
    return Flow.objects.select_related("user").filter(connection=connection, request_id=request_id).first() if request_id else None


def require_browser(request: HttpRequest, flow: Flow) -> None:
    """Raises Refused ``sso_browser_mismatch`` unless this browser is the one that was sent away."""
    path: str = request.cookie_path  # type: ignore[attr-defined]  # set by TenantScope
    given = request.COOKIES.get(_cookie(flow, path), "")
    if not given or not flow.binding_hash or crypto.digest(given) != bytes(flow.binding_hash):
        raise Refused("sso_browser_mismatch", f"This sign-in was begun in another browser, or cookies are off. {_AGAIN}")


def consume(flow: Flow) -> None:
    """The answer has come: it counts once, whatever becomes of it. Raises Refused ``sso_flow_unknown``, ``sso_flow_expired``."""
    if flow.expires_at <= now() or flow.begun_at is None:
        raise Refused("sso_flow_expired", f"Signing in took longer than ten minutes. {_AGAIN}")
    with aside():  # committed by itself: a refused answer can't be tried again
        first = Flow.objects.filter(id=flow.id, answered_at__isnull=True).update(answered_at=now())
    if not first:
        raise Refused("sso_flow_used", f"This answer was used already. {_AGAIN}")


def remember(connection: Connection, assertion_id: str, expires_at: datetime) -> None:
    """Take an assertion (or logout token) once. Of two that arrive at once the database lets one win. Raises Refused ``sso_replayed``."""
    row = SeenAssertion(
        organization_id=connection.organization_id, connection=connection, assertion_hash=crypto.digest(assertion_id),
        expires_at=expires_at,
    )  # fmt: skip
    with aside():  # committed by itself: what was refused for another reason is used up as well
        try:
            with transaction.atomic(using=SeenAssertion.objects.db):
                row.save(force_insert=True)
        except IntegrityError as error:
            raise Refused("sso_replayed", f"The provider's message was used already. {_AGAIN}") from error


def hand_over(flow: Flow, proof: dict[str, object]) -> str:
    """Note what the answer said; returns the one-time token of the address where the browser goes on."""
    token = crypto.new_token()
    Flow.objects.filter(id=flow.id).update(proof=proof, finish_hash=crypto.digest(token))
    return token


def taken_over(connection: Connection, token: str) -> Flow:
    """The flow behind a one-time token, which it uses up. Raises Refused ``sso_flow_unknown``."""
    row = Flow.objects.select_related("user").filter(connection=connection, finish_hash=crypto.digest(token)).first()
    if row is None or row.finished_at is not None or row.proof is None or row.expires_at <= now():
        raise Refused("sso_flow_unknown", f"This way in was used or is too old. {_AGAIN}")
    return row


def finish(flow: Flow) -> None:
    """The flow has led somewhere: once. Raises Refused ``sso_flow_used``."""
    if not Flow.objects.filter(id=flow.id, finished_at__isnull=True).update(finished_at=now(), proof=None):
        raise Refused("sso_flow_used", f"This answer was used already. {_AGAIN}")


def forget_answers(connection: Connection) -> None:
    """What a provider has answered, and hasn't yet led anywhere, counts no more; who is still on the way to the provider goes on."""
    answered = Flow.objects.filter(Q(answered_at__isnull=False) | Q(finish_hash__isnull=False), connection=connection)
    answered.filter(finished_at__isnull=True).update(finished_at=now(), proof=None)
