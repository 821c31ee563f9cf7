"""The text of a key, ``tk_live_<43 characters><6 of checksum>``, and whom it speaks for. A directory's token is ``tk_scim_…``."""

from __future__ import annotations

from collections.abc import Callable
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
SCIM: Final = "tk_scim_"  # the token of a directory
# What secret scanners look for; well_formed also proves the checksum.
PATTERN: Final = "tk_(live|test|scim)_[A-Za-z0-9_-]{43}[a-z2-7]{6}"
# What a directory may: see and change the members of its organization. The guard heeds the organization's state with it.
DIRECTORY_SCOPES: Final = with_included(("members:read", "members:write"))
_LENGTH: Final = 57
SHOWN: Final = 14  # how much of a key is kept to tell it by
NOTED_EVERY: Final = timedelta(minutes=1)
# A key with scopes is for programs. Whoever signs in with one, or asks who it is, is told so.
_SIGN_IN: Final = "/api/v1/auth/"
_API: Final = "/api/"
_BEGINNINGS: Final = {"api": (LIVE, TEST), "scim": (SCIM,)}
_NOT_HERE: Final = {
    "api": "This is a directory's token (SCIM). It works at /scim/v2 alone; the API takes an API key.",
    "scim": "This is an API key. A directory has a token of its own, tk_scim_…, made under “Directory sync”.",
}


def new_key(*, sandbox: bool, kind: str = "api") -> str:
    """The text of a new key: 256 random bits between the prefix and the checksum."""
    start = (SCIM if kind == "scim" else TEST if sandbox else LIVE) + crypto.new_token()
    return start + crypto.checksum(start)


def well_formed(plain: str, kind: str = "api") -> bool:
    """Whether a text is a key of this kind at all: told by its checksum, without the database."""
    return plain.startswith(_BEGINNINGS[kind]) and len(plain) == _LENGTH and crypto.same(crypto.checksum(plain[:-6]), plain[-6:])


def principal_of_key(plain: str, *, kind: str = "api") -> Principal:
    """The principal of a bearer key; the whole tenant must be in scope. A key of another ``kind`` is none here.

    Raises Problem 401 ``key_invalid`` / ``key_revoked`` / ``key_expired``, 403 ``address_not_allowed``. The last use, and a
    refusal of a key that was ours, are noted at most once a minute.
    """
    key = ApiKey.objects.filter(kind=kind, key_hash=crypto.digest(plain)).first() if well_formed(plain, kind) else None
    if key is None:
        elsewhere = any(well_formed(plain, other) for other in _BEGINNINGS if other != kind)
        raise Problem(401, "key_invalid", _NOT_HERE[kind] if elsewhere else "This is not a key of this workspace.")
    refused = _refusal(key)
    if refused is not None:
        _note_refusal(key, refused)
        raise refused
    moment = now()
    if key.last_used_at is None or moment - key.last_used_at > NOTED_EVERY:
        with aside():  # a refusal later in this request must not undo it, and it must not be held locked till the end
            unnoted = Q(last_used_at__isnull=True) | Q(last_used_at__lt=moment - NOTED_EVERY)
            ApiKey.objects.filter(unnoted, id=key.id).update(last_used_at=moment)
    if key.kind == ApiKey.Kind.SCIM:
        return Principal(via="scim", key_id=key.id, key_name=key.name, key_organization_id=key.organization_id, scopes=DIRECTORY_SCOPES)
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
        if not ApiKey.objects.filter(unnoted, id=key.id).update(refused_at=moment):
            return
        if key.kind == ApiKey.Kind.SCIM:
            actor = Actor("scim_token", key.id, key.name, "scim")
            record("scim_token.refused", actor=actor, organization_id=key.organization_id, target=key, label=key.name, reason=refused.code)
        else:
            actor = Actor("key", key.id, key.name, "api")
            record("key.refused", actor=actor, organization_id=key.organization_id, target=key, label=key.name, reason=refused.code)
    if key.kind == ApiKey.Kind.SCIM:
        _tell_directory(organization_id=key.organization_id, problem=refused, token_name=key.name)


_tell_directory: Callable[..., None] = lambda **ignored: None  # noqa: E731  # replaced at start-up


def use_refusals(tell: Callable[..., None]) -> None:
    """What keeps the refusal of a directory's token, once a minute: ``tell(organization_id=, problem=, token_name=)``."""
    global _tell_directory
    _tell_directory = tell


def refuse_at_portal(principal: Principal, path: str) -> None:
    """A key with scopes is for the API, not for pages and not for signing in. Raises Problem 403 ``scoped_key_not_for_portal``."""
    if principal.scopes is not None and (not path.startswith(_API) or path.startswith(_SIGN_IN)):
        raise Problem(403, "scoped_key_not_for_portal", "A key with scopes is for programs at the API. Pages are for people who sign in.")
