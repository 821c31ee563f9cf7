"""``tenantry domain …``: an operator's word on who holds a domain, where no name server can be asked."""

from __future__ import annotations

from typing import Annotated

import typer

from .keys import TENANT, problems_as_sentences, slug_of
from .prepare import django, say

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Domains of organizations."""


@app.command("verify")
def verify(
    domain: Annotated[str, typer.Argument(help="The domain, such as contoso.com.")],
    organization: Annotated[str, typer.Option(help="The organization's slug; needed when none or several have claimed it.")] = "",
    reason: Annotated[str, typer.Option(help="Kept in the record, and shown to the organization.")] = "Confirmed at the command line",
    tenant: Annotated[str, TENANT] = "",
) -> None:
    """Confirm a domain for an organization without a proof; it isn't checked again."""
    settings = django()
    with problems_as_sentences():
        say(_verify(slug_of(settings, tenant), domain, organization, reason))


def _verify(slug: str, domain: str, organization: str, reason: str) -> str:
    """What was done, as a sentence. Raises SystemExit, Problem."""
    from tenantry.audit.services import CLI
    from tenantry.organizations.domains import services
    from tenantry.organizations.domains.names import shown
    from tenantry.organizations.domains.queries import claims
    from tenantry.organizations.queries import load
    from tenantry.tenancy.scope import scope

    with scope(slug):
        found = claims(domain)
        if organization:
            wanted = load(organization, True)
            if wanted is None:
                raise SystemExit(f"There is no organization {organization} in this workspace.")
            found = [row for row in found if row.organization_id == wanted.id]
            found = found or [services.claim(organization=wanted, domain=domain, actor=CLI)]
        if not found:
            raise SystemExit(f"Nobody has claimed {domain}. Say whose it is with --organization SLUG.")
        if len(found) > 1:
            names = ", ".join(row.organization.slug for row in found)
            raise SystemExit(f"Several have claimed {domain}: {names}. Say which with --organization SLUG.")
        done = services.decide(domain=found[0], verify=True, reason=reason, actor=CLI)
        return f"{shown(done.name)} is {done.organization.name}'s."
