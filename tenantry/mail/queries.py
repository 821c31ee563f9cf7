"""Reading mails and the suppression list."""

from __future__ import annotations

from datetime import timedelta

from tenantry.kit.clock import now
from tenantry.kit.paging import Page, by_id
from tenantry.kit.problems import invalid

from .models import LOST, Message, Suppression


def list_messages(*, cursor: str | None, limit: int, status: str = "", to: str = "") -> Page[Message]:
    """Mails of the last 30 days, the latest first. ``status`` is one of theirs, or ``lost`` for all that didn't arrive.

    ``to`` matches exactly. Raises Problem 422 ``status_unknown``.
    """
    rows = Message.objects.defer("sealed_body")
    if status == "lost":
        rows = rows.filter(status__in=LOST)
    elif status in Message.Status.values:
        rows = rows.filter(status=status)
    elif status:
        detail = f"A status is lost or one of {', '.join(Message.Status.values)}."
        raise invalid(detail, pointer="?status", code="status_unknown")
    if to.strip():
        rows = rows.filter(to=to.strip().lower())
    return by_id(rows, cursor=cursor, limit=limit, newest_first=True)


def list_suppressions(*, cursor: str | None, limit: int, address: str = "", search: str = "") -> Page[Suppression]:
    """Entries, the latest first; ``address`` matches exactly, ``search`` anywhere."""
    rows = Suppression.objects.all()
    if address.strip():
        rows = rows.filter(address=address.strip().lower())
    if search.strip():
        rows = rows.filter(address__contains=search.strip().lower())
    return by_id(rows, cursor=cursor, limit=limit, newest_first=True)


def failed_lately() -> int:
    """How many mails of the last week could not be sent; those that were bounced or suppressed are nobody's to mend."""
    return Message.objects.filter(status=Message.Status.FAILED, created_at__gt=now() - timedelta(days=7)).count()
