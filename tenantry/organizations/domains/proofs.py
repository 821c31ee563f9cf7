"""Looking for the proof that a domain is an organization's: a TXT record, or a file. Asks the network; never inside a scope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.resolver
from django.conf import settings

from tenantry.kit.destinations import Refused
from tenantry.kit.outgoing import Answer, Unreachable, call_now

PATH: Final = "/.well-known/tenantry-verification.txt"
DNS_SECONDS: Final = 5.0
FILE_SECONDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found. ``method``: ``dns`` or ``file``, empty for nothing. ``failure``: why nothing was, in sentences.

    ``undecided``: it couldn't be asked at all (no name server answered), which says nothing about the domain.
    """

    method: str = ""
    failure: str = ""
    undecided: bool = False


def text_of(token: str) -> str:
    """What the record and the file say."""
    return f"tenantry-verification={token}"


def url_of(name: str) -> str:
    """Where the file is looked for."""
    return f"https://{name}{PATH}"


def look(name: str, token: str) -> Outcome:
    """Look in the DNS, then for the file. Takes up to 13 seconds; holds nothing."""
    by_dns = in_dns(name, token)
    if by_dns.method:
        return by_dns
    by_file = in_file(name, token, fetch)
    return by_file if by_file.method else Outcome("", f"{by_dns.failure} {by_file.failure}", by_dns.undecided)


def in_dns(name: str, token: str) -> Outcome:
    """The TXT records of the domain itself (RFC 1035 §3.3.14); several strings of one record are read as one."""
    try:
        answer = _resolver().resolve(f"{name}.", "TXT", lifetime=DNS_SECONDS, search=False)
    except dns.resolver.NXDOMAIN:
        return Outcome(failure=f"The DNS has no domain {name}.")
    except dns.resolver.NoAnswer:
        return Outcome(failure=f"{name} has no TXT record.")
    except dns.exception.Timeout:
        return Outcome(failure=f"The name servers of {name} didn't answer within {DNS_SECONDS:g} seconds.", undecided=True)
    except (dns.exception.DNSException, OSError):
        return Outcome(failure=f"The name servers of {name} gave no usable answer.", undecided=True)
    texts = [b"".join(record.strings).decode("ascii", "replace").strip().strip('"') for record in answer]
    if text_of(token) in texts:
        return Outcome("dns")
    if any(text.startswith("tenantry-verification=") for text in texts):
        return Outcome(failure=f"{name} has a TXT record “tenantry-verification=…”, but with another value than yours.")
    count = len(texts)
    return Outcome(failure=f"{name} has {count} TXT record{'s' if count != 1 else ''}, and none is yours.")


def in_file(name: str, token: str, fetch: Callable[[str], Answer]) -> Outcome:
    """The file, by HTTPS with a valid certificate; a redirect is not followed. ``fetch`` raises Refused and Unreachable."""
    try:
        answer = fetch(url_of(name))
    except (Refused, Unreachable) as gone:
        return Outcome(failure=f"The file can't be read: {gone.reason}")
    if answer.status in (301, 302, 303, 307, 308):
        return Outcome(failure=f"The file's address redirects (status {answer.status}); serve the file itself.")
    if answer.status != 200:
        return Outcome(failure=f"The file's address answers with status {answer.status}.")
    if answer.body.decode("utf-8-sig", "replace").strip() == text_of(token):
        return Outcome("file")
    return Outcome(failure="The file has another content than yours.")


def fetch(url: str, *, allow_loopback: bool = False) -> Answer:
    """One guarded call: public addresses only, bounded in time and size. ``allow_loopback``: this machine, for a test of the way."""
    return call_now("GET", url, headers={}, allow_loopback=allow_loopback, total_timeout=FILE_SECONDS, keep=1024)


def _resolver() -> dns.resolver.Resolver:
    """The machine's own name servers, or those of ``TENANTRY_DNS_RESOLVER``. Nothing is cached: people wait for a record to show."""
    given = settings.ENVIRONMENT.dns_resolver.strip()
    if not given:
        return dns.resolver.Resolver()
    resolver = dns.resolver.Resolver(configure=False)
    host, _, port = given.rpartition(":") if given.count(":") == 1 else (given, "", "53")
    resolver.nameservers, resolver.port = [host], int(port)
    return resolver
