"""A provider's public keys (RFC 7517), kept for a while, and asked for again when a token names one that isn't known.

Kept per process and per address: what stands there is the same for everybody. A key that the provider withdraws is believed
for ``KEPT_SECONDS`` at most. A token with an unknown ``kid`` makes us ask again (OpenID Connect Core §10.1.1), at once, so that
a key that was rolled over counts from its first token on; but no more than ``RENEWALS`` times within ``WITHIN_SECONDS``: whoever
sends such tokens can't make us call the provider for each.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc import jwk
from joserfc.errors import JoseError

from tenantry.sso.refused import Refused

from . import network
from .algorithms import ACCEPTED
from .discovery import Provider
from .documents import words

KEPT_SECONDS = 15 * 60
RENEWALS, WITHIN_SECONDS = 3, 30
FAILED_SECONDS = 1
MOST_KEYS = 64
PROVIDERS = 1024
RSA_BITS = range(2048, 8193)  # fewer can be broken; more take seconds of a processor for each signature
_PRIVATE = frozenset("d p q dp dq qi oth k".split())
_CURVES = {"EC": {"P-256", "P-384", "P-521"}, "OKP": {"Ed25519"}}


@dataclass(frozen=True, slots=True)
class Key:
    """A public key that signatures may be checked with. ``alg`` is the only algorithm it is for, if the provider says one."""

    kid: str
    kind: str
    curve: str
    alg: str
    key: jwk.Key = field(repr=False)

    def fits(self, algorithm: str) -> bool:
        """Whether signatures of that algorithm are made with such a key."""
        wanted = ACCEPTED[algorithm]
        return self.kind == wanted.key_type and wanted.curve in ("", self.curve) and self.alg in ("", algorithm)


@dataclass(frozen=True, slots=True)
class KeySet:
    """``skipped`` says of each key that isn't used, why."""

    keys: tuple[Key, ...]
    skipped: tuple[str, ...]


def read_set(document: dict[str, Any]) -> KeySet:
    """The usable keys of a JWK set. Raises Refused where it is none, or none of its keys can be used."""
    listed = document.get("keys")
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise Refused("oidc_keys_malformed", "The provider's list of keys has no keys in it.")
    if len(listed) > MOST_KEYS:
        raise Refused("oidc_keys_too_many", f"The provider lists more than {MOST_KEYS} keys.")
    keys, skipped = [], []
    for item in listed:
        try:
            keys.append(read_key(item))
        except Unusable as unusable:
            skipped.append(f"{words(item.get('kid', 'a key without a name'), longest=60)}: {unusable}")
    if not keys:
        told = f" {skipped[0]}." if skipped else ""
        raise Refused("oidc_keys_unusable", f"None of the provider's keys can be used.{told}")
    return KeySet(tuple(keys), tuple(skipped))


class Unusable(Exception):
    """Why a key of the list is left out: the end of a sentence."""


def read_key(item: dict[str, Any]) -> Key:
    """One public key. Raises Unusable for secret ones, those for something else, weak ones, and what isn't a key."""
    kind, curve, alg, kid = (item.get(name, "") for name in ("kty", "crv", "alg", "kid"))
    if not all(isinstance(value, str) for value in (kind, curve, alg, kid)):
        raise Unusable("it is malformed")
    if kind == "oct":
        raise Unusable("it is a shared secret, not a public key")
    if kind not in ("RSA", *_CURVES) or curve not in _CURVES.get(kind, {curve}):
        raise Unusable("it is of a kind that is not supported")
    if _PRIVATE & item.keys():
        raise Unusable("its private part was published, so anybody has it")
    uses = item.get("key_ops", ["verify"])
    if item.get("use", "sig") != "sig" or not isinstance(uses, list) or "verify" not in uses:
        raise Unusable("it is not for signatures")
    if alg and alg not in ACCEPTED:
        raise Unusable("its algorithm is not supported")
    try:
        # Of what stands beside the numbers nothing is used (certificates, addresses), so nothing of it is handed on.
        key = jwk.import_key({name: item[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in item})
        number = key.public_key
    except (JoseError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise Unusable("it is malformed") from error
    if isinstance(number, RSAPublicKey) and number.key_size not in RSA_BITS:
        raise Unusable(f"it has {number.key_size} bits, and 2048 to 8192 are accepted")
    return Key(kid, kind, curve, alg, key)


class _Held:
    def __init__(self) -> None:
        self.asking = threading.Lock()
        self.found: tuple[KeySet, float] | None = None  # and when it was read
        self.asked = float("-inf")  # when the last asking ended, or began
        self.renewals: deque[float] = deque(maxlen=RENEWALS)  # when an unknown name last made us ask

    def good(self, now: float) -> KeySet | None:
        found = self.found
        return found[0] if found and now - found[1] <= KEPT_SECONDS else None

    def may_renew(self, now: float, *, since: float) -> bool:
        """Whether to ask again: nobody did while we waited (``since``), and not too often lately."""
        if self.asked > since:
            return False
        return len(self.renewals) < RENEWALS or now - self.renewals[0] > WITHIN_SECONDS


_held: OrderedDict[str, _Held] = OrderedDict()
_guard = threading.Lock()


def _hold(address: str) -> _Held:
    with _guard:
        held = _held.setdefault(address, _Held())
        _held.move_to_end(address)
        while len(_held) > PROVIDERS:
            _held.popitem(last=False)
        return held


def forget(address: str) -> None:
    """Ask for the keys at this address anew the next time."""
    with _guard:
        _held.pop(address, None)


class Keys:
    """The keys of one provider: ``Keys(provider, fetch)``. Cheap to make; what was fetched is shared by the whole process."""

    def __init__(self, provider: Provider, fetch: network.Fetch) -> None:
        self.address = provider.jwks_uri
        self._fetch = fetch
        self._held = _hold(provider.jwks_uri)

    def find(self, kid: str | None, algorithm: str) -> list[Key]:
        """The keys that a signature may be by: those with that name that fit the algorithm.

        Raises Refused: no such name, also after asking again; a name whose keys are for something else; no name where
        several keys fit (Core §10.1 asks for one then). May wait for the network.
        """
        found = self.all()
        named = _named(found, kid)
        if not named:
            found = self.all(renew=True)
            named = _named(found, kid)
        if not named:
            raise Refused("oidc_key_unknown", f"The token is signed with a key that the provider doesn't list ({words(kid, longest=60)}).")
        fitting = [key for key in named if key_fits(key, algorithm)]
        if not fitting:
            raise Refused("oidc_key_unfit", f"The key that the token names is not one for {algorithm}.")
        if kid is None and len(fitting) > 1:
            raise Refused("oidc_key_unnamed", "The token doesn't say which of the provider's keys it is signed with.")
        return fitting

    def all(self, *, renew: bool = False) -> KeySet:
        """All usable keys; with ``renew`` asked for again, unless that was just done. May wait for the network."""
        held, since = self._held, time.monotonic()
        if not renew and (good := held.good(since)):
            return good  # nobody waits for somebody else's asking
        with held.asking:
            now = time.monotonic()
            good = held.good(now)
            if good and not (renew and held.may_renew(now, since=since)):
                return good
            if not good and now - held.asked <= FAILED_SECONDS:
                raise Refused("oidc_keys_unavailable", "The provider's keys could not be read a moment ago. Try again.")
            held.asked = now
            if good:
                held.renewals.append(now)
            try:
                read = read_set(network.read(self._fetch, self.address, what="The provider's list of keys"))
            except Refused:
                held.asked = time.monotonic()  # who waited meanwhile doesn't ask in turn
                # Somebody's token with a made-up kid, sent while the provider has a fault, must not cost the keys we have.
                if good:
                    return good
                raise
            held.found = (read, time.monotonic())
            return read


def _named(found: KeySet, kid: str | None) -> list[Key]:
    return [key for key in found.keys if kid is None or key.kid == kid]


def key_fits(key: Key, algorithm: str) -> bool:
    """Whether a key may check signatures of that algorithm: an algorithm is never chosen by the token alone."""
    return key.fits(algorithm)
