"""The suppression list: who gets no mail, and how that ends."""

from __future__ import annotations

from uuid import UUID

from tenantry.audit.services import Actor, record
from tenantry.kit.problems import not_found

from .models import Suppression


def lift(*, suppression_id: UUID, actor: Actor) -> Suppression:
    """Let an address have mail again. Whatever comes back next suppresses it anew. Raises Problem 404."""
    row = Suppression.objects.select_for_update().filter(id=suppression_id).first()
    if row is None:
        raise not_found("entry")
    record("suppression.lifted", actor=actor, target=row, label=row.address, changes={"reason": {"before": row.reason, "after": None}})
    row.delete()
    return row
