"""Where the people of an e-mail address sign in. It goes by the domain alone, so it tells nothing of any person."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from tenantry.kit.problems import invalid
from tenantry.organizations import domains
from tenantry.people.entry import Route
from tenantry.people.models import Session
from tenantry.tenancy.addresses import address
from tenantry.tenancy.scope import everywhere

from . import parties, policies
from .arrival import GOOGLE
from .models import Connection, Policy
from .refused import Refused


def route(email: str) -> Route | None:
    """The provider of the organization that holds this address's domain, if people are sent there.

    Raises Problem 422 ``sso_provider_misconfigured`` when they would be, and nobody could sign in there now.
    """
    with everywhere():
        domain = domains.holder(email)
        if domain is None:
            return None
        policy = policies.of(domain.organization_id)
        if policy.mode == Policy.Mode.OFF:
            return None
        connection = policies.primary_of(policy)
        reason = broken(connection)
        name = domain.organization.name
        if connection is None or reason:
            detail = f"Single sign-on of {name} doesn't work at the moment: {reason} Its owners have been told what to do."
            raise invalid(detail, pointer="/email", code="sso_provider_misconfigured")
        url = f"{address('sso_start', connection_id=connection.id)}?{urlencode({'hint': email})}"
        return Route(url, policy.mode == Policy.Mode.ENFORCED, name, connection.name)


def broken(connection: Connection | None) -> str:
    """Why nobody can sign in by a connection now, as a sentence; empty when they can."""
    if connection is None or connection.state != Connection.State.READY:
        return "no provider is completely set up."
    if connection.kind == Connection.Kind.SAML:
        try:
            parties.idp_of(connection, parties.moment_of(connection))
        except Refused as refused:
            return refused.detail
    return ""


def proving(session: Session, next_path: str) -> str:
    """Where a session of a provider proves anew who its person is; empty when the provider is gone, broken, or can't ask anew.

    Google can't: it knows neither ``prompt=login`` nor ``auth_time``, and would show a page of errors.
    """
    if session.method != "sso" or session.connection_id is None:
        return ""
    connection = Connection.objects.filter(id=session.connection_id).first()
    if connection is None or broken(connection) or connection.issuer.rstrip("/") == GOOGLE:
        return ""
    asked = {"purpose": "prove"} | ({"next": next_path} if next_path else {})
    return f"{address('sso_start', connection_id=connection.id)}?{urlencode(asked)}"


def organization_of(connection_id: UUID) -> UUID | None:
    """Whose a connection is: for whom its provider counts as more than one proof (people/rules.py)."""
    with everywhere():
        return Connection.objects.values_list("organization_id", flat=True).filter(id=connection_id).first()
