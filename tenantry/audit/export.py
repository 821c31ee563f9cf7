"""The record as CSV or JSON Lines, streamed page by page in constant memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now
from tenantry.kit.problems import invalid
from tenantry.tenancy.scope import Everything, current, scope

from .models import Event
from .queries import Filter, events, impersonators, shape

PAGE = 2_000
MEDIA = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
COLUMNS = (
    "id occurred_at organization category action actor_kind actor target_kind target_id target changes reason source request_id ip "
    "impersonated_by".split()
)


def export(*, wanted: Filter, form: str, organizations: Iterable[UUID] | Everything, actor: Actor) -> StreamingHttpResponse:
    """Record the export, then stream it. Each page is read in a transaction of its own, up to the last event of now.

    Raises Problem 422 ``format_unknown``.
    """
    if form not in MEDIA:
        raise invalid("The format is csv or jsonl.", pointer="?format", code="format_unknown")
    events(wanted)  # a wrong filter is refused before the stream begins
    last = record("audit.exported", actor=actor, organization_id=wanted.organization_id, label=form)
    response = StreamingHttpResponse(_stream(current().tenant_id, wanted, form, organizations, last.id), content_type=MEDIA[form])
    response["Content-Disposition"] = f'attachment; filename="audit-{now():%Y-%m-%d}.{form}"'
    return response


async def _stream(
    tenant_id: UUID, wanted: Filter, form: str, organizations: Iterable[UUID] | Everything, last: UUID
) -> AsyncIterator[bytes]:
    """Oldest first, so that what is written meanwhile changes nothing that was already sent."""

    def page(after: UUID | None) -> tuple[list[Event], Mapping[UUID, str]]:
        with scope(tenant_id, organizations=organizations):
            rows = events(wanted).filter(id__lt=last)
            found = list((rows.filter(id__gt=after) if after else rows).order_by("id")[:PAGE])
            return found, impersonators(found)

    if form == "csv":
        yield _csv([COLUMNS])
    after: UUID | None = None
    while (found := await sync_to_async(page)(after))[0]:
        rows, behind = found
        after = rows[-1].id
        shapes = [shape(row, behind) for row in rows]
        yield _csv(_cells(one) for one in shapes) if form == "csv" else b"".join(_line(one) for one in shapes)


def _line(shaped: dict[str, Any]) -> bytes:
    return json.dumps(shaped, ensure_ascii=False).encode() + b"\n"


def _cells(s: dict[str, Any]) -> list[str]:
    changes = json.dumps(s["changes"], ensure_ascii=False)
    return [
        s["id"], s["occurred_at"], s["organization"] or "", s["category"], s["action"], s["actor"]["kind"], s["actor"]["label"],
        s["target"]["kind"], s["target"]["id"], s["target"]["label"], changes, s["reason"], s["source"], s["request_id"], s["ip"] or "",
        (s["actor"]["impersonated_by"] or {}).get("label", ""),
    ]  # fmt: skip


def _csv(rows: Iterable[list[str]]) -> bytes:
    """CSV lines; a cell that a spreadsheet would run as a formula gets an apostrophe (OWASP, CSV injection)."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(
        [f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell for cell in row] for row in rows
    )
    return out.getvalue().encode()
