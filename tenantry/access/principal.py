"""Who is asking, as one immutable answer that pages, API and services share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from tenantry.audit.services import Actor
from tenantry.kit.ids import encode
from tenantry.tenancy.scope import EVERYTHING, Everything

from .permissions import OPEN_TO_IMPERSONATION, OPEN_TO_LOOKING, ROLES, role_holds, staff_holds

if TYPE_CHECKING:
    from tenantry.people.models import Session, User

Via = Literal["nobody", "session", "key", "scim"]


@dataclass(frozen=True, slots=True)
class Belonging:
    """One live membership of the person who asks."""

    organization_id: UUID
    name: str
    slug: str
    role: str
    state: str

    @property
    def public_id(self) -> str:
        """The organization's ``org_`` identifier."""
        return encode("org", self.organization_id)

    @property
    def role_label(self) -> str:
        return ROLES[self.role].label


@dataclass(frozen=True, slots=True)
class Principal:
    """Nobody, a person with a session, a key, or a directory's token (``scim``), which is at ``/scim/v2`` alone.

    ``scopes`` narrow a key: None means all that its role holds. ``impersonator``: the staff whose session speaks as ``user``;
    ``raised`` says that they may change something, ``minutes_left`` how long they may look at most. ``over``: what to tell staff who looked
    as somebody until a moment ago.
    """

    via: Via = "nobody"
    user: User | None = None
    session: Session | None = None
    staff_role: str = ""
    memberships: Sequence[Belonging] = ()
    key_id: UUID | None = None
    key_name: str = ""
    key_organization_id: UUID | None = None
    key_owner_id: UUID | None = None
    scopes: frozenset[str] | None = None
    impersonator: User | None = None
    impersonation_id: UUID | None = None
    raised: bool = False
    minutes_left: int = 0
    over: str = ""

    @property
    def known(self) -> bool:
        """Whether anybody is signed in at all."""
        return self.via != "nobody"

    @property
    def caller(self) -> str:
        """A stable name for whom a rate limit or an idempotency key counts."""
        if self.key_id:
            return f"{self.via}:{self.key_id.hex}"
        if self.impersonator and self.user:
            return f"user:{self.impersonator.id.hex}:as:{self.user.id.hex}"
        return f"user:{self.user.id.hex}" if self.user else "nobody"

    @property
    def public_id(self) -> str:
        """``usr_…``, ``key_…`` or ``sct_…``: who asks, as logs and traces may say it. Empty for nobody."""
        if self.key_id:
            return encode("sct" if self.via == "scim" else "key", self.key_id)
        return self.user.public_id if self.user else ""

    @property
    def owner_id(self) -> UUID | None:
        """Whose a key is that this principal makes: the person's, or that of whoever made the key that asks."""
        return self.user.id if self.user else self.key_owner_id

    @property
    def reach(self) -> Iterable[UUID] | Everything:
        """The organizations whose rows this principal may see: the value of ``app.org_scope``."""
        if self.staff_role:
            return EVERYTHING
        if self.key_organization_id:
            return [self.key_organization_id]
        return [membership.organization_id for membership in self.memberships]

    def organizations(self) -> Sequence[Belonging]:
        """What the switcher shows."""
        return self.memberships

    def role_in(self, organization_id: UUID) -> str:
        """The person's role in an organization, or ``""``."""
        return next((m.role for m in self.memberships if m.organization_id == organization_id), "")

    def may(self, permission: str, organization_id: UUID | None = None) -> bool:
        """Whether this principal holds a permission, in one organization or in the tenant as a whole."""
        if self.scopes is not None and permission not in self.scopes:
            return False
        if self.impersonator is not None and permission not in (OPEN_TO_IMPERSONATION if self.raised else OPEN_TO_LOOKING):
            return False
        if self.staff_role and staff_holds(self.staff_role, permission):
            return True
        if organization_id is None:
            return False
        if self.key_organization_id == organization_id:
            return role_holds("owner", permission)
        return role_holds(self.role_in(organization_id), permission)

    def actor(self, source: str) -> Actor:
        """How the record calls this principal. Raises RuntimeError for nobody: a guard was forgotten."""
        if self.key_id and self.via == "scim":
            return Actor("scim_token", self.key_id, self.key_name, "scim")
        if self.key_id:
            return Actor("key", self.key_id, self.key_name or "API key", source)
        if self.user:
            kind, behind = "staff" if self.staff_role else "user", self.impersonator.id if self.impersonator else None
            return Actor(kind, self.user.id, self.user.email, source, behind)
        raise RuntimeError("Nobody is signed in, so nobody can have acted.")


NOBODY = Principal()


def principal_of(request: Any) -> Principal:
    """The principal that the middleware found."""
    found: Principal = getattr(request, "principal", NOBODY)
    return found
