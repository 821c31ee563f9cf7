"""``tenantry secrets reseal``, and what it stands on: every sealed value, and whether the present keys open it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import psycopg
import typer
from psycopg import sql

from config.database import role_dsn
from config.environment import Environment

from .keys import problems_as_sentences
from .prepare import django, say

BATCH = 500

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Sealed values and their keys."""


@app.command("reseal")
def command() -> None:
    """Seal with the newest key what an older one sealed; then the older can go. Exit 1 when something doesn't open."""
    settings = django()
    with problems_as_sentences():
        found = reseal(settings)
    print(f"{found.seen} sealed values; {found.renewed} sealed anew, {found.closed} that no key opens.")
    if found.closed:
        say("Add the key that was used before to TENANTRY_SECRETS_KEY, behind the others, and run this again.")
        raise SystemExit(1)
    say("The older keys can go from TENANTRY_SECRETS_KEY, once every process runs with the newest one in front.")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of sealed values, as its field declares it."""

    table: str
    name: str
    context: str

    def opens(self, row: UUID, sealed: bytes, keys: list[str]) -> bytes | None:
        """The plain value, or None where none of the keys fits."""
        from tenantry.kit.crypto import Unreadable, unseal

        try:
            return unseal(sealed, keys=keys, context=f"{self.context} {row}")
        except Unreadable:
            return None


@dataclass(slots=True)
class Resealed:
    """What a run did: values seen, values sealed anew, values that no key opens."""

    seen: int = 0
    renewed: int = 0
    closed: int = 0


def columns() -> list[Column]:
    """Every column of sealed values. Needs ``prepare.django()`` first."""
    from django.apps import apps

    from tenantry.tenancy.fields import SealedField

    return [
        Column(model._meta.db_table, str(field.column), field.context)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, SealedField)
    ]


def reseal(settings: Environment) -> Resealed:
    """Seal everything with the newest key that an older one sealed. Beside running servers, and as often as one likes.

    Works as ``tenantry_owner``, for suspended workspaces too. A value that changes meanwhile was sealed with the newest key.
    """
    keys, found = settings.secrets_keys(), Resealed()
    with psycopg.connect(role_dsn(settings, "owner"), autocommit=True) as connection:
        for column in columns():
            for tenant, row, sealed in _values(connection, column):
                found.seen += 1
                if column.opens(row, sealed, keys[:1]) is not None:
                    continue
                plain = column.opens(row, sealed, keys)
                if plain is None:
                    found.closed += 1
                else:
                    found.renewed += _replace(connection, column, (tenant, row, sealed), plain, keys)
    return found


def _values(connection: psycopg.Connection, column: Column) -> Iterator[tuple[UUID, UUID, bytes]]:
    page = sql.SQL(
        "select tenant_id, id, {column} from {table} where {column} is not null and (tenant_id, id) > (%s, %s) "
        "order by tenant_id, id limit %s"
    ).format(column=sql.Identifier(column.name), table=sql.Identifier(column.table))
    tenant = row = UUID(int=0)
    while found := connection.execute(page, [tenant, row, BATCH]).fetchall():
        yield from found
        tenant, row, _ = found[-1]


def _replace(connection: psycopg.Connection, column: Column, old: tuple[UUID, UUID, bytes], plain: bytes, keys: list[str]) -> int:
    from tenantry.kit.crypto import seal

    change = sql.SQL("update {table} set {column} = %s where tenant_id = %s and id = %s and {column} = %s").format(
        column=sql.Identifier(column.name), table=sql.Identifier(column.table)
    )
    return connection.execute(change, [seal(plain, keys=keys, context=f"{column.context} {old[1]}"), *old]).rowcount
