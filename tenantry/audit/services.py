"""``record``: the single call by which a mutation is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from tenantry.kit.context import request_info

from .actors import CLI, SYSTEM, Actor
from .catalogue import event_type, heard_as
from .models import Event

__all__ = ["CLI", "SYSTEM", "Actor", "difference", "record", "record_all", "tell_all", "use_publisher"]

Told = Sequence[tuple[Event, Any]]
_publisher: Callable[[Told], None] | None = None

# Fields whose values never reach the record, whatever a caller passes: only that they changed.
_SECRET = ("password", "token", "secret", "key_hash", "sealed")


def use_publisher(publisher: Callable[[Told], None]) -> None:
    """The webhooks room hands in how recorded events with their targets reach subscribers; this room can't know."""
    global _publisher
    _publisher = publisher


def _tell(told: Told) -> None:
    heard = [(row, target) for row, target in told if heard_as(row.action)]
    if heard and _publisher is not None:
        _publisher(heard)


def tell_all(told: Told) -> None:
    """Set off outside what rows set off that a function of the database has recorded: ``(event, target)`` each."""
    _tell(told)


def record(
    event: str,
    *,
    actor: Actor,
    organization_id: UUID | None = None,
    target: Any = None,
    label: str = "",
    changes: Mapping[str, Mapping[str, Any]] | None = None,
    reason: str = "",
) -> Event:
    """Write the audit row of one action, and whatever it sets off outside, in the present transaction.

    ``target`` is the row acted upon (a model with ``public_id``); ``label`` how a person calls it; ``changes`` is
    ``{field: {"before": …, "after": …}}``. Raises KeyError for an event that the catalogue doesn't know.
    """
    row = _row(event, actor, organization_id, target, label, changes or {}, reason)
    row.save(force_insert=True)
    _tell([(row, target)])
    return row


def record_all(
    event: str, *, actor: Actor, organization_id: UUID | None, entries: Sequence[tuple[Any, str, Mapping[str, Mapping[str, Any]]]],
    reason: str = "",
) -> None:  # fmt: skip
    """``record`` for many targets of one act: ``entries`` are ``(target, label, changes)``."""
    rows = [_row(event, actor, organization_id, target, label, changes, reason) for target, label, changes in entries]
    Event.objects.bulk_create(rows, batch_size=500)
    _tell([(row, target) for row, (target, _, _) in zip(rows, entries, strict=True)])


def _row(
    event: str, actor: Actor, organization_id: UUID | None, target: Any, label: str, changes: Mapping[str, Mapping[str, Any]], reason: str
) -> Event:
    kind, info = event_type(event), request_info.get()
    return Event(
        organization_id=organization_id,
        category=kind.category,
        action=kind.name,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:254],
        impersonator_id=actor.impersonator_id,
        target_kind=type(target).__name__.lower() if target is not None else "",
        target_id=target.public_id if target is not None else "",
        target_label=label[:254],
        changes={name: _without_secret(name, change) for name, change in changes.items()},
        reason=reason,
        source=actor.source,
        request_id=info.request_id,
        ip=info.ip,
        user_agent=info.user_agent,
    )


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields that differ, in the shape of ``changes``; values made plain for JSON."""
    return {name: {"before": _plain(before.get(name)), "after": _plain(after[name])} for name in after if before.get(name) != after[name]}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    if isinstance(value, bytes | memoryview):
        return f"{len(value)} bytes"
    return str(value)


def _without_secret(name: str, change: Mapping[str, Any]) -> dict[str, Any]:
    if any(word in name for word in _SECRET):
        return {side: "set" if value else "not set" for side, value in change.items()}
    return dict(change)
