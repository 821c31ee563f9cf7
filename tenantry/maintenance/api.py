"""Maintenance windows over the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime

from tenantry.access.guards import actor_of, guard, guard_tenant, signed_in
from tenantry.kit.ids import encode
from tenantry.kit.operations import needs
from tenantry.kit.problems import Problem
from tenantry.kit.schemas import Listing, Paging, Strict, TypeId, moment
from tenantry.tenancy.windows import PREFIX, Mode, Reach

from . import queries, services
from .models import Window

router = Router()
WindowRef = Annotated[UUID, TypeId(PREFIX)]


class WindowIn(Strict):
    """Without ``starts_at`` it begins at once, without ``ends_at`` it lasts until it is ended; without ``organization`` it is the
    whole workspace's. ``mode`` says what is refused."""

    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    organization: Annotated[UUID, TypeId("org")] | None = None
    mode: Mode = Mode.WRITES
    message: str = Field("", max_length=280)


class WindowOut(Schema):
    """``scope`` says whom it concerns; one of the ``platform`` is the operator's."""

    id: str
    scope: Reach
    organization: str | None
    state: Literal["scheduled", "under_way", "ended", "cancelled"]
    mode: Mode
    starts_at: str | None
    ends_at: str | None
    message: str


class WindowsWanted(Paging):
    """``open``: those to come and under way, all at once; ``over``: those that ended or were called off."""

    status: Literal["open", "over"] = "open"


def shape(window: queries.SomeWindow) -> dict[str, Any]:
    """A window as the API shows it."""
    organization_id = window.organization_id if isinstance(window, Window) else None
    return {
        "id": window.public_id,
        "scope": window.reach,
        "organization": encode("org", organization_id) if organization_id else None,
        "state": queries.state_of(window),
        "mode": window.mode,
        "starts_at": moment(window.starts_at),
        "ends_at": moment(window.ends_at),
        "message": window.message,
    }


@router.get("/maintenance-windows", response=Listing[WindowOut], summary="Maintenance windows", **needs("signed_in"))
def list_windows(request: HttpRequest, wanted: Query[WindowsWanted]) -> dict[str, Any]:
    """Those that concern you: the operator's, the workspace's, and your organizations'; staff see all. A key needs ``maintenance:read``.

    Answered in maintenance too.
    """
    principal = signed_in(request)
    if principal.scopes is not None and "maintenance:read" not in principal.scopes:
        raise Problem(403, "insufficient_scope", "This key lacks the scope maintenance:read.", permission="maintenance:read")
    if wanted.status == "open":
        return {"data": [shape(window) for window in queries.open_windows()], "next_cursor": None}
    page = queries.past_windows(cursor=wanted.cursor, limit=wanted.limit)
    return {"data": [shape(window) for window in page.rows], "next_cursor": page.next_cursor}


@router.post("/maintenance-windows", response={201: WindowOut}, summary="Announce or begin maintenance", **needs("maintenance:write"))
def create_window(request: HttpRequest, body: WindowIn) -> tuple[int, dict[str, Any]]:
    """Pages tell of it a day ahead and while it lasts. Staff go on; everybody else gets 503 ``maintenance`` with ``Retry-After``."""
    guard_tenant(request, "maintenance:write")
    organization_id = guard(request, "maintenance:write", body.organization).id if body.organization else None
    window = services.schedule(
        organization_id=organization_id, starts_at=body.starts_at, ends_at=body.ends_at, mode=body.mode, message=body.message,
        actor=actor_of(request),
    )  # fmt: skip
    return 201, shape(window)


@router.delete("/maintenance-windows/{window_id}", response={204: None}, summary="End or cancel maintenance", **needs("maintenance:write"))
def end_window(request: HttpRequest, window_id: WindowRef) -> tuple[int, None]:
    """One that is under way ends now; one to come is called off. 409 ``platform_window`` for the operator's."""
    guard_tenant(request, "maintenance:write")
    services.end(window_id=window_id, actor=actor_of(request))
    return 204, None
