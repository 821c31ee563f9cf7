"""``tenantry key create`` and ``tenantry link``: ways in for somebody who has the machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from config.environment import Environment
from tenantry.kit.ids import decode, encode

from .prepare import django, say

if TYPE_CHECKING:
    from tenantry.access.models import ApiKey

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keys of the API."""


TENANT = typer.Option(help="The workspace's slug, when the installation hosts several.")


@app.command("create")
def create(
    staff: Annotated[str, typer.Option(help="The staff role that the key acts with: admin, finance, csm, support or auditor.")] = "",
    organization: Annotated[str, typer.Option(help="For an organization's key in place of a staff role: its slug or org_….")] = "",
    tenant: Annotated[str, TENANT] = "",
    name: Annotated[str, typer.Option(help="What the key is for; shown in lists and in the audit log.")] = "command line",
    scope: Annotated[list[str] | None, typer.Option(help="Limit the key to this permission or preset. May be repeated.")] = None,
    expires: Annotated[str, typer.Option(help="When it ends: 90d, or the last day as 2027-03-31.")] = "",
    allow_ip: Annotated[list[str] | None, typer.Option(help="Only from this address or CIDR network. May be repeated.")] = None,
) -> None:
    """Make an API key and print it, once, and nothing else on stdout."""
    settings = django()
    with problems_as_sentences():
        plain = new_key(
            slug_of(settings, tenant), staff_role=staff, organization=organization, name=name, scopes=scope or None, expires=expires,
            allowed_ips=allow_ip or [],
        )  # fmt: skip
    print(plain)
    say("This key is not shown again.")


@app.command("list")
def show(
    tenant: Annotated[str, TENANT] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also those that have expired or were revoked.")] = False,
) -> None:
    """List the keys that work: identifier, beginning, status, whose it is, name, last use, end, scopes."""
    settings = django()
    with problems_as_sentences():
        from tenantry.access.keys import every_key
        from tenantry.tenancy.scope import scope

        with scope(slug_of(settings, tenant)):
            for key in every_key():
                if everything or key.status in ("active", "replaced"):
                    print(_line(key))


def _line(key: ApiKey) -> str:
    used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
    ends = f"ends {key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "no end"
    whose = encode("org", key.organization_id) if key.organization_id else key.staff_role
    scopes = "all that its role may" if key.scopes is None else " ".join(key.scopes)
    return "  ".join([key.public_id, f"{key.prefix}…", key.status, whose, key.name, used, ends, scopes])


@app.command("rotate")
def rotate(
    key: Annotated[str, typer.Argument(help="The key_… identifier that “key list” shows.")],
    overlap: Annotated[int, typer.Option(help="How many hours the old key works on: 1 to 72.")] = 24,
    tenant: Annotated[str, TENANT] = "",
) -> None:
    """Make a new key in place of another and print it, once; the old one works on for the overlap."""
    settings = django()
    with problems_as_sentences():
        from tenantry.access.keys import rotate_key
        from tenantry.audit.services import CLI
        from tenantry.tenancy.scope import scope

        key_id = _decoded(key)
        with scope(slug_of(settings, tenant)):
            _, plain = rotate_key(key_id=key_id, overlap_hours=overlap, actor=CLI)
    print(plain)
    say("This key is not shown again.")


@app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(help="The key_… identifier that “key list” shows.")],
    tenant: Annotated[str, TENANT] = "",
    reason: Annotated[str, typer.Option(help="Kept in the record.")] = "",
) -> None:
    """Revoke a key; its next request answers 401."""
    settings = django()
    with problems_as_sentences():
        from tenantry.access.keys import revoke_key
        from tenantry.audit.services import CLI
        from tenantry.tenancy.scope import scope

        key_id = _decoded(key)
        with scope(slug_of(settings, tenant)):
            revoke_key(key_id=key_id, actor=CLI, reason=reason)
    say("Revoked.")


def _decoded(key: str) -> UUID:
    try:
        return decode("key", key)
    except ValueError as error:
        raise SystemExit(str(error)) from error


def link(
    email: Annotated[str, typer.Argument(help="The address of a user of the workspace.")],
    tenant: Annotated[str, typer.Option(help="The workspace's slug, when the installation hosts several.")] = "",
) -> None:
    """Print a one-time sign-in address for somebody who can't get mail."""
    settings = django()
    with problems_as_sentences():
        from tenantry.people.links import recovery_url
        from tenantry.tenancy.scope import scope

        with scope(slug_of(settings, tenant)):
            url = recovery_url(email=email)
    print(url)


def new_key(
    slug: str,
    *,
    name: str,
    staff_role: str = "",
    organization: str = "",
    scopes: list[str] | None = None,
    expires: str = "",
    allowed_ips: list[str] | None = None,
) -> str:
    """A new key of a workspace, in plain text: of a staff role, or of an organization by slug or identifier."""
    from tenantry.access.keys import create_key
    from tenantry.access.scopes import unbundled
    from tenantry.audit.services import CLI
    from tenantry.organizations.queries import load
    from tenantry.tenancy.scope import scope

    if bool(staff_role) == bool(organization):
        raise SystemExit("Say whose key it is: --staff ROLE for the workspace, or --organization SLUG for one organization.")
    with scope(slug):
        found = None
        if organization:
            found = load(decode("org", organization) if organization.startswith("org_") else organization, True)
            if found is None:
                raise SystemExit(f"There is no organization {organization} in this workspace.")
        return create_key(
            name=name, staff_role=staff_role, organization_id=found.id if found else None, expires_at=_moment(expires),
            scopes=unbundled(scopes, by_organization=found is not None) if scopes else None, allowed_ips=allowed_ips or (), actor=CLI,
        )[1]  # fmt: skip


def _moment(text: str) -> datetime | None:
    """``90d`` is in 90 days, ``2027-03-31`` the end of that day in UTC."""
    from tenantry.kit.clock import end_of_day, now

    if not text:
        return None
    try:
        if days := re.fullmatch(r"(\d{1,4})d", text):
            return now() + timedelta(days=int(days[1]))
        return end_of_day(date.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise SystemExit(f"{text} is no end of a key: say 90d, or a day as 2027-03-31.") from error


def slug_of(settings: Environment, tenant: str) -> str:
    """The workspace meant: the only one, or the named one."""
    if not settings.multi:
        if tenant and tenant != "default":
            raise SystemExit("This installation has one workspace; leave --tenant out, or set TENANTRY_TENANCY=multi.")
        return "default"
    if not tenant:
        raise SystemExit("This installation hosts several workspaces: say which with --tenant SLUG (tenantry tenant list shows them).")
    return tenant


@contextmanager
def problems_as_sentences() -> Iterator[None]:
    """A refusal by a service, or a database without tables, becomes a sentence."""
    from django.db import OperationalError, ProgrammingError
    from psycopg.errors import UndefinedFunction, UndefinedTable

    from tenantry.kit.problems import Problem

    try:
        yield
    except Problem as problem:
        raise SystemExit(problem.detail) from problem
    except ProgrammingError as error:
        if isinstance(error.__cause__, UndefinedTable | UndefinedFunction):
            raise SystemExit("The database is not set up for this version yet. Run: bin/tenantry migrate") from error
        raise
    except OperationalError as error:
        raise SystemExit(f"The database can't be used: {str(error).strip().splitlines()[0]}. bin/tenantry doctor says more.") from error
