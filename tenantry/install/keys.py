"""``tenantry key create`` and ``tenantry link``: ways in for somebody who has the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from config.environment import Environment

from .prepare import django, say

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keys of the API."""


@app.command("create")
def create(
    staff: Annotated[str, typer.Option(help="The staff role that the key acts with: admin, finance, csm, support or auditor.")],
    tenant: Annotated[str, typer.Option(help="The workspace's slug, when the installation hosts several.")] = "",
    name: Annotated[str, typer.Option(help="What the key is for; shown in lists and in the audit log.")] = "command line",
    scope: Annotated[list[str] | None, typer.Option(help="Limit the key to this permission. May be repeated.")] = None,
) -> None:
    """Make an API key and print it, once, and nothing else on stdout."""
    settings = django()
    with problems_as_sentences():
        plain = new_key(slug_of(settings, tenant), staff_role=staff, name=name, scopes=scope or None)
    print(plain)
    say("This key is not shown again.")


@app.command("list")
def show(tenant: Annotated[str, typer.Option(help="The workspace's slug, when the installation hosts several.")] = "") -> None:
    """List the keys that work: identifier, beginning, role, name, last use."""
    settings = django()
    with problems_as_sentences():
        from tenantry.access.keys import live_keys
        from tenantry.tenancy.scope import scope

        with scope(slug_of(settings, tenant)):
            for key in live_keys():
                used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
                print(f"{key.public_id}  {key.prefix}…  {key.staff_role or 'organization'}  {key.name}  {used}")


@app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(help="The key_… identifier that “key list” shows.")],
    tenant: Annotated[str, typer.Option(help="The workspace's slug, when the installation hosts several.")] = "",
    reason: Annotated[str, typer.Option(help="Kept in the record.")] = "",
) -> None:
    """Revoke a key; its next request answers 401."""
    settings = django()
    with problems_as_sentences():
        from tenantry.access.keys import revoke_key
        from tenantry.audit.services import CLI
        from tenantry.kit.ids import decode
        from tenantry.tenancy.scope import scope

        try:
            key_id = decode("key", key)
        except ValueError as error:
            raise SystemExit(str(error)) from error
        with scope(slug_of(settings, tenant)):
            revoke_key(key_id=key_id, actor=CLI, reason=reason)
    say("Revoked.")


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


def new_key(slug: str, *, staff_role: str, name: str, scopes: list[str] | None = None) -> str:
    """A new key of a workspace, in plain text."""
    from tenantry.access.keys import create_key
    from tenantry.audit.services import CLI
    from tenantry.tenancy.scope import scope

    with scope(slug):
        return create_key(name=name, staff_role=staff_role, scopes=scopes, actor=CLI)[1]


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
