"""Whether a session of staff speaks as somebody else at present, and what it may do then."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Final
from uuid import UUID

from django.http import HttpRequest

from tenantry.access.guards import read_only_impersonation
from tenantry.access.permissions import staff_holds
from tenantry.access.principal import Belonging, Principal, principal_of
from tenantry.kit.clock import now
from tenantry.tenancy.scope import aside

from ..models import Impersonation, Session, Staff, User
from . import ending

PERMISSION: Final = "impersonation:write"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
# Stopping, raising, and leaving altogether are open to whoever only looks.
_WAYS_OUT: Final = re.compile(r"/impersonation/(stop|raise)|/sign-out|/api/v1/impersonations/[^/]+(/raise)?")


def acting(session: Session, staff_role: str, belongings: Callable[[UUID], Sequence[Belonging]]) -> Principal | None:
    """The principal of the member as whom this session of staff speaks: of one organization, without any staff role.

    None when it speaks for itself, and from the moment on that the 30 minutes are over, the staff role no longer holds the
    permission, or the member is suspended, gone, or staff themself. The first request that finds it so ends it, on the record.
    """
    row = (
        Impersonation.objects.select_related("user").filter(session_id=session.id, started_at__isnull=False, ended_at__isnull=True).first()
    )
    if row is None:
        return None
    place = next((found for found in belongings(row.user_id) if found.organization_id == row.organization_id), None)
    if reason := _why_over(row, staff_role, place):
        with aside():  # it is over, whatever becomes of this request
            ending.close(Impersonation.objects.filter(id=row.id), reason=reason)
    if place is None or reason:
        return None
    return Principal(
        via="session", user=row.user, session=session, memberships=(place,), impersonator=session.user, impersonation_id=row.id,
        raised=row.raised_at is not None,
    )  # fmt: skip


def _why_over(row: Impersonation, staff_role: str, place: Belonging | None) -> str:
    if row.expires_at is None or row.expires_at <= now():
        return ending.TIME_OVER
    if not staff_holds(staff_role, PERMISSION):
        return "The staff role doesn't hold the permission any more."
    if row.user.status != User.Status.ACTIVE:
        return "The member was suspended."
    if place is None:
        return "The member can't enter the organization any more."
    if Staff.objects.filter(user_id=row.user_id, status=Staff.Status.ACTIVE).exists():
        return "The member is staff now."
    return ""


def require_allowed(request: HttpRequest) -> None:
    """Whoever looks as somebody else changes nothing until they raised it. Raises Problem 403 ``impersonation_read_only``."""
    principal = principal_of(request)
    if principal.impersonator is None or principal.raised or request.method in _SAFE or _WAYS_OUT.fullmatch(request.path_info):
        return
    raise read_only_impersonation()


def over(session_ids: Collection[UUID]) -> None:
    """These sessions end, and what they did as somebody else with them."""
    ending.close(Impersonation.objects.filter(session_id__in=session_ids), reason="The staff's session ended.")
