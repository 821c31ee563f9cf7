"""``tenantry user …``: what whoever has the machine can do for a person."""

from __future__ import annotations

from typing import Annotated

import typer

from .keys import problems_as_sentences, slug_of
from .prepare import django, say

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """People of a workspace."""


@app.command("reset-factors")
def reset_factors(
    email: Annotated[str, typer.Argument(help="The address of a user of the workspace.")],
    reason: Annotated[str, typer.Option(help="Kept in the record, and part of the mail that tells the person.")],
    tenant: Annotated[str, typer.Option(help="The workspace's slug, when the installation hosts several.")] = "",
) -> None:
    """Take all second factors of somebody who lost them away; they sign in by link or password alone."""
    settings = django()
    with problems_as_sentences():
        from tenantry.audit.services import CLI
        from tenantry.kit.emails import normalize
        from tenantry.kit.problems import not_found
        from tenantry.people.factors.services import reset
        from tenantry.people.models import User
        from tenantry.tenancy.scope import scope

        with scope(slug_of(settings, tenant)):
            user = User.objects.select_for_update().filter(email=normalize(email)).first()
            if user is None:
                raise not_found("user")
            reset(user=user, reason=reason, actor=CLI)
    say("Reset. Their next sign-in asks for no second factor.")
