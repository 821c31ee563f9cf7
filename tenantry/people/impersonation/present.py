"""Whether a session of staff speaks as somebody else at present, and what it may do then."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest

from tenantry.access.guards import read_only_impersonation
from tenantry.access.permissions import staff_holds
from tenantry.access.principal import Belonging, Principal, principal_of
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem
from tenantry.tenancy.scope import aside

from ..models import Impersonation, Session, Staff, User
from . import ending

PERMISSION: Final = "impersonation:write"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
# Stopping, raising, and leaving altogether are open to whoever only looks.
_WAYS_OUT: Final = re.compile(r"/impersonation/(stop|raise)|/sign-out|/api/v1/impersonations/[^/]+(/raise)?")
# What nobody does as a member: it needs no telling that it is over.
_AS_ONESELF: Final = re.compile(r"/staff/|/impersonation/stop|/sign-out|/api/v1/impersonations")


def acting(session: Session, staff_role: str, belongings: Callable[[UUID], Sequence[Belonging]]) -> tuple[Principal | None, str]:
    """The principal of the member as whom this session of staff speaks: of one organization, without any staff role; and what
    to tell whoever looked as somebody until a moment ago and doesn't know that it is over.

    No principal when it speaks for itself, and from the moment on that the 30 minutes are over, the staff role no longer holds the
    permission, or the member is suspended, gone, or staff themself. The first request that finds it so ends it, on the record.
    """
    rows = Impersonation.objects.select_related("user").filter(Q(ended_at__isnull=True) | Q(untold=True), started_at__isnull=False)
    row = rows.filter(session_id=session.id).order_by("-id").first()
    if row is None:
        return None, ""
    if row.ended_at is not None:
        return None, _farewell(row)
    place = next((found for found in belongings(row.user_id) if found.organization_id == row.organization_id), None)
    if reason := _why_over(row, staff_role, place):
        with aside():  # it is over, whatever becomes of this request
            ending.close(Impersonation.objects.filter(id=row.id), reason=reason)
    if place is None or reason:
        return None, _farewell(row)
    looking = Principal(
        via="session", user=row.user, session=session, memberships=(place,), impersonator=session.user, impersonation_id=row.id,
        raised=row.raised_at is not None, minutes_left=_minutes_until(row.expires_at),
    )  # fmt: skip
    return looking, ""


def _minutes_until(end: datetime | None) -> int:
    return ceil((end - now()) / timedelta(minutes=1)) if end else 0


def _farewell(row: Impersonation) -> str:
    return f"You no longer look at this as {row.user.display_name}: it is over. You are yourself again."


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
    """Whoever looks as somebody else changes nothing until they raised it; and what they mean to do as that member isn't done in
    their own name when it is over by then.

    Raises Problem 403 ``impersonation_read_only``, 409 ``impersonation_over`` (once).
    """
    principal = principal_of(request)
    if principal.over and principal.session and not _AS_ONESELF.match(request.path_info):
        unsafe = request.method not in _SAFE
        if unsafe or _is_page(request):
            _told(principal.session.id)
        if unsafe:
            raise Problem(409, "impersonation_over", f"{principal.over} Nothing was changed.")
    if principal.impersonator is None or principal.raised or request.method in _SAFE or _WAYS_OUT.fullmatch(request.path_info):
        return
    raise read_only_impersonation()


def _told(session_id: UUID) -> None:
    with aside():  # the refusal rolls back what the request did
        Impersonation.objects.filter(session_id=session_id, untold=True).update(untold=False)


def _is_page(request: HttpRequest) -> bool:
    """Whether the answer is a page that says so (portal/parts/impersonation.html), and no part of one."""
    return "text/html" in request.headers.get("Accept", "") and "HX-Request" not in request.headers


def over(session_ids: Collection[UUID]) -> None:
    """These sessions end, and what they did as somebody else with them."""
    ending.close(Impersonation.objects.filter(session_id__in=session_ids), reason="The staff's session ended.")
