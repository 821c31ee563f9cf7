"""The networks that a key is for: addresses and CIDR blocks (RFC 4632, RFC 4291 §2.3), IPv4 and IPv6.

``access_check`` in the database asks the same of the same text (organizations/migrations/0005).
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Network, ip_address, ip_network

from tenantry.kit.problems import Problem

MOST = 50
_MAPPED = 96  # ::ffff:0:0/96 is IPv4 written as IPv6


def read_networks(given: Iterable[str]) -> list[str] | None:
    """What somebody typed, as networks in their shortest form; None for none at all, which means from anywhere.

    Raises Problem 422 ``network_invalid`` that names every wrong one.
    """
    found, errors = dict[str, None](), []
    for index, text in enumerate(given):
        try:
            found[_network(text.strip())] = None
        except ValueError as error:
            errors.append({"pointer": f"/allowed_ips/{index}", "detail": f"“{text.strip()[:60]}” {error}"})
    if len(found) > MOST:
        errors.append({"pointer": "/allowed_ips", "detail": f"A key has at most {MOST} networks."})
    if errors:
        raise Problem(422, "network_invalid", "Some of the networks can't be read.", errors=errors)
    return list(found) or None


def _network(text: str) -> str:
    """``198.51.100.7`` is ``198.51.100.7/32``. Raises ValueError, whose words follow what was typed."""
    try:
        network = ip_network(text if "%" not in text else "", strict=False)
    except ValueError as error:
        raise ValueError("is no address and no network.") from error
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped and network.prefixlen >= _MAPPED:
        network = ip_network(f"{network.network_address.ipv4_mapped}/{network.prefixlen - _MAPPED}")
    elif ip_address(text.partition("/")[0]) != network.network_address:
        raise ValueError(f"lies within a network. Did you mean {network}?")
    return str(network)


def within(caller: str | None, networks: list[str]) -> bool:
    """Whether an address is in one of these networks. An unknown address is in none."""
    return caller is not None and any(ip_address(caller) in ip_network(network) for network in networks)


def shown(network: str) -> str:
    """As people write it: a single address without its length."""
    found = ip_network(network)
    return str(found.network_address) if found.prefixlen == found.max_prefixlen else network
