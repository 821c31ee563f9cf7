"""A connection's SAML messages: what is sent, what came, and what it says of a person."""

from __future__ import annotations

from datetime import datetime

from tenantry.tenancy.addresses import address

from . import flows, mapping, parties
from .mapping import Proof
from .models import Connection, Flow, SingleSession
from .refused import Refused
from .saml import bindings, checks, logout, requests, responses
from .saml.bindings import Form
from .saml.names import POST


def ask(connection: Connection, *, state: str, moment: datetime, anew: bool) -> tuple[str | Form, str]:
    """Where the browser goes, or what it posts, and the request's id. ``anew``: the person shall prove who they are again."""
    sp, idp = parties.sp_of(connection), parties.idp_of(connection, moment)
    send = requests.authn_request_form if idp.sso_binding == POST else requests.authn_request
    sent, request_id = send(sp, idp, moment=moment, relay_state=state, force_authn=anew)
    return sent, request_id


def answered(connection: Connection, text: str, *, moment: datetime) -> tuple[Flow | None, Proof]:
    """What a response asserts, and the flow that it answers; None where the provider began by itself. Each counts once.

    RelayState isn't looked at: the response names its request under the provider's signature. Raises Refused.
    """
    claimed = responses.in_response_to(text)
    flow = flows.asked(connection, claimed) if claimed else None
    if claimed and flow is None:
        raise Refused("sso_flow_unknown", "The provider answers a request that nobody made. Start again from the sign-in page.")
    sp, idp = parties.sp_of(connection), parties.idp_of(connection, moment)
    found = responses.read(text, sp=sp, idp=idp, request_id=flow.request_id if flow else None, moment=moment)
    if flow is not None:
        if flow.purpose == Flow.Purpose.PROVE:
            _proved_since(flow, found.authn_instant)
        flows.consume(flow)
    flows.remember(connection, found.id, found.not_on_or_after + 2 * checks.SKEW)
    proof = mapping.read(
        subject=found.name_id, attributes=found.attributes, mapping=connection.mapping, preset=connection.preset, kind=connection.kind,
        session_index=found.session_index, name_id_format=found.name_id_format,
        session_until=found.session_not_on_or_after.isoformat() if found.session_not_on_or_after else "",
    )  # fmt: skip
    return flow, proof


def claimed(text: str) -> str:
    """Which request a response says that it answers; nothing of it is proven. Raises Refused."""
    return responses.in_response_to(text) or ""


def _proved_since(flow: Flow, instant: datetime | None) -> None:
    if instant is None or flow.begun_real is None or instant < flow.begun_real - checks.SKEW:
        raise Refused("sso_not_proved_anew", "The provider let you pass without asking again who you are.")


def farewell(connection: Connection, session: SingleSession, *, moment: datetime) -> str | Form:
    """Ask the provider to end its session too."""
    sp, idp = parties.sp_of(connection), parties.idp_of(connection, moment)
    sent, _ = logout.write_request(
        sp, idp, name_id=session.subject, name_id_format=session.name_id_format, session_index=session.session_index, moment=moment,
    )  # fmt: skip
    return sent


def ended_there(connection: Connection, received: bindings.Received, *, moment: datetime) -> bool:
    """Whether the provider has ended all that we asked it to end. Ours has ended already, so nothing else follows. Raises Refused."""
    sp, idp = parties.sp_of(connection), parties.idp_of(connection, moment)
    return not logout.read_response(received, sp=sp, idp=idp, request_id=None, moment=moment).partial


def told_to_end(connection: Connection, received: bindings.Received, *, moment: datetime) -> tuple[logout.LogoutRequest, str | Form]:
    """Whose sessions the provider ends, and our answer to it. Counts once. Raises Refused."""
    sp, idp = parties.sp_of(connection), parties.idp_of(connection, moment)
    found = logout.read_request(received, sp=sp, idp=idp, moment=moment)
    flows.remember(connection, found.id, found.not_on_or_after + 2 * checks.SKEW)
    answer = logout.write_response(sp, idp, in_response_to=found.id, moment=moment, relay_state=found.relay_state)
    return found, answer if idp.slo_url else address("sign_in")
