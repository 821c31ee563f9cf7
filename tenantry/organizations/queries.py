"""Reading organizations, members and invitations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Prefetch, Q, Subquery

from tenantry.access.permissions import ROLES
from tenantry.access.principal import Belonging
from tenantry.entitlements.plans import SEATS
from tenantry.kit.paging import Page, by_id
from tenantry.kit.problems import Problem, invalid, not_found

from .models import Invitation, Membership, Organization, Profile, SignInPolicy
from .states import DEACTIVATED, PENDING, refusal

Attributes = Callable[[UUID, Iterable[UUID]], Mapping[UUID, dict[str, str]]]
_inactive: Callable[[UUID, str], bool] = lambda organization_id, email: False  # noqa: E731  # replaced at start-up
_attributes: Attributes = lambda organization_id, user_ids: {}  # noqa: E731  # replaced at start-up


def use_attributes(loader: Attributes) -> None:
    """The room of single sign-on hands in what an organization's identity provider says of its people: one statement for many."""
    global _attributes
    _attributes = loader


def attributes_of(organization_id: UUID, user_ids: Iterable[UUID]) -> Mapping[UUID, dict[str, str]]:
    """By person, the further attributes that the organization's identity provider last sent; for who may read members."""
    return _attributes(organization_id, user_ids)


def use_directory(says_inactive: Callable[[UUID, str], bool]) -> None:
    """The room of directories hands in whether an organization's directory says that whoever has an address is inactive."""
    global _inactive
    _inactive = says_inactive


def kept_out(organization_id: UUID, email: str) -> bool:
    """Whether the organization's directory calls this address inactive. Then nobody joins by it of themself; a person may still invite."""
    return _inactive(organization_id, email)


def load(key: UUID | str, staff: bool) -> Organization | None:
    """An organization by id or slug that is not deleted; deactivated ones exist for staff only."""
    networks = SignInPolicy.objects.filter(organization_id=OuterRef("id")).values("allowed_networks")
    rows = Organization.objects.filter(deleted_at__isnull=True).annotate(allowed_networks=Subquery(networks))  # for the guard
    found = rows.filter(id=key).first() if isinstance(key, UUID) else rows.filter(slug=key).first()
    return None if found is None or (found.state == DEACTIVATED and not staff) else found


def load_deleted(organization_id: UUID) -> Organization:
    """A deleted organization, for staff. Raises Problem 404."""
    found = Organization.objects.filter(id=organization_id, deleted_at__isnull=False).first()
    if found is None:
        raise not_found("deleted organization")
    return found


def require_state(organization: Organization, permission: str, staff: bool) -> None:
    """The guard's question to the state table. Raises Problem 403 ``organization_suspended`` and the like."""
    if code := refusal(organization.state, permission, staff=staff):
        state = organization.get_state_display().lower()
        raise Problem(403, code, f"This organization is {state}: it can be read, but this can't be done now.", state=organization.state)


def belongings(user_id: UUID) -> Sequence[Belonging]:
    """A person's live memberships, for their principal: active, in organizations that they can see."""
    rows = (
        Membership.objects.filter(user_id=user_id, status=Membership.Status.ACTIVE, organization__deleted_at__isnull=True)
        .exclude(organization__state=DEACTIVATED)
        .order_by("organization__name", "organization_id")
        .values_list("organization_id", "organization__name", "organization__slug", "role", "organization__state")
    )
    return [Belonging(*row) for row in rows]


def list_organizations(
    *, cursor: str | None, limit: int, search: str = "", state: str = "", deleted: bool = False, ids: Sequence[UUID] | None = None
) -> Page[Organization]:
    """Organizations by age. ``search`` looks in name and slug; ``ids`` narrows to one's own. Raises Problem 422."""
    rows = Organization.objects.filter(deleted_at__isnull=not deleted)
    if ids is not None:
        rows = rows.filter(id__in=list(ids)).exclude(state=DEACTIVATED)
    if state:
        if state not in Organization.State.values:
            raise invalid(f"A state is one of {', '.join(Organization.State.values)}.", pointer="/state", code="state_unknown")
        rows = rows.filter(state=state)
    if search.strip():
        rows = rows.filter(Q(name__icontains=search.strip()) | Q(slug__icontains=search.strip().lower()))
    return by_id(rows, cursor=cursor, limit=limit, newest_first=True)


def awaiting_verification() -> int:
    """How many organizations wait for staff to approve them."""
    return Organization.objects.filter(state=PENDING, rejected_at=None, deleted_at=None).count()


def list_directory(*, cursor: str | None, limit: int, search: str = "") -> Page[Organization]:
    """Verified organizations that opted in to be seen. Call within ``everywhere()``."""
    rows = Organization.objects.filter(public=True, state=Organization.State.ACTIVE, deleted_at__isnull=True)
    if search.strip():
        rows = rows.filter(Q(name__icontains=search.strip()) | Q(industry__icontains=search.strip()))
    return by_id(
        rows.prefetch_related(Prefetch("profile_rows", queryset=Profile.objects.defer("logo", "banner"))), cursor=cursor, limit=limit
    )


def list_members(
    organization: Organization, *, cursor: str | None, limit: int, email: str = "", search: str = "", role: str = "", seat: str = "",
    status: str = "",
) -> Page[Membership]:  # fmt: skip
    """Members in the order of their joining; removed ones only when ``status`` asks for them.

    ``email`` is a whole address, ``search`` a part of address or name; ``seat``: who holds one of a bucket.
    """
    rows = Membership.objects.filter(organization=organization).select_related("user")
    if status and status not in Membership.Status.values:
        raise invalid(f"A status is one of {', '.join(Membership.Status.values)}.", pointer="/status", code="status_unknown")
    rows = rows.filter(status=status) if status else rows.exclude(status__in=["removed", "erased"])
    if role:
        if role not in ROLES:
            raise invalid(f"A role is one of {', '.join(ROLES)}.", pointer="/role", code="role_unknown")
        rows = rows.filter(role=role)
    if seat:
        if seat not in SEATS:
            raise invalid(f"A bucket of seats is one of {', '.join(SEATS)}.", pointer="/seat", code="seat_unknown")
        roles = [known.name for known in ROLES.values() if seat in (known.seat, "seat:total")]
        rows = rows.filter(role__in=roles, seat_assigned_at__isnull=False)
    if email:
        rows = rows.filter(user__email=email.strip().lower())
    if search.strip():
        rows = rows.filter(Q(user__email__icontains=search.strip().lower()) | Q(user__name__icontains=search.strip()))
    return by_id(rows, cursor=cursor, limit=limit)


def load_member(organization: Organization, membership_id: UUID) -> Membership:
    """A member of this organization, whatever the status. Raises Problem 404."""
    found = Membership.objects.select_related("user").filter(organization=organization, id=membership_id).first()
    if found is None:
        raise not_found("member")
    return found


def list_invitations(
    organization: Organization, *, cursor: str | None, limit: int, status: str = "", email: str = "", search: str = ""
) -> Page[Invitation]:
    """Invitations, the latest first. ``email`` is a whole address, ``search`` a part of address or name."""
    rows = Invitation.objects.filter(organization=organization)
    if status:
        if status not in Invitation.Status.values:
            raise invalid(f"A status is one of {', '.join(Invitation.Status.values)}.", pointer="/status", code="status_unknown")
        rows = rows.filter(status=status)
    if email:
        rows = rows.filter(email=email.strip().lower())
    if search.strip():
        rows = rows.filter(Q(email__icontains=search.strip().lower()) | Q(name__icontains=search.strip()))
    return by_id(rows, cursor=cursor, limit=limit, newest_first=True)


def count_live(organization: Organization) -> dict[str, int]:
    """How many active and suspended members and open invitations there are, for page heads."""
    members: Any = Membership.objects.filter(organization=organization)
    return {
        "active": members.filter(status="active").count(),
        "suspended": members.filter(status="suspended").count(),
        "invited": Invitation.objects.filter(organization=organization, status="pending").count(),
    }


def pending_seats(organization_id: UUID) -> dict[str, int]:
    """How many seats open invitations hold, by bucket; ``seat:total`` is how many are open."""
    held = dict.fromkeys(SEATS, 0)
    rows = Invitation.objects.filter(organization_id=organization_id, status=Invitation.Status.PENDING)
    for role, count in rows.values_list("role").annotate(count=Count("id")):
        held[ROLES[role].seat] += count
        held["seat:total"] += count
    return held


def count_owners(organization: Organization) -> int:
    """How many active owners there are: the last one stays."""
    return Membership.objects.filter(organization=organization, role="owner", status=Membership.Status.ACTIVE).count()


def names_of(ids: Collection[UUID]) -> dict[UUID, str]:
    """What these organizations are called, deleted ones too."""
    return dict(Organization.objects.filter(id__in=ids).values_list("id", "name"))


def profile_of(organization: Organization) -> Any:
    """The profile without its pictures; ``has_logo`` and ``has_banner`` say whether they are there."""
    shown = {f"has_{kind}": ExpressionWrapper(Q(**{f"{kind}__isnull": False}), output_field=BooleanField()) for kind in ("logo", "banner")}
    return Profile.objects.defer("logo", "banner").annotate(**shown).get(organization=organization)


def owners_of(organization: Organization, *, limit: int = 5) -> list[Membership]:
    """The first few active owners: whom staff write to."""
    rows = Membership.objects.filter(organization=organization, role="owner", status=Membership.Status.ACTIVE)
    return list(rows.select_related("user").order_by("id")[:limit])
