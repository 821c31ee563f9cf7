"""Where a call may go that somebody typed the address of: to the public internet, and nowhere else.

A service that calls any address its customers type can be made to call its own neighbours (server-side request
forgery, OWASP API7:2023). So an address is read once, strictly, in one spelling, and every number that its name resolves
to is judged here. Refused are, by the IANA special-purpose registries for IPv4 and IPv6: private, loopback, link-local
(cloud metadata), unique-local, shared (CGNAT), benchmarking, documentation, multicast, reserved and unspecified ones, and
every form of IPv6 that carries an IPv4 address inside. ``tenantry.kit.outgoing`` makes the calls.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

import idna
from yarl import URL

PORTS = frozenset({443, 8443})
LONGEST = 2048

# https://www.iana.org/assignments/iana-ipv4-special-registry and …/ipv6-special-registry, as of 2025; multicast and class E.
_REFUSED_V4 = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's own services, a public number that only a virtual machine reaches
    )
]  # fmt: skip
# Of IPv6 only the part that is given out for the internet counts (RFC 4291 §2.4), without what is special inside it:
# Teredo and the other assignments to protocols, documentation, 6to4.
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = [ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
# NAT64 (RFC 6052): how a machine with IPv6 alone reaches IPv4. It is as good as the number inside.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# Names that lead nowhere but inside: RFC 6761, 6762, 8375, 9476, and what clouds and offices use.
_INNER_NAMES = frozenset("localhost localdomain local internal intranet private corp home lan svc onion alt arpa".split())

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)
_AS_TYPED = "!$%&'()*+,/:;=?@[]~"
_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ufeff]")


class Refused(Exception):
    """No call is made to this address. ``reason`` is a sentence for whoever typed it; it tells nothing of the network."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Destination:
    """An address that was read and may be called, as far as that can be told without asking the network.

    ``host`` is a lower-case name or a number without brackets; ``url`` is what is requested, and names the same host.
    """

    url: URL
    host: str
    port: int


@lru_cache(maxsize=16384)
def may_call(address: str) -> bool:
    """Whether an IP address (as text, in any of its valid spellings) is one of the public internet."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(number, ipaddress.IPv4Address):
        return number.is_global and not any(number in network for network in _REFUSED_V4)
    if number.scope_id is not None:
        return False
    if number in _NAT64:
        return may_call(str(ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)))
    return number in _PUBLIC_V6 and number.is_global and not any(number in network for network in _REFUSED_V6)


def is_number(host: str) -> bool:
    """Whether a host, as ``read_host`` gives it, is an IP address and no name."""
    return ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]) is not None


def is_loopback(host: str) -> bool:
    """Whether a host, as ``read_host`` gives it, is this machine: ``localhost``, ``127.…`` or ``::1``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host) in (_LOOPBACK_V6 if ":" in host else _LOOPBACK_V4)
    except ValueError:
        return False


_LOOPBACK_V4, _LOOPBACK_V6 = ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")


def read_host(text: str, *, allow_loopback: bool) -> str:
    """The one spelling of a host: a name of at least two labels, in ASCII (IDNA 2008), or a public number. Raises Refused.

    IPv6 numbers may stand in brackets. Numbers are taken in their usual spelling only (no ``0x7f.1``, ``2130706433``).
    """
    host = text.lower()
    if ":" in host:
        return _number(host.removeprefix("[").removesuffix("]"), allow_loopback=allow_loopback)
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, std3_rules=True).decode()
        except (idna.IDNAError, UnicodeError) as error:
            raise Refused("The host name can't be read.") from error
        if is_number(host) or host == "localhost":
            raise Refused("The host is written in an unusual way.")
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1] or labels[-2 if len(labels) > 1 else -1]):
        return _number(host, allow_loopback=allow_loopback)
    if allow_loopback and host == "localhost":
        return host
    if not all(_LABEL.fullmatch(label) for label in labels) or len(host) > 253:
        raise Refused("The host name can't be read.")
    if len(labels) < 2 or labels[-1] in _INNER_NAMES or host.endswith(".cluster.local"):
        raise Refused("The host is not one of the public internet.")
    return host


def _number(text: str, *, allow_loopback: bool) -> str:
    try:
        number = str(ipaddress.IPv6Address(text) if ":" in text else ipaddress.IPv4Address(text))
    except ValueError as error:
        raise Refused("The host is written in an unusual way.") from error
    if may_call(number) or (allow_loopback and is_loopback(number)):
        return number
    raise Refused("The host is not one of the public internet.")


@lru_cache(maxsize=16384)
def read_url(url: str, *, allow_loopback: bool) -> Destination:
    """Read an address and judge what can be judged without the network. Raises Refused.

    https alone, on port 443 or 8443 (``PORTS``), without a user name. ``allow_loopback`` is for development: this machine,
    named plainly as ``localhost``, ``127.…`` or ``[::1]``, may then be called, also by http and on any port.
    """
    found = _URL.fullmatch(url)
    if not found or len(url) > LONGEST:
        raise Refused(f"An address begins with https:// and has at most {LONGEST:,} characters.")
    scheme, authority = found["scheme"].lower(), found["authority"]
    if scheme not in ("https", "http"):
        raise Refused("The address must begin with https://.")
    if _CONTROL.search(url) or "\\" in url:
        raise Refused("The address has a character that no address has.")
    if "@" in authority:
        raise Refused("A user name or password in the address is refused; send it in a header.")
    if "%" in authority:
        raise Refused("The host name can't be read.")
    name, port = _host_and_port(authority)
    host = read_host(name, allow_loopback=allow_loopback)
    loopback = is_loopback(host)
    if scheme == "http" and not loopback:
        raise Refused("The address must begin with https://.")
    try:
        path = quote(found["rest"].partition("#")[0], safe=_AS_TYPED)
    except UnicodeError as error:
        raise Refused("The address can't be read.") from error
    path = path if path.startswith("/") else f"/{path}"
    number = port or (443 if scheme == "https" else 80)
    if number not in PORTS and not loopback:
        raise Refused("The port must be 443 or 8443.")
    return Destination(_checked_twice(f"{scheme}://{_bracketed(host)}:{number}{path}", host, number), host, number)


def _host_and_port(authority: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]+)(?::(\d{1,5}))?", authority, re.ASCII)
    if not found or (found[2] and not 0 < int(found[2]) < 65536):
        raise Refused("The host or the port can't be read.")
    return found[1], int(found[2]) if found[2] else None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _checked_twice(text: str, host: str, port: int) -> URL:
    """What the client's own reader makes of it has to be the same host: two readers that differ are how guards are passed."""
    try:
        url = URL(text, encoded=True)
        same = url.raw_host == host and url.port == port and url.raw_user is None
    except ValueError as error:
        raise Refused("The address can't be read.") from error
    if not same:
        raise Refused("The address can't be read.")
    return url
