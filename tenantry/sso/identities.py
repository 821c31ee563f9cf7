"""Accounts at providers that are linked to a person, as the person sees them."""

from __future__ import annotations

from uuid import UUID

from tenantry.audit.services import Actor, record
from tenantry.kit.problems import not_found
from tenantry.organizations.models import Membership
from tenantry.people.models import User

from .models import Connection, Identity, Policy


def of(user: User) -> list[Identity]:
    """Those of organizations that the person can reach, the oldest first."""
    rows = Identity.objects.filter(user=user, organization__deleted_at__isnull=True)
    return list(rows.select_related("connection", "organization").order_by("id"))


def linkable(user: User) -> list[Connection]:
    """Connections of the person's organizations that aren't linked to them yet."""
    own = Membership.objects.filter(user=user, status=Membership.Status.ACTIVE).values("organization_id")
    on = Policy.objects.exclude(mode=Policy.Mode.OFF).values("organization_id")
    rows = Connection.objects.filter(organization_id__in=own, state=Connection.State.READY).filter(organization_id__in=on)
    linked = Identity.objects.filter(user=user).values("connection_id")
    return list(rows.exclude(id__in=linked).select_related("organization").order_by("id"))


def require_linkable(user: User, connection_id: UUID) -> Connection:
    """One of ``linkable``. Raises Problem 404."""
    found = next((one for one in linkable(user) if one.id == connection_id), None)
    if found is None:
        raise not_found("SSO connection")
    return found


def unlink(*, user: User, identity_id: UUID, actor: Actor) -> None:
    """The provider vouches for this person no more, until it is linked again. Raises Problem 404."""
    identity = Identity.objects.filter(user=user, id=identity_id).first()
    if identity is None:
        raise not_found("linked account")
    _unlink(identity, user, actor)


def give_way(*, user: User, connection: Connection, actor: Actor) -> None:
    """Somebody is linked under another name of the provider now: nobody has two there."""
    for identity in Identity.objects.filter(user=user, connection=connection):
        _unlink(identity, user, actor)


def _unlink(identity: Identity, user: User, actor: Actor) -> None:
    identity.delete()
    record("sso.identity_unlinked", actor=actor, organization_id=identity.organization_id, target=user, label=user.email)
