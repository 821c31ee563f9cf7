"""``tenantry …``: the command line. Each command loads what it needs and no more; stdout is kept for results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from . import domains, jobs, keys, maintenance, sealed, tenants, users
from .prepare import database, django, leave, say, settle
from .wizard import command

app = typer.Typer(
    name="tenantry",
    help="Run and look after a Tenantry installation. Settings come from the environment: docs/operations.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(keys.app, name="key", help="API keys.")
app.add_typer(maintenance.app, name="maintenance", help="Maintenance windows.")
app.add_typer(domains.app, name="domain", help="Domains of organizations.")
app.add_typer(jobs.app, name="jobs", help="Background jobs: what runs, waits, and has given up.")
app.add_typer(users.app, name="user", help="People of a workspace.")
app.add_typer(tenants.app, name="tenant", help="Workspaces of an installation that hosts several.")
audit = typer.Typer(no_args_is_help=True)
app.add_typer(audit, name="audit", help="The record of actions.")
app.add_typer(sealed.app, name="secrets", help="The keys under which secrets are sealed.")
app.command("link")(keys.link)
app.command("install")(command.install)

Host = Annotated[str, typer.Option(help="Address to listen on. Default: 127.0.0.1 in development, else 0.0.0.0.")]
TenantOption = Annotated[str, typer.Option("--tenant", help="The workspace's slug, when the installation hosts several.")]


@app.command()
def up(host: Host = "") -> None:
    """Start everything: the embedded database, migrations, web and worker, under one supervisor."""
    from . import supervisor

    supervisor.up(host)


@app.command()
def web(host: Host = "") -> None:
    """Serve the pages and the API."""
    from . import serve

    serve.web(database(), host)


@app.command()
def worker() -> None:
    """Run background jobs and schedules."""
    from . import counting, serve

    counting.share(settle())
    serve.worker(django())


@app.command()
def migrate(check: Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 when there is something to do.")] = False) -> None:
    """Bring the database to the state this version expects. Safe to repeat; two at once queue."""
    from .migrate import drift
    from .migrate import migrate as run

    if not check:
        print(run(django()))
        return
    settings = django()
    with keys.problems_as_sentences():
        found = drift(settings)
    print("\n".join(found) or "The database and the models agree with the migrations.")
    raise SystemExit(1 if found else 0)


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False) -> None:
    """Delete the data folder's database, keys and demo. The next start begins empty."""
    from .reset import reset as run

    run(settle(), yes=yes)


@app.command()
def demo(tenant: TenantOption = "") -> None:
    """Load the demo's organizations and people. Safe to repeat."""
    from . import welcome

    settings = django()
    with keys.problems_as_sentences():
        for line in welcome.lines(settings, welcome.load(settings, tenant)):
            print(line)


@app.command()
def doctor() -> None:
    """Check database, roles, row-level security, keys, mail, clock and audit; say how to mend each."""
    from .doctor import run

    raise SystemExit(run(database()))


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="A new file, in pg_dump's custom format.")]) -> None:
    """Write the whole database to a file and check the record of actions. Exit 1 when its chain is broken."""
    settings = django()
    from . import archive
    from .audit import verify
    from .backup import backup as run
    from .backup import fingerprints

    with keys.problems_as_sentences():
        made = run(settings, file)
        found = archive.sealed(made, settings.secrets_keys())
        print(f"{file}: {file.stat().st_size:,} bytes, of PostgreSQL {made.server}; {found.seen} sealed values")
        print(f"TENANTRY_SECRETS_KEY, which it needs and doesn't hold: {fingerprints(settings)}")
        if found.closed:
            say(f"Warning: {found.closed} sealed values don't open with the present keys.")
        raise SystemExit(verify(settings, ""))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that backup has made.")],
    yes: Annotated[bool, typer.Option("--yes", help="Replace what the database holds.")] = False,
    lose_secrets: Annotated[bool, typer.Option("--lose-secrets", help="Restore though the keys don't open every sealed value.")] = False,
) -> None:
    """Put a backup into the database, migrate it, and check the record of actions. Exit 1 when its chain is broken."""
    settings = django()
    from .audit import verify
    from .migrate import migrate as bring_up
    from .restore import check
    from .restore import restore as run

    with keys.problems_as_sentences():
        run(settings, check(settings, file, yes=yes, lose_secrets=lose_secrets))
        print(bring_up(settings))
        raise SystemExit(verify(settings, ""))


@app.command()
def dsn(role: Annotated[Literal["app", "owner", "platform"], typer.Option(help="Whose connection.")]) -> None:
    """Print the postgresql:// address of one role, and nothing else."""
    from config.database import role_url

    embedded_server = settle().database_url is None
    settings = database()
    print(role_url(settings, role), flush=True)
    if embedded_server:
        from . import embedded

        if embedded.stop(settings.home):
            say("Note: the embedded server runs only while a command uses it. Keep bin/dev running beside this one.")


@app.command()
def openapi() -> None:
    """Print the OpenAPI document as JSON."""
    from .document import openapi as document

    print(document(django()))


@audit.command("verify")
def audit_verify(tenant: TenantOption = "") -> None:
    """Seal what is pending, walk the hash chain, and say whether it holds. Exit 1 when it doesn't."""
    settings = django()
    from .audit import verify

    raise SystemExit(verify(settings, tenant))


def main() -> None:
    """Entry point of bin/tenantry."""
    try:
        settle()
        app(prog_name="tenantry")
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            say(leaving.code)
            sys.exit(1)
        raise
    finally:
        leave()


if __name__ == "__main__":
    main()
