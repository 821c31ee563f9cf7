"""Recovery codes: ten ways in for whoever lost their second factor, each once, shown once."""

from __future__ import annotations

import secrets
from typing import Final

from tenantry.kit import crypto
from tenantry.kit.clock import now

from ..models import RecoveryCode, User

COUNT: Final = 10
_ALPHABET: Final = "abcdefghjkmnpqrstvwxyz23456789"  # without what is mistaken for something else
_GROUPS, _LETTERS = 4, 4


def renew(user: User) -> list[str]:
    """Ten new codes in place of all older ones; they are stored as digests and can't be shown again."""
    User.objects.select_for_update(no_key=True).get(id=user.id)  # of two at once the second replaces the first one's
    RecoveryCode.objects.filter(user=user).delete()
    codes = [_new() for _ in range(COUNT)]
    RecoveryCode.objects.bulk_create([RecoveryCode(user=user, code_hash=_digest(code)) for code in codes])
    return codes


def forget(user: User) -> None:
    """No code works any more: there is nothing to recover."""
    RecoveryCode.objects.filter(user=user).delete()


def left(user: User) -> int:
    """How many weren't used yet."""
    return RecoveryCode.objects.filter(user=user, used_at__isnull=True).count()


def take(user: User, code: str) -> bool:
    """Whether this is a code that wasn't used; of two at once one is told so."""
    row = RecoveryCode.objects.filter(user=user, code_hash=_digest(code), used_at__isnull=True)
    return bool(row.update(used_at=now()))


def _new() -> str:
    """``abcd-efgh-jkmn-pqrs``: 78 random bits, too many to be found from the digest."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS)) for _ in range(_GROUPS))


def _digest(code: str) -> bytes:
    """However it is typed: capitals, spaces and dashes mean nothing."""
    return crypto.digest("".join(letter for letter in code.lower() if letter.isalnum()))
