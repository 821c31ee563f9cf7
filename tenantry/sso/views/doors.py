"""The addresses between the browser, the provider and us: sent away, come back, let in; and told to sign out.

Whatever a provider or somebody who plays one sends ends in an answer: a page with a sentence and a code, recorded, never a fault.
"""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access import limits
from tenantry.access.guards import not_in_maintenance
from tenantry.access.principal import principal_of
from tenantry.kit.hardening import posts_to
from tenantry.kit.problems import Problem, not_found
from tenantry.organizations.states import ACTIVE, SUSPENDED
from tenantry.tenancy.addresses import safe_path
from tenantry.tenancy.scope import everywhere

from .. import ending, flows, oidc_door, parties, policies, saml_door
from ..models import Connection, Flow, Policy
from ..oidc import own_key
from ..refused import Refused
from ..saml import bindings
from ..saml import metadata as documents
from ..saml.bindings import Form
from . import arriving

OIDC, SAML = Connection.Kind.OIDC, Connection.Kind.SAML


def _connection(connection_id: UUID, kind: str = "") -> Connection:
    """The connection, if its organization is there. Call within ``everywhere()``. Raises Problem 404."""
    found = Connection.objects.select_related("organization").filter(id=connection_id, organization__deleted_at__isnull=True).first()
    if found is None or (kind and found.kind != kind):
        raise not_found("SSO connection")
    if found.organization.state not in (ACTIVE, SUSPENDED):
        raise not_found("SSO connection")
    return found


@require_GET
def metadata(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Our metadata document, for the provider."""
    with everywhere():
        document = documents.write_sp(parties.sp_of(_connection(connection_id, SAML)))
    response = HttpResponse(document, content_type="application/samlmetadata+xml")
    response["Content-Disposition"] = 'inline; filename="metadata.xml"'
    return response


@require_GET
def jwks(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Our public key as a JWK set, by which an OpenID provider knows us where the connection has no secret."""
    with everywhere():
        found = own_key.key_set(_connection(connection_id, OIDC).own_certificate)
    return JsonResponse(found, content_type="application/jwk-set+json")


@require_GET
def certificate(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Our certificate as a file, for providers that take nothing else."""
    with everywhere():
        pem = _connection(connection_id).own_certificate
    response = HttpResponse(pem, content_type="application/x-pem-file")
    response["Content-Disposition"] = f'attachment; filename="{Connection.encode_id(connection_id)}.pem"'
    return response


@require_GET
def start(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Send the browser to the provider: to sign in, with ``purpose=prove`` to prove anew, with ``flow`` as was prepared."""
    limits.count("sso")
    with everywhere():
        connection = _connection(connection_id)
        not_in_maintenance(request, connection.organization_id)
        flow = None
        try:
            flow, state = _begun(request, connection)
            return _sent_away(request, connection, flow, state)
        except Refused as refused:
            return arriving.refuse(request, connection, refused, flow)


def _begun(request: HttpRequest, connection: Connection) -> tuple[Flow, str]:
    if token := request.GET.get("flow", ""):
        return flows.prepared(connection, token), token
    policy, principal = policies.of(connection.organization_id), principal_of(request)
    if connection.state != Connection.State.READY:
        raise Refused("sso_not_ready", "This connection isn't completely set up. Ask an owner of the organization.")
    if policy.mode == Policy.Mode.OFF:
        raise Refused("sso_off", "Single sign-on isn't turned on for this organization. Sign in by link or password.")
    next_path = safe_path(request.GET.get("next", ""))
    if request.GET.get("purpose") == Flow.Purpose.PROVE:
        session = principal.session
        if session is None or session.connection_id != connection.id:
            raise Refused("sso_other_session", "You are not signed in by this provider.")
        return flows.begin(
            connection=connection, purpose=Flow.Purpose.PROVE, user=principal.user, session_id=session.id, next_path=next_path
        )
    return flows.begin(connection=connection, purpose=Flow.Purpose.SIGN_IN, next_path=next_path)


def _sent_away(request: HttpRequest, connection: Connection, flow: Flow, state: str) -> HttpResponse:
    anew = flow.purpose == Flow.Purpose.PROVE
    request_id = ""
    sent: str | Form
    if connection.kind == OIDC:
        sent = oidc_door.ask(connection, state=state, anew=anew, hint=request.GET.get("hint", "")[:254])
    else:
        sent, request_id = saml_door.ask(connection, state=state, moment=parties.moment_of(connection), anew=anew)
    response = carried(request, sent)
    flows.bind(request, response, flow, moment=parties.moment_of(connection), request_id=request_id)
    return response


def carried(request: HttpRequest, sent: str | Form) -> HttpResponse:
    """A redirect, or a page with a form that goes off by itself (and by a button without scripts).

    The page's form may go to any host of the scheme: browsers hold every redirect that follows to the policy too, and a provider
    sends people on to hosts of its own, or to another provider's.
    """
    if isinstance(sent, str):
        return redirect(sent)
    return posts_to(render(request, "sso/carry.html", {"form": sent}), f"{urlsplit(sent.url).scheme}:")


@csrf_exempt
@require_POST
def acs(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Where a SAML provider's page posts its response. It comes without cookies; the way goes on at ``finish``."""
    limits.count("sso")
    with everywhere():
        connection = _connection(connection_id, SAML)
        flow = None
        try:
            text = request.POST.get("SAMLResponse", "")
            flow = _asked_for(connection, text)
            flow, proof = saml_door.answered(connection, text, moment=parties.moment_of(connection))
            unasked = flow is None
            if flow is None:
                flow, _ = flows.begin(connection=connection, purpose=Flow.Purpose.SIGN_IN)
            response = redirect("sso_finish", connection_id=connection.id, token=flows.hand_over(flow, proof.stored()))
            response.status_code = 303
            if unasked:
                flows.bind(request, response, flow, moment=parties.moment_of(connection))
            return response
        except Refused as refused:
            return arriving.refuse(request, connection, refused, flow)


def _asked_for(connection: Connection, text: str) -> Flow | None:
    """For a refusal: which flow the answer belongs to, as far as it says."""
    try:
        return flows.asked(connection, saml_door.claimed(text))
    except Refused:
        return None


@require_GET
def callback(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Where an OpenID provider sends the browser back with a code."""
    limits.count("sso")
    with everywhere():
        connection, flow = _connection(connection_id, OIDC), None
        try:
            state = request.GET.get("state", "")
            flow = flows.find(connection, state)
            if flow is None:
                raise Refused("oidc_state_mismatch", "The answer belongs to no sign-in of ours. Start again from the sign-in page.")
            flows.require_browser(request, flow)
            flows.consume(flow)
            proof = oidc_door.answered(connection, flow, request.GET, state=state, moment=parties.moment_of(connection))
            return arriving.arrive(request, connection, flow, proof)
        except (Refused, Problem) as refused:
            return arriving.refuse(request, connection, refused, flow)


@require_GET
def finish(request: HttpRequest, connection_id: UUID, token: str) -> HttpResponse:
    """The browser that was sent away is back: what the provider's answer said now has its effect."""
    with everywhere():
        connection, flow = _connection(connection_id), None
        try:
            flow = flows.taken_over(connection, token)
            flows.require_browser(request, flow)
            return arriving.arrive(request, connection, flow, arriving.kept_proof(flow))
        except (Refused, Problem) as refused:
            return arriving.refuse(request, connection, refused, flow)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def slo(request: HttpRequest, connection_id: UUID) -> HttpResponseBase:
    """Single logout: the provider ends sessions of ours, or answers to our asking it to end its own."""
    limits.count("sso")
    with everywhere():
        connection = _connection(connection_id)
        try:
            if connection.kind == OIDC:
                return _openid_logout(request, connection)
            return _saml_logout(request, connection)
        except Refused as refused:
            if connection.kind == OIDC and request.method == "POST":
                return ending.refuse_logout_token(connection, refused)
            return arriving.refuse(request, connection, refused, None)


def _saml_logout(request: HttpRequest, connection: Connection) -> HttpResponse:
    given: QueryDict = request.POST if request.method == "POST" else request.GET
    if "SAMLResponse" in given:
        return _farewell_answered(request, connection, given)
    found, answer = saml_door.told_to_end(connection, _received(request, given), moment=parties.moment_of(connection))
    ending.end_sessions_of(connection, subject=found.name_id, indexes=found.session_indexes)
    return carried(request, answer)


def _received(request: HttpRequest, given: QueryDict) -> bindings.Received:
    if request.method == "POST":
        return bindings.from_form({name: str(given[name]) for name in given})
    return bindings.from_query(request.META.get("QUERY_STRING", ""))


def _farewell_answered(request: HttpRequest, connection: Connection, given: QueryDict) -> HttpResponse:
    """The answer to ours: whatever it says, our session has ended already."""
    try:
        there = saml_door.ended_there(connection, _received(request, given), moment=parties.moment_of(connection))
    except Refused:
        there = False
    if there:
        messages.success(request, "You are signed out, here and at your identity provider.")
    else:
        messages.info(request, "You are signed out here. At your identity provider you may still be signed in.")
    return redirect("sign_in")


def _openid_logout(request: HttpRequest, connection: Connection) -> HttpResponse:
    if request.method == "GET":
        messages.success(request, "You are signed out, here and at your identity provider.")
        return redirect(reverse("sign_in"))
    found = oidc_door.told_to_end(connection, request.POST.get("logout_token", ""), moment=parties.moment_of(connection))
    ending.end_sessions_of(connection, subject=found.subject, indexes=(found.session_id,) if found.session_id else ())
    return HttpResponse(status=200)


@require_GET
def farewell(request: HttpRequest, connection_id: UUID, token: str) -> HttpResponse:
    """Our session has ended; on to the provider, to end its own."""
    with everywhere():
        connection = _connection(connection_id)
        try:
            return carried(request, ending.way_out(connection, token, moment=parties.moment_of(connection)))
        except Refused:
            return redirect("sign_in")
