"""The text of an API key, ``tk_live_<43 characters><6 of checksum>``, and whom it speaks for."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Q

from tenantry.audit.services import Actor, record
from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.context import request_info
from tenantry.kit.problems import Problem
from tenantry.tenancy.scope import aside

from .models import ApiKey
from .networks import within
from .permissions import with_included
from .principal import Principal

LIVE: Final = "tk_live_"
TEST: Final = "tk_test_"  # of a sandbox tenant
# What secret scanners look for; well_formed also proves the checksum.
PATTERN: Final = "tk_(live|test)_[A-Za-z0-9_-]{43}[a-z2-7]{6}"
_LENGTH: Final = 57
SHOWN: Final = 14  # how much of a key is kept to tell it by
NOTED_EVERY: Final = timedelta(minutes=1)
# A key with scopes is for programs. Whoever signs in with one, or asks who it is, is told so.
_SIGN_IN: Final = "/api/v1/auth/"
_API: Final = "/api/"


def new_key(*, sandbox: bool) -> str:
    """The text of a new key: 256 random bits between the prefix and the checksum."""
    start = (TEST if sandbox else LIVE) + crypto.new_token()
    return start + crypto.checksum(start)


def well_formed(plain: str) -> bool:
    """Whether a text is a key of ours at all: told by its checksum, without the database."""
    return plain.startswith((LIVE, TEST)) and len(plain) == _LENGTH and crypto.same(crypto.checksum(plain[:-6]), plain[-6:])


def principal_of_key(plain: str) -> Principal:
    """The principal of a bearer key; the whole tenant must be in scope.

    Raises Problem 401 ``key_invalid`` / ``key_revoked`` / ``key_expired``, 403 ``address_not_allowed``. The last use, and a
    refusal of a key that was ours, are noted at most once a minute.
    """
    key = ApiKey.objects.filter(key_hash=crypto.digest(plain)).first() if well_formed(plain) else None
    if key is None:
        raise Problem(401, "key_invalid", "This is not a key of this workspace.")
    refused = _refusal(key)
    if refused is not None:
        _note_refusal(key, refused)
        raise refused
    moment = now()
    if key.last_used_at is None or moment - key.last_used_at > NOTED_EVERY:
        with aside():  # a refusal later in this request must not undo it, and it must not be held locked till the end
            unnoted = Q(last_used_at__isnull=True) | Q(last_used_at__lt=moment - NOTED_EVERY)
            ApiKey.objects.filter(unnoted, id=key.id).update(last_used_at=moment)
    return Principal(
        via="key", staff_role=key.staff_role, key_id=key.id, key_name=key.name, key_organization_id=key.organization_id,
        scopes=with_included(key.scopes) if key.scopes is not None else None, key_owner_id=key.owner_id,
    )  # fmt: skip


def _refusal(key: ApiKey) -> Problem | None:
    if key.revoked_at:
        return Problem(401, "key_revoked", "This key was revoked. Ask for a new one.")
    if key.expires_at and key.expires_at <= now():
        return Problem(401, "key_expired", "This key has expired. Ask for a new one.")
    caller = request_info.get().ip
    if key.allowed_ips is not None and not within(caller, key.allowed_ips):
        return Problem(
            403, "address_not_allowed", f"This key may not be used from {caller or 'here'}. Its list of networks says from where."
        )
    return None


def _note_refusal(key: ApiKey, refused: Problem) -> None:
    """Record that somebody still holds a dead key, or holds one where it doesn't belong: at most once a minute for each."""
    moment = now()
    unnoted = Q(refused_at__isnull=True) | Q(refused_at__lt=moment - NOTED_EVERY)
    with aside():  # the refusal rolls the request's own transaction back
        if ApiKey.objects.filter(unnoted, id=key.id).update(refused_at=moment):
            actor = Actor("key", key.id, key.name, "api")
            record("key.refused", actor=actor, organization_id=key.organization_id, target=key, label=key.name, reason=refused.code)


def refuse_at_portal(principal: Principal, path: str) -> None:
    """A key with scopes is for the API, not for pages and not for signing in. Raises Problem 403 ``scoped_key_not_for_portal``."""
    if principal.scopes is not None and (not path.startswith(_API) or path.startswith(_SIGN_IN)):
        raise Problem(403, "scoped_key_not_for_portal", "A key with scopes is for programs at the API. Pages are for people who sign in.")
