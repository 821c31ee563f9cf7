"""Codes of an authenticator app (RFC 6238): six digits, 30 seconds, one step of tolerance either way, each code once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

import pyotp
import segno
from django.conf import settings
from django.db.models import Q

from tenantry.access import limits
from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem, conflict, invalid
from tenantry.tenancy.scope import current

from ..models import Totp, User

STEP: Final = 30  # seconds
TOLERANCE: Final = 1  # steps, either way (RFC 6238 §5.2)


@dataclass(frozen=True, slots=True)
class Offer:
    """What the person puts into their app: the secret in base32, or as an ``otpauth:`` address."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)

    @property
    def picture(self) -> str:
        """The address as a QR code: an SVG element without style of its own, dark on white in every theme."""
        drawn: str = segno.make(self.uri, error="m").svg_inline(border=3, dark="#000", light="#fff", omitsize=True, svgclass="qr")
        return drawn


def confirmed(user: User) -> Totp | None:
    """The app that counts, if there is one."""
    return Totp.objects.filter(user=user, confirmed_at__isnull=False).first()


def pending(user: User) -> Offer | None:
    """What is being set up, if anything."""
    row = Totp.objects.filter(user=user, confirmed_at__isnull=True).first()
    return _offer(user, _secret(row)) if row else None


def begin(user: User) -> Offer:
    """A new secret for the person's app; it counts for nothing until ``confirm``. What was begun before is forgotten."""
    User.objects.select_for_update(no_key=True).get(id=user.id)  # of two clicks at once the second sees the first
    Totp.objects.filter(user=user, confirmed_at__isnull=True).delete()
    secret, row = pyotp.random_base32(), Totp(user=user)
    row.sealed_secret = crypto.seal(secret.encode(), keys=settings.SECRETS_KEYS, context=f"totp {row.id}")
    row.save(force_insert=True)
    return _offer(user, secret)


def confirm(user: User, code: str) -> None:
    """The first right code makes the new app count, in place of an older one. Raises Problem 409 ``totp_not_begun``, 422, 429."""
    row = Totp.objects.select_for_update().filter(user=user, confirmed_at__isnull=True).first()
    if row is None:
        raise conflict("totp_not_begun", "No authenticator app is being set up. Begin again.")
    limits.count("second_factor", user.id)
    step = _step_of(row, code)
    if step is None:
        raise wrong()
    Totp.objects.filter(user=user, confirmed_at__isnull=False).delete()
    row.last_step, row.confirmed_at, row.last_used_at = step, now(), now()
    row.save(update_fields=["last_step", "confirmed_at", "last_used_at"])


def take(user: User, code: str) -> bool:
    """Whether this is a code of the person's app that wasn't taken yet; it is taken then, by one of several who come at once."""
    row = confirmed(user)
    step = _step_of(row, code) if row else None
    if row is None or step is None:
        return False
    unused = Totp.objects.filter(Q(last_step__lt=step), id=row.id)
    return bool(unused.update(last_step=step, last_used_at=now()))


def wrong() -> Problem:
    """The refusal of a code, whatever is wrong with it."""
    return invalid("That code is wrong, was used already, or its time is over. Type the one that the app shows now.",
                   pointer="/code", code="code_wrong")  # fmt: skip


def _step_of(row: Totp, code: str) -> int | None:
    """The step whose code this is, within the tolerance and after the last that was taken.

    By the world's clock: the phone knows nothing of a sandbox's.
    """
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    generator, present = pyotp.TOTP(_secret(row)), int(time.time()) // STEP
    found = None
    for step in range(present - TOLERANCE, present + TOLERANCE + 1):  # all of them: the time taken tells nothing
        if crypto.same(generator.at(step * STEP), digits) and step > row.last_step and found is None:
            found = step
    return found


def _secret(row: Totp) -> str:
    return crypto.unseal(bytes(row.sealed_secret), keys=settings.SECRETS_KEYS, context=f"totp {row.id}").decode()


def _offer(user: User, secret: str) -> Offer:
    issuer = (current().name or "Tenantry").replace(":", " ")  # a colon would end the name (Key URI format)
    return Offer(secret, pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=issuer))
