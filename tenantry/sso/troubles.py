"""What is wrong with connections: for owners at each, and for staff in one list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Max, Q, QuerySet

from tenantry.kit.clock import now
from tenantry.kit.paging import Page, by_id

from .models import Certificate, Connection, Policy

WARN, CRITICAL = timedelta(days=30), timedelta(days=7)
SENTENCES: Final = {
    "certificate_expired": "No certificate of the provider counts any more: nobody can sign in by it.",
    "certificate_critical": "The provider's last certificate ends within 7 days.",
    "certificate_ending": "The provider's last certificate ends within 30 days.",
    "metadata_unreadable": "What the provider publishes can't be read. The last that was read still counts.",
    "answer_refused": "The provider's last answer was refused.",
}
URGENT: Final = frozenset({"certificate_expired", "certificate_critical", "answer_refused"})
# The person's doing, or their provider's wish for something of them: no fault of the connection.
_OF_PEOPLE: Final = ("oidc_access_denied", "oidc_login_required", "oidc_interaction_required", "oidc_consent_required")


@dataclass(frozen=True, slots=True)
class Trouble:
    """``at`` is when the certificate ends, or when it went wrong; ``more`` the reason in the library's words, or a code."""

    code: str
    at: datetime | None
    more: str = ""

    @property
    def detail(self) -> str:
        """A sentence, with the reason."""
        return f"{SENTENCES[self.code]} {self.more}".strip()

    @property
    def urgent(self) -> bool:
        """Whether people can't sign in, or soon can't."""
        return self.code in URGENT


def of(connection: Connection, end: datetime | None) -> list[Trouble]:
    """What is wrong with one; ``end`` is that of its last certificate."""
    found, today = [], now()
    if connection.state == Connection.State.READY and end is not None and end <= today + WARN:
        left = "expired" if end <= today else "critical" if end <= today + CRITICAL else "ending"
        found.append(Trouble(f"certificate_{left}", end))
    if connection.refresh_error:
        found.append(Trouble("metadata_unreadable", connection.refreshed_at, connection.refresh_error))
    if connection.refused_at is not None:
        found.append(Trouble("answer_refused", connection.refused_at, f"({connection.refused_code})"))
    return found


def last_ends(connections: Sequence[Connection]) -> dict[Any, datetime]:
    """When the last certificate of each ends."""
    rows = Certificate.objects.filter(connection__in=[row.id for row in connections]).values_list("connection_id")
    return dict(rows.annotate(end=Max("not_after")))


def listed(*, cursor: str | None, limit: int) -> Page[dict[str, Any]]:
    """Connections of all organizations with which something is wrong, the oldest first. For staff: the whole tenant is in scope."""
    page = by_id(_troubled(), cursor=cursor, limit=limit)
    ends = last_ends(page.rows)
    organizations = [row.organization_id for row in page.rows]
    modes = dict(Policy.objects.filter(organization_id__in=organizations).values_list("organization_id", "mode"))
    rows = [
        {"connection": row, "troubles": of(row, ends.get(row.id)), "mode": modes.get(row.organization_id, Policy.Mode.OFF.value)}
        for row in page.rows
    ]
    return Page(rows, page.next_cursor)


def _troubled() -> QuerySet[Connection]:
    rows = Connection.objects.filter(organization__deleted_at__isnull=True).select_related("organization")
    ends = Certificate.objects.values("connection_id").annotate(end=Max("not_after")).filter(end__lte=now() + WARN)
    ending = Q(state=Connection.State.READY, id__in=ends.values("connection_id"))
    return rows.filter(ending | ~Q(refresh_error="") | Q(refused_at__isnull=False))


def note_refusal(connection: Connection, code: str) -> None:
    """The provider's answer to a sign-in of ours was refused for its form; forgotten with the next right one. Call within ``aside()``."""
    if code.startswith(("saml_", "oidc_")) and code not in _OF_PEOPLE:
        Connection.objects.filter(id=connection.id).update(refused_at=now(), refused_code=code)


def over() -> Mapping[str, Any]:
    """The fields of a connection whose provider has answered as it should."""
    return {"refused_at": None, "refused_code": ""}
