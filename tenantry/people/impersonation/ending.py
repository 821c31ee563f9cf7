"""Ends that nobody pressed for: the time was over, the session ended, or somebody is no longer who they were."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet

from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now

from ..models import Impersonation

TIME_OVER: Final = "The 30 minutes were over."


def label_of(row: Impersonation) -> str:
    """Both identities in one line, for rows of the record whose actor is neither of them."""
    return f"{row.staff.email} as {row.user.email}"


def close(rows: QuerySet[Impersonation], *, reason: str) -> int:
    """End what of ``rows`` is under way, and record it as the staff's; returns how many.

    Each ends once: whoever comes second (a request, the job) waits for the row and finds it closed. What had run out by then ended
    when it ran out, whatever the ``reason`` for looking.
    """
    moment, ended = now(), 0
    found = rows.select_related("staff", "user").select_for_update(of=("self",))
    for row in found.filter(started_at__isnull=False, ended_at__isnull=True).order_by("id"):
        assert row.expires_at is not None, "what was started ends at some time (people_impersonation_bounded)"
        row.ended_at = min(moment, row.expires_at)
        row.untold = True
        row.save(update_fields=["ended_at", "untold"])
        record(
            "impersonation.ended", actor=Actor("staff", row.staff_id, row.staff.email, "system"), organization_id=row.organization_id,
            target=row, label=label_of(row), reason=TIME_OVER if row.expires_at <= moment else reason,
        )  # fmt: skip
        ended += 1
    return ended
