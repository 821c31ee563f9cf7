"""Mails to the owners about what a directory couldn't do: once a day for each kind, however often it tries."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from django.db import OperationalError, connections
from django.db.models import Q

from tenantry.jobs.aside import defer_aside
from tenantry.kit.clock import now
from tenantry.tenancy.scope import aside, current

from .models import ScimSettings
from .tasks import mail_alert

Kind = Literal["seats", "last_owner"]
AGAIN_AFTER: Final = timedelta(days=1)
_LOCKED: Final = "55P03"


def tell(kind: Kind, *, organization_id: UUID, who: str) -> None:
    """Have the owners mailed, unless they were told within a day. It outlives the refusal that causes it.

    ``seats``: no seat is free for ``who`` (an address). ``last_owner``: ``who`` is the last owner and was to be deprovisioned.
    While somebody changes the organization's settings or mappings, nobody is told: they see the refusal themselves if it is of
    their doing, and a directory tries again.
    """
    try:
        with aside():
            _tell(kind, organization_id, who)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != _LOCKED:
            raise


def _tell(kind: Kind, organization_id: UUID, who: str) -> None:
    moment = now()
    with connections[current().using].cursor() as cursor:
        cursor.execute("set local lock_timeout = '250ms'")  # the request's own transaction may hold the row (settings.held)
    ScimSettings.objects.bulk_create([ScimSettings(organization_id=organization_id)], ignore_conflicts=True)
    untold = Q(**{f"{kind}_told_at": None}) | Q(**{f"{kind}_told_at__lt": moment - AGAIN_AFTER})
    if ScimSettings.objects.filter(untold, organization_id=organization_id).update(**{f"{kind}_told_at": moment}):
        defer_aside(mail_alert, tenant_id=str(current().tenant_id), organization_id=str(organization_id), kind=kind, who=who)
