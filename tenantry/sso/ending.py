"""Single logout: the provider ends sessions of ours, and ours that end take the provider's with them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.core import signing
from django.db.models import Exists, OuterRef, Q
from django.http import JsonResponse

from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now
from tenantry.people.models import Session
from tenantry.people.sessions import end_all
from tenantry.tenancy.addresses import address
from tenantry.tenancy.scope import aside, everywhere

from . import oidc_door, saml_door
from .models import Connection, SingleSession
from .refused import Refused
from .saml.bindings import Form

_SALT = "tenantry.sso.farewell"
_SECONDS = 300


def end_sessions_of(connection: Connection, *, subject: str, indexes: Collection[str]) -> int:
    """End the sessions that a provider names: all of a person's, or those with one of its own names; returns how many.

    Call within ``everywhere()``.
    """
    rows = SingleSession.objects.filter(connection=connection)
    if subject:
        rows = rows.filter(subject=subject)
    if indexes:
        rows = rows.filter(session_index__in=list(indexes))
    if not subject and not indexes:
        return 0
    ended = end_all(Session.objects.filter(id__in=list(rows.values_list("session_id", flat=True))))
    actor = Actor("system", None, connection.name, "sso")
    record("sso.sessions_ended", actor=actor, organization_id=connection.organization_id, target=connection, label=connection.name,
           changes={"sessions": {"before": None, "after": ended}})  # fmt: skip
    return ended


def forget_id_tokens() -> None:
    """Drop those of sessions that ended, by signing out or by themselves, more than an hour ago."""
    over = now() - timedelta(hours=1)
    gone = Session.objects.filter(id=OuterRef("session_id")).filter(Q(ended_at__lt=over) | Q(expires_at__lt=over))
    SingleSession.objects.filter(Exists(gone), sealed_id_token__isnull=False).update(sealed_id_token=None)


def refuse_logout_token(connection: Connection, refused: Refused) -> JsonResponse:
    """The answer to a back-channel logout that isn't taken (Back-Channel Logout 1.0 §2.8), recorded apart."""
    with aside():
        record("sso.logout_refused", actor=Actor("system", None, connection.name, "sso"), organization_id=connection.organization_id,
               target=connection, label=connection.name, reason=refused.code)  # fmt: skip
    return JsonResponse({"error": "invalid_request", "error_description": refused.detail}, status=400)


def farewell_of(session: Session) -> str:
    """Where whoever has just signed out of this session goes on, to sign out at the provider too; empty when nowhere.

    Handed to people/entry.py at start-up.
    """
    if session.method != "sso":
        return ""
    with everywhere():
        row = SingleSession.objects.select_related("connection").filter(session_id=session.id).first()
    if row is None or not row.connection.single_logout:
        return ""
    connection = row.connection
    able = connection.slo_url if connection.kind == Connection.Kind.SAML else connection.endpoints.get("end_session_endpoint")
    return address("sso_farewell", connection_id=connection.id, token=signing.dumps(str(row.id), salt=_SALT)) if able else ""


def way_out(connection: Connection, token: str, *, moment: datetime) -> str | Form:
    """The provider's address for signing out, for the browser that came with this token. Raises Refused."""
    try:
        row_id = signing.loads(token, salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature as error:
        raise Refused("sso_flow_unknown", "This way out is too old.") from error
    row = SingleSession.objects.filter(connection=connection, id=row_id).first()
    if row is None:
        raise Refused("sso_flow_unknown", "This way out is too old.")
    if connection.kind == Connection.Kind.OIDC:
        return oidc_door.farewell(connection, row) or address("sign_in")
    return saml_door.farewell(connection, row, moment=moment)
