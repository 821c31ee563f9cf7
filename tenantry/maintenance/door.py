"""What a window refuses, and who goes on: the one rule for pages, API, guard and edge.

Members and their keys are refused. Staff who are signed in go on: they do the work. Keys of staff are programs, most of
them the vendor's product, and hold still like everybody; only one that could end the window (``maintenance:write``) goes on, so that a
script can do the work of the window too. The product's questions (``access/check``) are reading: in a window of everything
they are refused to every key, here as at the edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.http import HttpRequest

from tenantry.access.principal import Principal, principal_of
from tenantry.tenancy.windows import NearWindow, closing, refusal

READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
QUESTIONS = "/api/v1/access/check"


def windows_of(request: HttpRequest) -> tuple[NearWindow, ...]:
    """The windows near this request; none for an address of no tenant."""
    found: tuple[NearWindow, ...] = getattr(getattr(request, "tenant", None), "windows", ())
    return found


def is_exempt(principal: Principal) -> bool:
    """Whether a window holds this one back not at all."""
    if not principal.staff_role:
        return False
    return principal.via == "session" or principal.may("maintenance:write")


def require_open(request: HttpRequest, organization_id: UUID | None = None) -> None:
    """Raises Problem 503 ``maintenance`` when a window of the tenant, or of this organization, refuses the request."""
    windows = windows_of(request)
    if not windows:
        return
    asking = request.path_info.startswith(QUESTIONS)
    window = closing(windows, organization_id, writing=request.method not in READING and not asking)
    if window is not None and not (is_exempt(principal := principal_of(request)) and not (asking and principal.key_id)):
        raise refusal(window)


def concerning(windows: Iterable[NearWindow], organization_id: UUID | None) -> list[NearWindow]:
    """Of these the ones to tell of on a page: the tenant's and the platform's, and, on an organization's page, its own."""
    return [window for window in windows if window.concerns(organization_id)]
