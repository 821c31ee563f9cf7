"""How a domain is written: in ASCII, lower case (IDNA 2008, RFC 5891), as it stands in the DNS."""

from __future__ import annotations

import re
from typing import Final

import idna

_LONGEST: Final = 253  # RFC 1035 §2.3.4
_FORM: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+")


def ascii_of(text: str) -> str | None:
    """A domain of at least two labels in ASCII form; None when it is none. ``Bücher.Example.`` is ``xn--bcher-kva.example``."""
    plain = text.strip().rstrip(".")
    try:
        name = idna.encode(plain, uts46=True, std3_rules=True).decode().lower() if not plain.isascii() else plain.lower()
        if "xn--" in name:
            idna.decode(name)
    except (idna.IDNAError, UnicodeError):
        return None
    return name if len(name) <= _LONGEST and _FORM.fullmatch(name) and not name.rpartition(".")[2].isdigit() else None


def shown(name: str) -> str:
    """As a person reads it: ``bücher.example``."""
    try:
        return idna.decode(name) if "xn--" in name else name
    except idna.IDNAError:
        return name
