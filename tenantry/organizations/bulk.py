"""Invite many at once, from a pasted list or a CSV file, with a report row by row."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from tenantry.access.permissions import seat_of
from tenantry.audit.services import SYSTEM, Actor, difference, record_all
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.kit.clock import now
from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem, invalid
from tenantry.mail import services as mail

from .authority import Authority, known_role, require_grant
from .invitations import PENDING, new_invitation, send_later
from .membership import LIVE
from .models import Invitation, Membership, Organization

MAX_ROWS = 5_000
MAX_BYTES = 2 * 1024 * 1024
DEFAULT_ROLE = "learner"


@dataclass(slots=True)
class Row:
    """One line of the report. ``row`` counts from 1, the header left out.

    ``outcome``: ``created``, ``already_invited``, ``already_member``, ``duplicate``, ``invalid`` or ``over_limit``.
    """

    row: int
    email: str
    role: str = DEFAULT_ROLE
    name: str = ""
    team: str = ""
    outcome: str = ""
    code: str | None = None
    detail: str | None = None
    notice: mail.Outcome = mail.NOT_ASKED

    @property
    def notice_words(self) -> str:
        """Why the invitee gets no mail, where that is so."""
        return self.notice.words if self.outcome == "created" else ""

    def refuse(self, outcome: str, problem: Problem) -> None:
        self.outcome, self.code, self.detail = outcome, problem.code, problem.detail


def parse_csv(data: bytes) -> list[Row]:
    """Rows of a CSV file: UTF-8 with or without BOM, any line ends, a header with at least ``email``.

    A list of bare addresses, one a line, needs no header. Raises Problem 422 ``csv_unreadable`` / ``too_many``.
    """
    if len(data) > MAX_BYTES:
        raise invalid("The file is larger than 2 MB.", pointer="", code="too_many")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise invalid("The file is not UTF-8. Save it as “CSV UTF-8”.", pointer="", code="csv_unreadable") from error
    if "\0" in text:
        raise invalid("The file has NUL bytes; it is not a CSV file.", pointer="", code="csv_unreadable")
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline="")) if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise invalid(f"The file can't be read as CSV: {error}.", pointer="", code="csv_unreadable") from error
    if not lines:
        raise invalid("There are no rows.", pointer="", code="csv_empty")
    header = [cell.strip().lower().replace("-", "") for cell in lines[0]]
    if "email" in header:
        body = lines[1:]
    elif "@" in lines[0][0]:
        header, body = ["email", "role", "name", "team"], lines
    else:
        raise invalid("The first line names no column “email”.", pointer="", code="csv_unreadable")
    return checked([dict(zip(header, line, strict=False)) for line in body])


def checked(rows: list[dict[str, Any]]) -> list[Row]:
    """Rows of a JSON body or a file as ``Row``s. Raises Problem 422 ``too_many``."""
    if len(rows) > MAX_ROWS:
        raise invalid(f"At most {MAX_ROWS} rows at a time; there are {len(rows)}.", pointer="/rows", code="too_many")
    return [
        Row(
            number, str(row.get("email") or ""), str(row.get("role") or "").strip() or DEFAULT_ROLE,
            str(row.get("name") or "").strip()[:120], str(row.get("team") or "").strip()[:120],
        )
        for number, row in enumerate(rows, start=1)
    ]  # fmt: skip


def invite_many(*, organization: Organization, rows: list[Row], authority: Authority, actor: Actor) -> list[Row]:
    """Invite whom the list names; each row gets its outcome. The good rows go in though others are refused.

    One lock, one look at the members and a handful of inserts, however many rows there are. Rows are taken in their order,
    so the first to name a free seat has it. Doing it again changes nothing.
    """
    _judge_alone(rows, authority)
    limits.lock(organization.id, SEATS)
    addresses = [row.email for row in rows if not row.outcome]
    members = set(
        Membership.objects.filter(organization=organization, status__in=LIVE, user__email__in=addresses).values_list(
            "user__email", flat=True
        )
    )
    open_ = Invitation.objects.filter(organization=organization, status=PENDING, email__in=addresses)
    invited = set(open_.filter(expires_at__gt=now()).values_list("email", flat=True))
    free = {standing.resource_type: standing for standing in limits.standings(organization.id)}
    taken: dict[str, int] = dict.fromkeys(SEATS, 0)
    created: list[Invitation] = []
    for row in rows:
        if row.outcome:
            continue
        if row.email in members:
            row.outcome, row.code, row.detail = "already_member", "already_member", "This person is a member already."
        elif row.email in invited:
            row.outcome, row.code, row.detail = "already_invited", "already_invited", "An invitation is open; nothing was sent again."
        elif full := next((free[n] for n in (seat_of(row.role), "seat:total") if _none_left(free[n], taken[n])), None):
            row.refuse("over_limit", limits.limit_reached(full))
        else:
            row.outcome = "created"
            taken[seat_of(row.role)] += 1
            taken["seat:total"] += 1
            created.append(
                new_invitation(organization=organization, email=row.email, role=row.role, name=row.name, team=row.team, actor=actor)
            )
    _write(organization, created, rows, taken, actor)
    return rows


def _judge_alone(rows: list[Row], authority: Authority) -> None:
    """What is wrong with a row by itself: its address, its role, or that it was there before."""
    seen: set[str] = set()
    for row in rows:
        try:
            row.email = normalize(row.email)
            row.role = known_role(row.role.lower())
            require_grant(authority, row.role)
        except Problem as problem:
            row.refuse("invalid", problem)
            continue
        if row.email in seen:
            row.outcome, row.code, row.detail = "duplicate", "duplicate", "An earlier row has the same address."
        seen.add(row.email)


def _none_left(standing: limits.Standing, taken: int) -> bool:
    return standing.limit is not None and standing.used + taken >= standing.limit


def _write(organization: Organization, created: list[Invitation], rows: list[Row], taken: dict[str, int], actor: Actor) -> None:
    if not created:
        return
    stale = Invitation.objects.filter(organization=organization, status=PENDING, email__in=[i.email for i in created])
    for invitation in stale:  # run out, but the sweep hasn't come by yet: its seat goes back first
        limits.move(organization.id, limits.seats(seat_of(invitation.role), None))
    over = [(invitation, invitation.email, difference({"status": invitation.status}, {"status": "expired"})) for invitation in stale]
    stale.update(status=Invitation.Status.EXPIRED, answered_at=now())
    record_all("invitation.expired", actor=SYSTEM, organization_id=organization.id, entries=over)
    limits.move(organization.id, taken)
    Invitation.objects.bulk_create(created, batch_size=1000)
    record_all(
        "invitation.created", actor=actor, organization_id=organization.id,
        entries=[(i, i.email, {"role": {"before": None, "after": i.role}}) for i in created],
    )  # fmt: skip
    send_later(created)
    told = mail.prospects([invitation.email for invitation in created])
    for row in rows:
        if row.outcome == "created":
            row.notice = told[row.email]


def report(rows: list[Row]) -> dict[str, Any]:
    """The answer of the API: how many went in, how many didn't, and every row."""
    created = sum(row.outcome == "created" for row in rows)
    return {
        "created": created,
        "refused": sum(row.outcome in ("invalid", "over_limit", "duplicate") for row in rows),
        "not_notified": sum(row.outcome == "created" and not row.notice.notified for row in rows),
        "rows": [_reported(row) for row in rows],
    }


def _reported(row: Row) -> dict[str, Any]:
    told = row.notice.members() if row.outcome == "created" else {}
    return {"row": row.row, "email": row.email, "outcome": row.outcome, "code": row.code, "detail": row.detail, **told}


def report_csv(rows: list[Row]) -> bytes:
    """The report as CSV; a cell that a spreadsheet would run as a formula gets an apostrophe (OWASP, CSV injection)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["row", "email", "role", "name", "team", "outcome", "code", "detail"])
    for row in rows:
        cells = [row.email, row.role, row.name, row.team, row.outcome, row.code or "", row.detail or ""]
        writer.writerow([row.row, *(f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells)])
    return out.getvalue().encode()
