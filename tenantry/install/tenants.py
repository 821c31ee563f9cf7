"""``tenantry tenant …``: the platform's view of its workspaces."""

from __future__ import annotations

from typing import Annotated

import typer

from .keys import problems_as_sentences
from .prepare import django, say

app = typer.Typer(no_args_is_help=True)
Slug = Annotated[str, typer.Argument(help="3 to 30 of a-z, 0-9 and the hyphen.")]


@app.command("create")
def create(
    slug: Slug,
    name: Annotated[str, typer.Option(help="How people call it. Default: the slug.")] = "",
    sandbox: Annotated[bool, typer.Option(help="For trying things: its clock can be moved.")] = False,
) -> None:
    """Make a workspace; prints its slug."""
    settings = django()
    with problems_as_sentences():
        from tenantry.tenancy.services import create_tenant

        create_tenant(slug=slug, name=name, sandbox=sandbox)
    print(slug)
    if not settings.multi:
        say("Note: TENANTRY_TENANCY is single, so only the workspace “default” can be reached. Set it to multi.")


@app.command("suspend")
def suspend(slug: Slug) -> None:
    """From the next request on, the workspace answers 403 tenant_suspended."""
    django()
    with problems_as_sentences():
        from tenantry.tenancy.services import suspend_tenant

        suspend_tenant(slug=slug)
    say(f"{slug} is suspended.")


@app.command("resume")
def resume(slug: Slug) -> None:
    """Undo a suspension."""
    django()
    with problems_as_sentences():
        from tenantry.tenancy.services import resume_tenant

        resume_tenant(slug=slug)
    say(f"{slug} is active again.")


@app.command("list")
def list_() -> None:
    """All workspaces: slug, status, name."""
    django()
    from rich.console import Console
    from rich.table import Table

    with problems_as_sentences():
        from tenantry.tenancy.models import Tenant

        rows = list(Tenant.objects.using("platform").order_by("slug").values_list("slug", "status", "sandbox", "created_at", "name"))
    table = Table("slug", "status", "made on", "name", box=None)
    for slug, status, sandbox, created_at, name in rows:
        table.add_row(slug, status + (" (sandbox)" if sandbox else ""), f"{created_at:%Y-%m-%d}", name)
    Console().print(table)
