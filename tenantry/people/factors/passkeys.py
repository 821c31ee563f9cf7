"""Passkeys (WebAuthn level 3, w3.org/TR/webauthn-3): registering them, and taking their word.

A challenge works once, for five minutes, for one purpose, and in the browser that asked for it. Who signs in with a passkey alone
has to be verified by it (fingerprint, face or PIN); beside a password it is enough to have it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tenantry.audit.services import Actor, record
from tenantry.kit import cookies, crypto
from tenantry.kit.clock import now
from tenantry.kit.cookies import cookie_name
from tenantry.kit.problems import Problem, conflict, invalid, not_found
from tenantry.tenancy.scope import aside, current

from ..models import Ceremony, Passkey, User
from . import services

COOKIE: Final = cookie_name("tenantry_ceremony", path="/t/" if settings.ENVIRONMENT.multi else "")
LIFETIME: Final = timedelta(minutes=5)
REGISTER, SIGN_IN, SECOND_FACTOR, PROOF = "register", "sign_in", "second_factor", "proof"
VERIFIED: Final = frozenset({SIGN_IN, PROOF})  # what a passkey that only lies there doesn't do
MOST: Final = 20  # of one person
_LARGEST: Final = 20_000  # characters of an answer; the largest attestations are a quarter of that


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ceremony takes place: the site that passkeys are for, and the browser (the text of its cookie)."""

    site: str  # relying party id: a host name
    origin: str
    browser: str


def place_of(request: HttpRequest) -> Place:
    """From the settings alone, so that a forged Host header makes no passkey; without a public address (development) from the request."""
    origin = settings.ENVIRONMENT.base_url if settings.ENVIRONMENT.public_url else f"{request.scheme}://{request.get_host()}"
    host = origin.partition("://")[2].partition("/")[0].partition(":")[0]
    return Place(host, origin.partition("://")[0] + "://" + origin.partition("://")[2].partition("/")[0], request.COOKIES.get(COOKIE, ""))


def begin(request: HttpRequest, response: HttpResponse, *, purpose: str, user: User | None = None) -> dict[str, Any]:
    """The options for the browser's ``navigator.credentials``; binds the challenge to this browser by a cookie."""
    place, challenge = place_of(request), secrets.token_bytes(32)
    browser = place.browser if len(place.browser) == 43 else crypto.new_token()
    Ceremony(
        user=user, purpose=purpose, challenge_hash=_hash(challenge), browser_hash=crypto.digest(browser), expires_at=now() + LIFETIME
    ).save(force_insert=True)
    path: str = request.cookie_path  # type: ignore[attr-defined]  # set by TenantScope
    cookies.put_cookie(response, COOKIE, browser, path=path, max_age=int(LIFETIME.total_seconds()))
    if purpose == REGISTER:
        assert user is not None
        return _creation(user, place, challenge)
    known = list(Passkey.objects.filter(user=user)) if user else []  # without a person: whichever the browser offers
    wanted = UserVerificationRequirement.REQUIRED if purpose in VERIFIED else UserVerificationRequirement.PREFERRED
    options = generate_authentication_options(
        rp_id=place.site, challenge=challenge, allow_credentials=[_described(row) for row in known], user_verification=wanted
    )
    return options_to_json_dict(options)


def _creation(user: User, place: Place, challenge: bytes) -> dict[str, Any]:
    options = generate_registration_options(
        rp_id=place.site, rp_name=current().name or "Tenantry", user_id=user.id.bytes, user_name=user.email,
        user_display_name=user.display_name, challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[_described(row) for row in Passkey.objects.filter(user=user)],
    )  # fmt: skip
    return options_to_json_dict(options)


def _described(row: Passkey) -> PublicKeyCredentialDescriptor:
    known = {transport.value for transport in AuthenticatorTransport}
    transports = [AuthenticatorTransport(name) for name in row.transports if name in known]
    return PublicKeyCredentialDescriptor(id=bytes(row.credential_id), transports=transports or None)


def register(*, user: User, place: Place, name: str, credential: Any, actor: Actor) -> tuple[Passkey, list[str]]:
    """Keep a new passkey; returns it, and recovery codes if there were none left.

    Raises Problem 409 ``passkey_known``, ``too_many_passkeys``, 422 ``passkey_refused``, ``name_invalid``.
    """
    label = _named(name)
    User.objects.select_for_update().get(id=user.id)
    if Passkey.objects.filter(user=user).count() >= MOST:
        raise conflict("too_many_passkeys", f"A person has at most {MOST} passkeys. Remove one first.")
    challenge = _claim(credential, place, REGISTER, user)
    try:
        found = verify_registration_response(
            credential=credential, expected_challenge=challenge, expected_rp_id=place.site, expected_origin=place.origin
        )
    except Exception as error:  # whatever the bytes of a stranger set off in the library
        raise refused() from error
    given = credential["response"].get("transports")
    transports = [str(item)[:20] for item in given[:6]] if isinstance(given, list) else []
    row = Passkey(
        user=user, name=label, credential_id=found.credential_id, public_key=found.credential_public_key, sign_count=found.sign_count,
        transports=transports, synced=found.credential_backed_up, last_used_at=None,
    )  # fmt: skip
    try:
        with transaction.atomic(using=Passkey.objects.db):
            row.save(force_insert=True)
    except IntegrityError as error:
        raise conflict("passkey_known", "This passkey is registered already.") from error
    return row, services.added(user=user, what=f"the passkey “{label}”", actor=actor)


def assertion(*, place: Place, purpose: str, credential: Any, user: User | None = None) -> Passkey:
    """The passkey that answered, with its person. Its counter is kept, so that a copy of it is noticed.

    Raises Problem 422 ``passkey_refused``, whatever is wrong with it.
    """
    challenge = _claim(credential, place, purpose, user)
    row = _row(credential, user)
    try:
        found = verify_authentication_response(
            credential=credential, expected_challenge=challenge, expected_rp_id=place.site, expected_origin=place.origin,
            credential_public_key=bytes(row.public_key), credential_current_sign_count=row.sign_count,
            require_user_verification=purpose in VERIFIED,
        )  # fmt: skip
    except Exception as error:  # as above
        raise refused() from error
    same = Passkey.objects.filter(id=row.id, sign_count=row.sign_count)
    if not same.update(sign_count=found.new_sign_count, synced=found.credential_backed_up, last_used_at=now()):
        raise refused()  # another answer with the same counter was faster
    return row


def _row(credential: Any, user: User | None) -> Passkey:
    """The passkey by its id; one that names another person than its own is refused (§7.2 step 6)."""
    rows = Passkey.objects.select_related("user")
    row = (rows.filter(user=user) if user else rows).filter(credential_id=_bytes(credential.get("id"))).first()
    if row is None:
        raise refused()
    handle = credential["response"].get("userHandle")
    if handle and _bytes(handle) != row.user_id.bytes:
        raise refused()
    return row


def _claim(credential: Any, place: Place, purpose: str, user: User | None) -> bytes:
    """The challenge that this answers, used up by it whether or not it is right: in a transaction of its own."""
    client = _client_data(credential)
    challenge = _bytes(client.get("challenge"))
    if client.get("crossOrigin"):
        raise refused()
    with aside():
        rows = Ceremony.objects.filter(
            challenge_hash=_hash(challenge), browser_hash=crypto.digest(place.browser), purpose=purpose, user=user,
            used_at__isnull=True, expires_at__gt=now(),
        )  # fmt: skip
        claimed = rows.update(used_at=now())
    if not claimed:
        raise refused()
    return challenge


def _client_data(credential: Any) -> dict[str, Any]:
    try:
        if len(json.dumps(credential)) > _LARGEST:
            raise refused()
        found = json.loads(_bytes(credential["response"]["clientDataJSON"]))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise refused() from error
    if not isinstance(found, dict):
        raise refused()
    return found


def _bytes(text: Any) -> bytes:
    if not isinstance(text, str) or len(text) > _LARGEST:
        raise refused()
    try:
        return base64url_to_bytes(text)
    except ValueError as error:
        raise refused() from error


def _hash(challenge: bytes) -> bytes:
    return crypto.digest(bytes_to_base64url(challenge))


def _named(name: str) -> str:
    label = name.strip()
    if not label or len(label) > 60:
        raise invalid("A name has 1 to 60 characters.", pointer="/name", code="name_invalid")
    return label


def of(user: User) -> list[Passkey]:
    """A person's passkeys, the oldest first."""
    return list(Passkey.objects.filter(user=user).order_by("id"))


def load(user: User, passkey_id: UUID) -> Passkey:
    """One of a person's passkeys. Raises Problem 404."""
    row = Passkey.objects.filter(user=user, id=passkey_id).first()
    if row is None:
        raise not_found("passkey")
    return row


def rename(*, user: User, passkey_id: UUID, name: str, actor: Actor) -> Passkey:
    """Call it otherwise. Raises Problem 404, 422 ``name_invalid``."""
    row, label = load(user, passkey_id), _named(name)
    if label != row.name:
        changes = {"name": {"before": row.name, "after": label}}
        row.name = label
        row.save(update_fields=["name"])
        record("passkey.renamed", actor=actor, target=row, label=f"{user.email}: {label}", changes=changes)
    return row


def refused() -> Problem:
    """The refusal of a passkey's answer, whatever is wrong with it."""
    return invalid("The passkey was not accepted. Try again, or use another way.", pointer="/credential", code="passkey_refused")
