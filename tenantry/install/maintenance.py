"""``tenantry maintenance …``: windows of the installation, of a workspace, or of one organization, for whoever has the machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from .keys import problems_as_sentences, slug_of
from .prepare import django, say

app = typer.Typer(no_args_is_help=True)
Tenant = Annotated[str, typer.Option("--tenant", help="One workspace's slug. Default: the whole installation.")]


@app.command("start")
def start(
    tenant: Tenant = "",
    organization: Annotated[str, typer.Option(help="One organization's address (slug) in the workspace.")] = "",
    at: Annotated[str, typer.Option(help="When it begins, such as 2026-11-14T02:00Z. Default: now.")] = "",
    minutes: Annotated[int, typer.Option("--for", help="How many minutes it lasts. Default: until you end it.")] = 0,
    everything: Annotated[bool, typer.Option("--everything", help="Refuse reading too, not only changes.")] = False,
    message: Annotated[str, typer.Option(help="Stands in the banner and in every refusal.")] = "",
) -> None:
    """Announce maintenance, or begin it at once; prints the window's identifier."""
    settings = django()
    with problems_as_sentences():
        begins = _moment(at)
        given: dict[str, Any] = {
            "starts_at": begins,
            "ends_at": (begins or datetime.now(UTC)) + timedelta(minutes=minutes) if minutes else None,
            "message": message,
        }
        of_tenant = tenant or organization
        made = _start_in(slug_of(settings, tenant), organization, everything, given) if of_tenant else _start(everything, given)
    print(made)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise SystemExit(f"{text} is no time. Write it like 2026-11-14T02:00Z.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _start(everything: bool, given: dict[str, Any]) -> str:
    """A window of the whole installation, through the platform's role. Every workspace's record tells of it within a minute."""
    from tenantry.maintenance.models import PlatformWindow
    from tenantry.maintenance.services import require_times
    from tenantry.tenancy.windows import Mode

    starts_at, ends_at = require_times(given["starts_at"], given["ends_at"], datetime.now(UTC))
    mode = Mode.EVERYTHING if everything else Mode.WRITES
    window = PlatformWindow(starts_at=starts_at, ends_at=ends_at, mode=mode.value, message=given["message"][:280])
    window.save(using="platform", force_insert=True)
    return window.public_id


def _start_in(slug: str, organization: str, everything: bool, given: dict[str, Any]) -> str:
    from tenantry.audit.services import CLI
    from tenantry.kit.problems import not_found
    from tenantry.maintenance.services import schedule
    from tenantry.organizations.queries import load
    from tenantry.tenancy.scope import scope
    from tenantry.tenancy.windows import Mode

    with scope(slug):
        found = load(organization, True) if organization else None
        if organization and found is None:
            raise not_found("organization")
        mode = Mode.EVERYTHING if everything else Mode.WRITES
        return schedule(organization_id=found.id if found else None, mode=mode, actor=CLI, **given).public_id


@app.command("list")
def list_(tenant: Tenant = "") -> None:
    """Windows that aren't over: the installation's, and with --tenant a workspace's too."""
    settings = django()
    with problems_as_sentences():
        from tenantry.maintenance.queries import open_windows, state_of
        from tenantry.tenancy.scope import scope
        from tenantry.tenancy.services import tenant_ids

        # Every workspace sees the installation's; any will do to look from.
        place = slug_of(settings, tenant) if tenant else next(iter(tenant_ids(even_held=True)), None)
        if place is None:
            return
        with scope(place):
            for window in open_windows():
                if tenant or window.reach.value == "platform":
                    ends = f"{window.ends_at:%Y-%m-%d %H:%M}" if window.ends_at else "when ended"
                    print(f"{window.public_id}  {window.reach.value}  {state_of(window)}  {window.mode}  "
                          f"{window.starts_at:%Y-%m-%d %H:%M} – {ends}  {window.message}")  # fmt: skip


@app.command("end")
def end(window: Annotated[str, typer.Argument(help="The mtw_… identifier that “maintenance list” shows.")], tenant: Tenant = "") -> None:
    """End a window that is under way, or call off one to come."""
    settings = django()
    with problems_as_sentences():
        from tenantry.kit.ids import decode

        try:
            window_id = decode("mtw", window)
        except ValueError as error:
            raise SystemExit(str(error)) from error
        if tenant:
            _end_in(slug_of(settings, tenant), window_id)
        else:
            _end(window_id)
    say("Ended.")


def _end_in(slug: str, window_id: UUID) -> None:
    from tenantry.audit.services import CLI
    from tenantry.maintenance.services import end
    from tenantry.tenancy.scope import scope

    with scope(slug):
        end(window_id=window_id, actor=CLI)


def _end(window_id: UUID) -> None:
    from django.db.models import Q

    from tenantry.kit.problems import not_found
    from tenantry.maintenance.models import PlatformWindow

    moment = datetime.now(UTC)
    rows = PlatformWindow.objects.using("platform").filter(id=window_id, cancelled=False)
    rows = rows.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=moment))
    if not rows.filter(starts_at__gt=moment).update(cancelled=True) and not rows.update(ends_at=moment):
        raise not_found("window of the installation that isn't over; one of a workspace needs --tenant")
