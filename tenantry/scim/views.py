"""The door of directories: /scim/v2. From a request to a call and back; whatever is wrong is said in SCIM's way."""

from __future__ import annotations

import json
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from tenantry.access.guards import guard
from tenantry.access.principal import principal_of
from tenantry.kit.answers import SCIM_MEDIA_TYPE, scim_status
from tenantry.kit.problems import Problem

from . import bulk, errors
from . import settings as sync
from .protocol import documents
from .protocol.values import read_json
from .resources import base
from .routes import Answer, Call, Handler, route

_TAKEN: Final = ("application/scim+json", "application/json")
_READING: Final = ("GET", "HEAD")
_VERSION: Final = "v2/"


@csrf_exempt
def scim(request: HttpRequest, rest: str) -> HttpResponse:
    """Whatever stands below /scim/. The token tells the organization; nobody else's rows are in scope."""
    if rest == "v2/ServiceProviderConfig" and request.method == "GET" and "filter" not in request.GET:
        return _response(200, documents.config(base()), {})  # RFC 7643 §5: public, so that clients learn how to authenticate
    if principal_of(request).via != "scim":
        raise Problem(401, "unauthenticated", "Send the directory's token as “Authorization: Bearer tk_scim_…”.")
    sent: dict[str, Any] = {}
    try:
        return _response(*_served(request, rest, sent))
    except Problem as problem:
        _note(request, problem, sent)
        raise


def _served(request: HttpRequest, rest: str, sent: dict[str, Any]) -> Answer:
    method = request.method or ""
    handler = _handler(method, rest)
    principal = principal_of(request)
    assert principal.key_organization_id is not None
    organization = guard(request, "members:read", principal.key_organization_id)  # what writes asks for its state: routes.py
    settings = sync.of(organization.id)
    sync.require_enabled(settings)
    if method in ("POST", "PUT", "PATCH"):
        sent |= _body(request, rest)
    tags = request.headers.get("If-Match", ""), request.headers.get("If-None-Match", "")
    return handler(Call(organization, principal.actor("scim"), settings, request.GET.dict(), sent, *tags))


def _handler(method: str, rest: str) -> Handler:
    if not f"{rest}/".startswith(_VERSION):
        raise Problem(404, "not_found", "There is nothing at this address; SCIM is at /scim/v2.")
    path = rest.removeprefix(_VERSION)
    if path.rstrip("/") == "Bulk":
        if method != "POST":
            raise Problem(405, "method_not_allowed", "This address takes POST only.", headers={"Allow": "POST"})
        return bulk.carry_out
    return route(method, path)


def _body(request: HttpRequest, rest: str) -> dict[str, Any]:
    """The body as an object. Raises Problem 413, 415, 400."""
    kind = (request.content_type or "").lower()
    if kind and kind not in _TAKEN:
        raise Problem(415, "media_type_unsupported", f"The Content-Type is {_TAKEN[0]} or {_TAKEN[1]}.")
    most = documents.BULK_BYTES if rest.startswith("v2/Bulk") else documents.BODY_BYTES
    if rest.startswith("v2/Groups"):
        most = documents.GROUP_BYTES
    try:
        too_big = int(request.headers.get("Content-Length") or 0) > most or len(request.body) > most
    except RequestDataTooBig:
        too_big = True
    if too_big:
        raise Problem(413, "body_too_large", f"A body has at most {most // 1024:,} KB here.")
    return read_json(request.body)


def _note(request: HttpRequest, problem: Problem, sent: dict[str, Any]) -> None:
    """Keep a refusal for whoever looks after the directory; that something isn't there is an answer, not an error."""
    principal = principal_of(request)
    if (problem.status == 404 and request.method in _READING) or problem.status in (412, 429) or principal.key_organization_id is None:
        return
    errors.note(
        organization_id=principal.key_organization_id, problem=problem, status=scim_status(problem), method=request.method or "",
        path=request.path_info, scim_type=str(problem.members.get("scim_type", "")), token_name=principal.key_name,
        user_name=bulk.user_name_in(sent), sent=sent,
    )  # fmt: skip


def _response(status: int, body: Any, headers: dict[str, str]) -> HttpResponse:
    content = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    response = HttpResponse(content, status=status, content_type=SCIM_MEDIA_TYPE)
    for name, value in headers.items():
        response[name] = value
    return response
