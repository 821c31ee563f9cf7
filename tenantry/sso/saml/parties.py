"""The two sides of a connection, as the library needs them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .certificates import Certificate
from .names import REDIRECT


@dataclass(frozen=True, slots=True)
class Sp:
    """We. Keys and certificates are PEM texts; the certificate is for signing and for encryption to us.

    ``decryption_keys`` are tried in their order; ``further_certificates`` are announced beside the present one (roll-over).
    """

    entity_id: str
    acs_url: str
    slo_url: str = ""
    signing_key: str = field(default="", repr=False)
    signing_certificate: str = ""
    decryption_keys: tuple[str, ...] = field(default=(), repr=False)
    further_certificates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Idp:
    """The identity provider and how strict we are with it. Several certificates: any of them may have signed (roll-over)."""

    entity_id: str
    sso_url: str
    slo_url: str = ""
    certificates: tuple[Certificate, ...] = ()
    require_signed_response: bool = False
    sign_requests: bool = True
    allow_idp_initiated: bool = False
    sso_binding: str = REDIRECT
    slo_binding: str = REDIRECT
