"""The wizard's memory: answers and uploads of somebody who is still founding an organization."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now
from tenantry.kit.problems import conflict
from tenantry.people.models import User

from .fields import FIELDS
from .images import reencode
from .models import Draft, Organization
from .services import found

LIFETIME = timedelta(days=7)


def draft_of(user: User) -> Draft | None:
    """The person's draft, if it hasn't expired."""
    return Draft.objects.filter(user=user, expires_at__gt=now()).first()


def save_step(
    *, user: User, values: dict[str, Any], images: dict[str, bytes] | None = None, without: Iterable[str] = (), actor: Actor
) -> Draft:
    """Keep the answers of one step; the draft lives 7 days from its last change. Raises Problem 422 for a bad image.

    ``values``: fields of ``FIELDS``, and ``people`` (``[{"email", "role"}, …]``). ``without``: images to drop.
    """
    clean = {kind: reencode(data, kind=kind) for kind, data in (images or {}).items()}
    Draft.objects.filter(user=user, expires_at__lte=now()).delete()
    Draft.objects.bulk_create([Draft(user=user, expires_at=now() + LIFETIME)], ignore_conflicts=True)  # of two first steps one makes it
    draft = Draft.objects.select_for_update().get(user=user)
    draft.data = {**draft.data, **values}
    for kind, image in {**dict.fromkeys(without), **clean}.items():
        setattr(draft, kind, image)
    draft.expires_at = now() + LIFETIME
    draft.save()
    record("draft.saved", actor=actor, label=str(draft.data.get("name", "")))
    return draft


def cancel(*, user: User, actor: Actor) -> None:
    """Forget the draft and its uploads: nothing of it is left."""
    gone, _ = Draft.objects.filter(user=user).delete()
    if gone:
        record("draft.cancelled", actor=actor)


def confirm(*, user: User, actor: Actor) -> Organization:
    """Found the organization of a draft and drop the draft, in one transaction: what is confirmed twice is founded once.

    Raises Problem 409 ``draft_gone`` and whatever ``found`` raises.
    """
    draft = Draft.objects.select_for_update().filter(user=user, expires_at__gt=now()).first()
    if draft is None:
        raise conflict("draft_gone", "There is nothing to confirm: it was founded or cancelled a moment ago, or has expired.")
    organization = found(
        values={name: value for name, value in draft.data.items() if name in FIELDS and value != ""},
        owner=user, invitations=draft.data.get("people", []), actor=actor,
        logo=bytes(draft.logo) if draft.logo else None, banner=bytes(draft.banner) if draft.banner else None,
    )  # fmt: skip
    draft.delete()
    return organization


def expire_drafts() -> int:
    """Drop drafts that have run out, with their uploads; returns how many. For the sweep."""
    gone, _ = Draft.objects.filter(expires_at__lte=now()).delete()
    return gone
