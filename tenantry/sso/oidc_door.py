"""A connection's OpenID messages: what is sent, what came, and what it says of a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from tenantry.tenancy.scope import outside

from . import boxes, flows, mapping, parties
from .lookups import fetch, fetch_own
from .mapping import Proof
from .models import Connection, Flow, SingleSession
from .oidc import codes, logout, tokens, userinfo
from .oidc.codes import Client
from .oidc.discovery import Provider
from .oidc.keys import Keys
from .oidc.network import Fetch
from .refused import Refused

SCOPES = ("openid", "email", "profile")


@dataclass(frozen=True, slots=True)
class _Known:
    """What is read from the database before the network is asked: nothing of the tenant can be touched meanwhile."""

    provider: Provider
    client: Client
    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    begun: datetime | None
    fetch: Fetch
    lacking: Callable[[dict[str, Any]], set[str]]


def _fetch_of(connection: Connection) -> Fetch:
    return fetch_own if connection.preset == "test" else fetch


def ask(connection: Connection, *, state: str, anew: bool, hint: str = "") -> str:
    """Where the browser goes. ``anew``: the person shall prove who they are again; ``hint``: the address they typed."""
    provider = parties.provider_of(connection)
    scopes = [*SCOPES, *(["groups"] if "groups" in provider.scopes else [])]
    return codes.start(
        provider, client_id=connection.client_id, redirect_uri=parties.our_side(connection)["callback_url"], state=state,
        nonce=flows.derived(state, "nonce"), verifier=flows.derived(state, "verifier"), scopes=scopes, login_hint=hint,
        prompt="login" if anew else "", max_age=0 if anew else None,
    )  # fmt: skip


def answered(connection: Connection, flow: Flow, params: Mapping[str, Any], *, state: str, moment: datetime) -> Proof:
    """Exchange the code for who signed in. The flow was consumed before. Interrupts the transaction. Raises Refused."""
    known = _Known(
        provider=parties.provider_of(connection), client=parties.client_of(connection),
        redirect_uri=parties.our_side(connection)["callback_url"], state=state, nonce=flows.derived(state, "nonce"),
        verifier=flows.derived(state, "verifier"), begun=flow.begun_real if flow.purpose == Flow.Purpose.PROVE else None,
        fetch=_fetch_of(connection), lacking=partial(_lacking, connection),
    )  # fmt: skip
    with outside():
        claims, id_token = _exchanged(known, params, moment)
    return mapping.read(
        subject=claims.subject, attributes=mapping.flattened(claims.values), mapping=connection.mapping, preset=connection.preset,
        kind=connection.kind, session_index=claims.session_id, id_token=id_token,
    )  # fmt: skip


def _lacking(connection: Connection, values: dict[str, Any]) -> set[str]:
    return mapping.lacking(
        mapping.flattened(values), mapping=connection.mapping, preset=connection.preset, kind=connection.kind,
        groups=bool(connection.group_roles),
    )  # fmt: skip


def _exchanged(known: _Known, params: Mapping[str, Any], moment: datetime) -> tuple[tokens.Claims, str]:
    """What the provider says of the person, and the id_token itself."""
    code = codes.check_callback(params, provider=known.provider, state=known.state)
    given = codes.exchange(
        known.provider, known.fetch, client=known.client, code=code, redirect_uri=known.redirect_uri, verifier=known.verifier, moment=moment
    )
    claims = tokens.read_id_token(
        given.id_token, keys=Keys(known.provider, known.fetch), provider=known.provider, client_id=known.client.id, nonce=known.nonce,
        moment=moment, access_token=given.access_token, authenticated_since=known.begun,
    )  # fmt: skip
    whole = completed(
        claims, known.lacking(claims.values), provider=known.provider, fetch=known.fetch, access_token=given.access_token
    )  # fmt: skip
    return whole, given.id_token


def completed(claims: tokens.Claims, lacking: set[str], *, provider: Provider, fetch: Fetch, access_token: str) -> tokens.Claims:
    """With what userinfo says (Core §5.3), where something that is mapped isn't in the id_token. Waits for the network.

    ``lacking`` is what ``mapping.lacking`` found. For want of a name alone nobody is kept out: where userinfo can't be read
    then, the id_token has to do. Raises Refused, for somebody else's userinfo in any case.
    """
    if not lacking:
        return claims
    try:
        return claims.with_userinfo(userinfo.read(provider, fetch, access_token=access_token, subject=claims.subject))
    except Refused as refused:
        if lacking == {"name"} and refused.code != "oidc_userinfo_subject_mismatch":
            return claims
        raise


def farewell(connection: Connection, session: SingleSession) -> str:
    """Where the browser goes to end the provider's session too; empty where it has no such address."""
    return logout.url(
        parties.provider_of(connection), client_id=connection.client_id, id_token_hint=boxes.open_id_token(session),
        post_logout_redirect_uri=parties.our_side(connection)["slo_url"],
    )  # fmt: skip


def told_to_end(connection: Connection, token: str, *, moment: datetime) -> tokens.LogoutToken:
    """Whose sessions the provider ends (back-channel). Counts once. Interrupts the transaction. Raises Refused."""
    provider, client_id, fetched = parties.provider_of(connection), connection.client_id, _fetch_of(connection)
    with outside():
        found = tokens.read_logout_token(token, keys=Keys(provider, fetched), provider=provider, client_id=client_id, moment=moment)
    flows.remember(connection, found.jti, found.until)
    return found
