"""Identifiers: UUIDv7 in the database, TypeID (``org_01h…``) outside.

UUIDv7 is RFC 9562 §5.7; TypeID is the specification v0.3 of jetify (a prefix, ``_`` and the 128 bits
in lower-case Crockford base 32, 26 characters).
"""

from __future__ import annotations

import os
import threading
import time
from typing import Final
from uuid import UUID

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE: Final = {character: index for index, character in enumerate(_ALPHABET)}
_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """A UUIDv7: 48 bits of milliseconds, then 12 bits of sub-millisecond time, then 62 random bits.

    The first 60 time bits only ever grow within a process, so ids sort in the order of their making.
    """
    global _last
    nanoseconds = time.time_ns()
    stamp = ((nanoseconds // 1_000_000) << 12) | ((nanoseconds % 1_000_000) * 4096 // 1_000_000)
    with _lock:
        _last = stamp = max(stamp, _last + 1)
    milliseconds, fraction = stamp >> 12, stamp & 0xFFF
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (fraction << 64) | (0b10 << 62) | random)


def encode(prefix: str, value: UUID) -> str:
    """``org`` and a UUID make ``org_01h455vb4pex5vsknk084sn02q``."""
    number, letters = value.int, []
    for _ in range(26):
        letters.append(_ALPHABET[number & 31])
        number >>= 5
    return f"{prefix}_{''.join(reversed(letters))}"


def decode(prefix: str, text: str) -> UUID:
    """The UUID of a TypeID with this prefix. Raises ValueError for anything else."""
    head, _, tail = text.rpartition("_")
    if head != prefix or len(tail) != 26 or tail[0] > "7":
        raise ValueError(f"not a {prefix}_ identifier: {text!r}")
    number = 0
    for letter in tail:
        if letter not in _VALUE:
            raise ValueError(f"not a {prefix}_ identifier: {text!r}")
        number = number << 5 | _VALUE[letter]
    return UUID(int=number)
