"""``tenantry install``: the first run without a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from ..keys import problems_as_sentences
from ..prepare import django, say

ALREADY = 3


def install(
    email: Annotated[str, typer.Option(help="The address of whoever becomes the admin.")],
    name: Annotated[str, typer.Option(help="Their name.")] = "",
    program: Annotated[str, typer.Option("--program", "--tenant-name", help="How customers know the workspace.")] = "Tenantry",
    slug: Annotated[str, typer.Option(help="Its part of the address, when the installation hosts several. Default: from the name.")] = "",
    support_email: Annotated[str, typer.Option(help="Where people find help.")] = "",
    colour: Annotated[str, typer.Option(help="The colour of its pages, such as #3b5bdb.")] = "",
) -> None:
    """Take charge of a new installation: make its admin, and print a link that signs them in, once, within 15 minutes.

    Exit code 0 when it was done, 3 when the installation has an admin already (nothing is changed then), 1 for anything else.
    """
    django()
    with problems_as_sentences():
        from tenantry.audit.services import CLI
        from tenantry.kit.problems import Problem

        from . import services

        values = {"name": program, "support_email": support_email, "colour": colour}
        try:
            made = services.install_quietly(services.plan(email=email, name=name, program_values=values, slug=slug), actor=CLI)
        except Problem as problem:
            if problem.code != "already_installed":
                raise
            say(problem.detail)
            raise typer.Exit(ALREADY) from problem
    print(made.link)
    say(f"{program} is at {made.url}; {made.email} is its admin.")
