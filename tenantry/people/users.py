"""Users: made by an address, suspended and reinstated as a whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import IntegrityError, connections, transaction
from django.db.models import F

from tenantry.access.keys import revoke_keys_of
from tenantry.audit.services import Actor, difference, record, record_all
from tenantry.kit.clock import now
from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem, conflict, invalid, not_found
from tenantry.mail import services as mail

from .factors import devices
from .models import SignInLink, Staff, User
from .sessions import end_sessions

_RENAME = "update people_user u set name = n.name from jsonb_to_recordset(%s::jsonb) n (id uuid, name text) where u.id = n.id"


def ensure_user(*, email: str, name: str = "", actor: Actor) -> tuple[User, bool]:
    """The user of an address, made when there is none; the second value says whether it was. Raises Problem 422."""
    address = normalize(email)
    found = User.objects.filter(email=address).first()
    if found:
        return found, False
    user = User(email=address, name=name.strip()[:120])
    try:
        with transaction.atomic(using=User.objects.db):
            user.save(force_insert=True)
    except IntegrityError:  # the same address was made by another request a moment ago
        return User.objects.get(email=address), False
    record("user.created", actor=actor, target=user, label=address)
    return user, True


def rename(*, user: User, name: str, actor: Actor) -> None:
    """Change a person's name. Raises Problem 422 when it is empty or longer than 120."""
    cleaned = name.strip()
    if not cleaned or len(cleaned) > 120:
        raise invalid("A name has 1 to 120 characters.", pointer="/name", code="name_invalid")
    rename_all({user.id: cleaned}, actor=actor)
    user.name = cleaned


def name_if_nameless(*, user: User, name: str, actor: Actor) -> None:
    """What somebody else calls a person counts until they have a name; whoever has one keeps it."""
    if not user.name and (cleaned := name.strip()[:120]):
        rename_all({user.id: cleaned}, actor=actor)
        user.name = cleaned


def rename_all(names: Mapping[UUID, str], *, actor: Actor) -> None:
    """``rename`` of many by their id, with one statement: names of 1 to 120 characters, trimmed. Who has it already is passed over."""
    people = [user for user in User.objects.filter(id__in=list(names)).order_by("id") if user.name != names[user.id]]
    if not people:
        return
    changes = [(user, user.email, difference({"name": user.name}, {"name": names[user.id]})) for user in people]
    with connections[User.objects.db].cursor() as cursor:
        cursor.execute(_RENAME, [json.dumps([{"id": str(user.id), "name": names[user.id]} for user in people])])
    record_all("user.renamed", actor=actor, organization_id=None, entries=changes)


def change_address(*, user: User, address: str, actor: Actor) -> None:
    """Give an account another address, not proven yet; links to the old one end. Raises Problem 409 ``address_taken``, 422."""
    cleaned = normalize(address)
    before = user.email
    if cleaned == before:
        return
    user.email, user.email_verified_at = cleaned, None
    try:
        with transaction.atomic(using=User.objects.db):
            user.save(update_fields=["email", "email_verified_at"])
    except IntegrityError as error:
        raise conflict("address_taken", "This address belongs to another account of this workspace.") from error
    SignInLink.objects.filter(user=user, used_at__isnull=True).update(used_at=now())
    changes = difference({"email": before}, {"email": cleaned})
    record("user.address_changed", actor=actor, target=user, label=cleaned, changes=changes)


def touch_generation(user_id: UUID) -> None:
    """What this person may do has changed: their sessions learn it on the next request."""
    User.objects.filter(id=user_id).update(generation=F("generation") + 1)


def touch_generations(user_ids: Collection[UUID]) -> None:
    """``touch_generation`` of many."""
    User.objects.filter(id__in=user_ids).update(generation=F("generation") + 1)


def load(user_id: UUID, *, lock: bool = False) -> User:
    """A user by id. Raises Problem 404."""
    rows = User.objects.select_for_update() if lock else User.objects
    found = rows.filter(id=user_id).first()
    if found is None:
        raise not_found("user")
    return found


def suspend_user(*, user_id: UUID, reason: str, notify: bool = True, actor: Actor) -> User:
    """Shut a person out of the workspace: sessions and keys end in this transaction.

    Raises Problem 409 ``state_conflict`` when not active, ``own_account`` for oneself, ``staff_first`` for active staff.
    """
    if actor.id == user_id:
        raise conflict("own_account", "Nobody suspends themself. Ask another admin.")
    user = load(user_id, lock=True)
    if user.status != User.Status.ACTIVE:
        raise conflict("state_conflict", f"This user is {user.status}.", state=user.status)
    if Staff.objects.filter(user_id=user_id, status=Staff.Status.ACTIVE).exists():
        raise conflict("staff_first", "This person is staff. Revoke them as staff first.")
    if not reason.strip():
        raise invalid("A reason is needed; it is kept and shown.", pointer="/reason", code="reason_missing")
    user.status, user.status_reason = User.Status.SUSPENDED, reason.strip()
    user.generation += 1
    user.save(update_fields=["status", "status_reason", "generation"])
    shut_out(user=user, actor=actor, reason=reason)
    record("user.suspended", actor=actor, target=user, label=user.email, changes=_status("active", "suspended"), reason=reason)
    if notify:
        mail.queue(to=user.email, subject="Your access was suspended", template="suspended", context={"reason": reason.strip()})
    return user


def reinstate_user(*, user_id: UUID, actor: Actor) -> User:
    """Let a suspended person in again; clears the reason. Raises Problem 409 ``state_conflict``."""
    user = load(user_id, lock=True)
    if user.status != User.Status.SUSPENDED:
        raise conflict("state_conflict", f"This user is {user.status}.", state=user.status)
    user.status, user.status_reason = User.Status.ACTIVE, ""
    user.generation += 1
    user.save(update_fields=["status", "status_reason", "generation"])
    record("user.reinstated", actor=actor, target=user, label=user.email, changes=_status("suspended", "active"))
    return user


def _status(before: str, after: str) -> dict[str, dict[str, str]]:
    return {"status": {"before": before, "after": after}}


def shut_out(*, user: User, actor: Actor, reason: str) -> None:
    """End every session, remember no browser, and revoke every key of a person."""
    end_sessions(user=user, actor=actor, reason=reason)
    devices.forget_all(user)
    revoke_keys_of(owner=user.id, actor=actor, reason=reason)


def suspended(user: User) -> Problem:
    """The refusal that a suspended person meets."""
    return Problem(403, "user_suspended", "Your access to this workspace is suspended. Ask its support.")
