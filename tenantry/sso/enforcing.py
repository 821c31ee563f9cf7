"""The veto: who has an address of an organization that enforces its identity provider gets a session by that provider alone.

It is asked where a session is made (people/sessions.py), so it holds on every path: link, password, passkey, invitation, the
operator's recovery link, another organization's provider. Three things stand outside: the vendor's own staff, an owner with a
recovery code (the method ``sso_recovery``, which only recovery.py uses), and owners while a window is open.
"""

from __future__ import annotations

from uuid import UUID

from django.core import signing

from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem
from tenantry.organizations import domains
from tenantry.organizations.models import Membership, Organization
from tenantry.people.models import Staff, User
from tenantry.people.vetoes import Vetoed
from tenantry.tenancy.addresses import address
from tenantry.tenancy.scope import current, everywhere

from . import notices, policies
from .models import BreakGlass, Connection, Policy

BY_CODE = "sso_recovery"
SALT = "tenantry.sso.recovery"


def proven(user: User, method: str) -> str:
    """A signed note that somebody has just proven who they are and was kept out by the veto: recovery.py reads it."""
    return signing.dumps([str(current().tenant_id), str(user.id), method], salt=SALT)


def enforcing(email: str) -> tuple[Organization, Policy] | None:
    """The organization that enforces its provider for this address; None when nobody does. Call within ``everywhere()``."""
    domain = domains.holder(email)
    if domain is None:
        return None
    policy = Policy.objects.filter(organization_id=domain.organization_id, mode=Policy.Mode.ENFORCED).first()
    return (domain.organization, policy) if policy else None


def veto(user: User, method: str, connection_id: UUID | None) -> None:
    """Raises Vetoed 403 ``sso_required`` with ``start_url``."""
    with everywhere():
        found = enforcing(user.email)
        if found is None or Staff.objects.filter(user=user, status=Staff.Status.ACTIVE).exists():
            return
        organization, policy = found
        if connection_id and Connection.objects.filter(id=connection_id, organization=organization).exists():
            return
        owner = is_owner(user, organization)
        if method == BY_CODE and owner:
            return
        if owner and (window := open_window(organization.id)):
            _used(window, organization, user, method)
            return
        connection = policies.primary_of(policy)
        required = Problem(
            403, "sso_required", f"{organization.name} has its people sign in through its own identity provider.",
            start_url=address("sso_start", connection_id=connection.id) if connection else None,
            organization=organization.public_id, organization_name=organization.name,
        )  # fmt: skip
        raise Vetoed(required, user=user, method=method, note=proven(user, method) if owner else "")


def is_owner(user: User, organization: Organization) -> bool:
    """Whether somebody is an active owner there."""
    return Membership.objects.filter(organization=organization, user=user, role="owner", status=Membership.Status.ACTIVE).exists()


def open_window(organization_id: UUID) -> BreakGlass | None:
    """The window that is open now, if there is one."""
    return BreakGlass.objects.filter(organization_id=organization_id, until__gt=now()).order_by("-until").first()


def _used(window: BreakGlass, organization: Organization, user: User, method: str) -> None:
    """Somebody comes in through the window: on the record, and in every owner's mail."""
    record("sso.window_used", actor=Actor("user", user.id, user.email, "portal"), organization_id=organization.id, target=user,
           label=user.email, reason=window.reason, changes={"method": {"before": None, "after": method}})  # fmt: skip
    notices.tell_owners(organization, "sso_break_glass", subject="Somebody signed in past single sign-on", who=user.email, what="window",
                        reason=window.reason)  # fmt: skip
