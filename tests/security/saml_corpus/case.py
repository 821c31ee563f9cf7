"""What a case of the corpus is, and the connection that all of them are sent to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from tenantry.sso.refused import Refused
from tenantry.sso.saml import certificates, responses
from tenantry.sso.saml.parties import Idp, Sp

from .issuer import ACS, IDP, NOW, REQUEST, SLO, SP, b64, idp_pair, other_pair

NAME = "ada@contoso.example"
EVIL = "owner@contoso.example"
CRASH = "crash"  # of a weakened reader: it goes on where nothing is


@dataclass(frozen=True)
class Case:
    """An attack, or a mistake of a provider's.

    ``make`` gives the response as XML (or, with ``raw``, the form field itself). It is refused with ``code``. With the check
    ``off`` switched off (weakened.py) it comes to ``then``: accepted when empty, or refused with that other code.
    """

    name: str
    code: str
    make: Callable[[], str | bytes]
    off: str
    then: str = ""
    raw: bool = False
    idp: dict[str, Any] = field(default_factory=dict)
    sp: dict[str, Any] = field(default_factory=dict)
    request_id: str | None = REQUEST
    named: str = NAME  # whom the weakened reader lets in

    def __str__(self) -> str:
        return self.name


@lru_cache
def sp() -> Sp:
    """We: the key pair is ``other_pair``."""
    pair = other_pair()
    return Sp(SP, ACS, SLO, pair.key_pem, pair.certificate_pem, (pair.key_pem,))


@lru_cache
def idp() -> Idp:
    """The provider, with one certificate."""
    return Idp(IDP, "https://idp.example/sso", "https://idp.example/slo", (certificates.read(idp_pair().certificate_pem),))


def trusting(*pems: str) -> dict[str, Any]:
    """A change of the provider: other certificates."""
    return {"certificates": tuple(certificates.read(pem) for pem in pems)}


def read(
    message: str | bytes, *, raw: bool = False, request_id: str | None = REQUEST, us: Sp | None = None, them: Idp | None = None
) -> Any:
    """Hand a response to the reader as the page would."""
    text = message if raw and isinstance(message, str) else b64(message)
    return responses.read(text, sp=us or sp(), idp=them or idp(), request_id=request_id, moment=NOW)


def outcome(case: Case) -> str:
    """The code with which a case is refused; ``accepted <name>``; or ``crash``."""
    us = replace(sp(), **case.sp)
    them = replace(idp(), **case.idp)
    try:
        found = read(case.make(), raw=case.raw, request_id=case.request_id, us=us, them=them)
    except Refused as refusal:
        return refusal.code
    except (IndexError, KeyError, AttributeError, ValueError, TypeError):
        return CRASH
    return f"accepted {found.name_id}"
