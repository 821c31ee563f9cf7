"""What providers say of members beyond name and groups: kept with the linked account, and shown to who may read members.

Only what the mapping names under ``custom`` is kept, at most ``mapping.MOST_CUSTOM`` values of ``mapping.LONGEST`` characters. A value
may be a secret of the person's (a salary band, a home address), so the record says which have changed, and never to what.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from tenantry.audit.services import Actor, record
from tenantry.organizations.models import Membership

from .mapping import Proof
from .models import Identity


def kept(proof: Proof) -> dict[str, str]:
    """Of the custom attributes those that the provider sent."""
    return {name: value for name, value in proof.custom.items() if value}


def tell(identity: Identity, *, before: dict[str, str], actor: Actor) -> None:
    """Record the names of those that came, went or changed; nothing when none did."""
    after = identity.custom
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    if not names:
        return
    member = Membership.objects.filter(organization_id=identity.organization_id, user_id=identity.user_id).first()
    record(
        "sso.attributes_changed", actor=actor, organization_id=identity.organization_id, target=member or identity.user,
        label=identity.user.email, changes={"attributes": {"before": None, "after": names}},
    )  # fmt: skip


def of_members(organization_id: UUID, user_ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """By person, what the organization's providers last said of them; of two providers the one used last counts.

    Handed to the organizations room at start-up: one statement for a page of members.
    """
    found: dict[UUID, dict[str, str]] = {}
    rows = Identity.objects.filter(organization_id=organization_id, user_id__in=list(user_ids)).exclude(custom={})
    for user_id, custom in rows.order_by("last_used_at").values_list("user_id", "custom"):
        found.setdefault(user_id, {}).update(custom)
    return found
