"""What providers publish about themselves, read into fields: metadata documents and OpenID discovery.

The calls wait for the network, so they stand within ``tenancy.scope.outside()`` or in a job between scopes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from tenantry.kit import destinations, outgoing
from tenantry.kit.problems import Problem, invalid

from .oidc import discovery
from .refused import Refused
from .saml import certificates as x509
from .saml import metadata as documents
from .saml.certificates import Certificate

MOST_CERTIFICATES = 10
_OF_METADATA = {
    "saml_malformed": "This is no SAML metadata: it isn't well-formed XML. Copy the whole document, as it is.",
    "saml_encoding": "The metadata isn't text in UTF-8. Save the file in that encoding.",
}
LONGEST_METADATA = 1_000_000  # bytes: a federation's list of hundreds of providers isn't meant


@dataclass(frozen=True, slots=True)
class Found:
    """What a provider says of itself, by the names of a connection's fields; ``certificates`` are to take the place of the old."""

    fields: dict[str, Any] = field(default_factory=dict)
    certificates: Sequence[Certificate] | None = None
    client_secret: str = field(default="", repr=False)


def fetch(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> outgoing.Answer:
    """One guarded call; at most a megabyte of the answer. Raises ``outgoing.Unreachable`` and ``destinations.Refused``."""
    return _call(method, url, headers, body, allow_loopback=settings.ENVIRONMENT.loopback_webhooks)


def fetch_own(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> outgoing.Answer:
    """The same for the test provider, which is this very installation, perhaps on this machine: its own addresses are called too."""
    own = url.startswith(f"{settings.ENVIRONMENT.base_url}/")
    return _call(method, url, headers, body, allow_loopback=own or settings.ENVIRONMENT.loopback_webhooks)


def _call(method: str, url: str, headers: Mapping[str, str], body: bytes, *, allow_loopback: bool) -> outgoing.Answer:
    return outgoing.call_now(method, url, headers=headers, body=body, allow_loopback=allow_loopback, keep=LONGEST_METADATA + 1)


def _said(refused: Refused) -> str:
    """What whoever sets a connection up is told: the sentence, and the code by which the guides explain it."""
    detail = _OF_METADATA.get(refused.code) or refused.detail.replace("The message", "The metadata", 1)
    return f"{detail} ({refused.code})"


def metadata_at(url: str) -> bytes:
    """A metadata document from its address. Raises Problem 422 ``sso_metadata_unreachable``."""
    try:
        answer = fetch("GET", url, {"Accept": "application/samlmetadata+xml, application/xml, text/xml"})
    except (outgoing.Unreachable, destinations.Refused) as error:
        raise invalid(error.reason, pointer="/metadata_url", code="sso_metadata_unreachable") from error
    if answer.status != 200:
        detail = f"The metadata's address answers with status {answer.status}. Open it in a browser: it should show an XML document."
        raise invalid(detail, pointer="/metadata_url", code="sso_metadata_unreachable")
    return answer.body


def read_metadata(document: bytes, moment: datetime, *, pointer: str = "/metadata_xml") -> Found:
    """The fields of a metadata document. Raises Problem 422 ``sso_metadata_invalid``, ``sso_certificate_refused``."""
    if len(document) > LONGEST_METADATA:
        raise invalid("The metadata document has more than a megabyte.", pointer=pointer, code="sso_metadata_invalid")
    try:
        idp = documents.read_idp(document, moment=moment)
    except Refused as refused:
        raise invalid(_said(refused), pointer=pointer, code="sso_metadata_invalid") from refused
    fields = {
        "idp_entity_id": idp.entity_id, "sso_url": page_address(idp.sso_url, pointer=pointer), "sso_binding": idp.sso_binding,
        "slo_url": page_address(idp.slo_url, pointer=pointer) if idp.slo_url else "", "slo_binding": idp.slo_binding,
    }  # fmt: skip
    return Found(fields, usable(idp.certificates, moment, pointer=pointer))


def read_certificates(texts: Sequence[str], moment: datetime) -> list[Certificate]:
    """Pasted certificates (PEM). Raises Problem 422 ``sso_certificate_refused`` that says why, at the one that is refused.

    One that has ended is refused also beside one that counts: metadata may hold it still, but nobody pastes it on purpose.
    """
    found = []
    for number, text in enumerate(texts):
        try:
            found.append(x509.read(text))
            if found[-1].not_after < moment:
                x509.check(found[-1], moment)
        except Refused as refused:
            raise invalid(_said(refused), pointer=f"/certificates/{number}", code="sso_certificate_refused") from refused
    return usable(found, moment, pointer="/certificates")


def usable(found: Sequence[Certificate], moment: datetime, *, pointer: str) -> list[Certificate]:
    """Those with which the provider may sign, now or after a roll-over.

    One that has ended is left out beside one that counts; one that begins later is kept beside one that counts. Raises Problem
    422 ``sso_certificate_refused`` when none counts, or one is weak.
    """
    kept: dict[str, Certificate] = {}
    counts, reason = False, Refused("saml_certificate_none", "There is no certificate with which the provider signs.")
    for certificate in found:
        try:
            x509.check(certificate, moment)
            counts = True
        except Refused as refused:
            reason = refused
            if certificate.not_after < moment:
                continue
            if certificate.not_before <= moment:
                raise invalid(_said(refused), pointer=pointer, code="sso_certificate_refused") from refused
        kept[certificate.fingerprint] = certificate
    if not counts:
        raise invalid(_said(reason), pointer=pointer, code="sso_certificate_refused")
    if len(kept) > MOST_CERTIFICATES:
        raise invalid(f"There are more than {MOST_CERTIFICATES} certificates.", pointer=pointer, code="sso_certificate_refused")
    return list(kept.values())


def discovered(issuer: str) -> Found:
    """The endpoints of an OpenID provider. Raises Problem 422 ``sso_discovery_failed``."""
    try:
        provider = discovery.read(discovery.issuer_of(issuer), fetch, allow_loopback=settings.ENVIRONMENT.loopback_webhooks)
    except Refused as refused:
        raise invalid(_said(refused), pointer="/issuer", code="sso_discovery_failed") from refused
    return Found({"issuer": provider.issuer, "endpoints": provider.kept()})


def page_address(url: str, *, pointer: str) -> str:
    """An address to which browsers are sent: https, in development also http. Nothing of ours calls it. Raises Problem 422."""
    schemes = ("https://", "http://") if settings.ENVIRONMENT.developing else ("https://",)
    if not url.startswith(schemes) or len(url) > 2000 or not url.isascii() or not url.isprintable() or " " in url or '"' in url:
        raise invalid("An address to which people are sent begins with https://", pointer=pointer, code="url_refused")
    return url


def call_address(url: str, *, pointer: str) -> str:
    """An address that we call. Raises Problem 422 ``url_refused``."""
    try:
        outgoing.check_url(url, allow_loopback=settings.ENVIRONMENT.loopback_webhooks)
    except Problem as problem:
        raise problem.pointing(lambda _: pointer) from problem
    return url
