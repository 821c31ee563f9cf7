"""The door of directories: /scim/v2. From method and path to a function, and from what it returns to an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from tenantry.access.guards import guard
from tenantry.access.principal import principal_of
from tenantry.audit.services import Actor
from tenantry.kit.answers import SCIM_MEDIA_TYPE
from tenantry.kit.problems import Problem
from tenantry.organizations.models import Organization

from . import errors, users
from . import settings as sync
from .listing import Query, answer, read_query
from .models import ScimUser
from .protocol import documents, patch
from .protocol.attributes import SCHEMAS, TYPES, USERS
from .protocol.projection import Projection, read_projection
from .protocol.values import read_json
from .refusals import unknown
from .resources import base, etag
from .sources import GROUP_SOURCE, USER_SOURCE, show_users

_TAKEN: Final = ("application/scim+json", "application/json")
_SEARCH: Final = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a directory: whose, and what it sends. ``body`` is empty where none is expected."""

    organization: Organization
    actor: Actor
    settings: sync.Settings
    query: dict[str, Any]
    body: dict[str, Any]
    if_match: str = ""
    if_none_match: str = ""

    @property
    def projection(self) -> Projection:
        """What the answer to a write shows."""
        parts = {name.lower(): value for name, value in self.query.items()}
        return read_projection(parts.get("attributes"), parts.get("excludedattributes"))


Answer = tuple[int, Any, dict[str, str]]


@csrf_exempt
def scim(request: HttpRequest, rest: str) -> HttpResponse:
    """Whatever stands below /scim/. The token tells the organization; nobody else's rows are in scope."""
    if rest == "v2/ServiceProviderConfig" and request.method == "GET":
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
    handler = _route(request.method or "", rest)
    writing = request.method in ("PUT", "PATCH", "DELETE") or (request.method == "POST" and not rest.endswith(".search"))
    principal = principal_of(request)
    assert principal.key_organization_id is not None
    organization = guard(request, "members:write" if writing else "members:read", principal.key_organization_id)
    settings = sync.of(organization.id)
    sync.require_enabled(settings)
    if request.method in ("POST", "PUT", "PATCH"):
        sent |= _body(request, rest)
    call = Call(
        organization, principal.actor("scim"), settings, request.GET.dict(), sent,
        request.headers.get("If-Match", ""), request.headers.get("If-None-Match", ""),
    )  # fmt: skip
    return handler(call)


def _body(request: HttpRequest, rest: str) -> dict[str, Any]:
    """The body as an object. Raises Problem 413, 415, 400."""
    kind = (request.content_type or "").lower()
    if kind and kind not in _TAKEN:
        raise Problem(415, "media_type_unsupported", f"The Content-Type is {_TAKEN[0]} or {_TAKEN[1]}.")
    most = documents.BULK_BYTES if rest == "v2/Bulk" else documents.GROUP_BYTES if rest.startswith("v2/Groups") else documents.BODY_BYTES
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
    if (problem.status == 404 and request.method == "GET") or problem.status in (412, 429) or principal.key_organization_id is None:
        return
    name = next((value for key, value in sent.items() if key.lower() == "username" and isinstance(value, str)), "")
    errors.note(
        organization_id=principal.key_organization_id, problem=problem, status={402: 403, 422: 400}.get(problem.status, problem.status),
        method=request.method or "", path=request.path_info, scim_type=str(problem.members.get("scim_type", "")),
        token_name=principal.key_name, user_name=name, sent=sent,
    )  # fmt: skip


def _response(status: int, body: Any, headers: dict[str, str]) -> HttpResponse:
    content = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    response = HttpResponse(content, status=status, content_type=SCIM_MEDIA_TYPE)
    for name, value in headers.items():
        response[name] = value
    return response


Handler = Callable[[Call], Answer]


def _route(method: str, rest: str) -> Handler:
    """The function for a method and a path. Raises Problem 404, 405."""
    parts = rest.rstrip("/").split("/")
    if parts[0] != "v2":
        raise Problem(404, "not_found", "There is nothing at this address; SCIM is at /scim/v2.")
    found: dict[str, Handler] = _table(parts[1:])
    if not found:
        raise Problem(404, "not_found", "There is nothing at this address.")
    if method == "HEAD" and "GET" in found:
        method = "GET"
    if method not in found:
        allowed = ", ".join(found)
        raise Problem(405, "method_not_allowed", f"This address takes {allowed} only.", headers={"Allow": allowed})
    return found[method]


def _table(parts: list[str]) -> dict[str, Handler]:
    match parts:
        case ["ServiceProviderConfig"]:
            return {"GET": lambda call: (200, documents.config(base()), {})}
        case ["Schemas"]:
            return {"GET": lambda call: (200, _all(call, documents.schemas(base())), {})}
        case ["ResourceTypes"]:
            return {"GET": lambda call: (200, _all(call, documents.resource_types(base())), {})}
        case ["Schemas", urn]:
            return {"GET": lambda call: _schema(urn)}
        case ["ResourceTypes", name]:
            return {"GET": lambda call: _resource_type(name)}
        case ["Users"]:
            return {"GET": _list_users, "POST": _create_user}
        case ["Users", ".search"]:
            return {"POST": lambda call: _search(call, USER_SOURCE)}
        case ["Users", identifier]:
            return {
                "GET": lambda call: _get_user(call, identifier),
                "PUT": lambda call: _put_user(call, identifier),
                "PATCH": lambda call: _patch_user(call, identifier),
                "DELETE": lambda call: _delete_user(call, identifier),
            }
        case [".search"]:
            return {"POST": lambda call: _search(call, USER_SOURCE, GROUP_SOURCE)}
    return {}


def _all(call: Call, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Discovery lists are whole, and take no filter (RFC 7644 §4)."""
    if any(name.lower() == "filter" for name in call.query):
        raise Problem(403, "scim_filter_refused", "What describes the service can't be filtered.")
    return {"schemas": [documents.LIST], "totalResults": len(found), "startIndex": 1, "itemsPerPage": len(found), "Resources": found}


def _schema(urn: str) -> Answer:
    found = next((each for each in SCHEMAS if each.urn.lower() == urn.lower()), None)
    if found is None:
        raise unknown("schema", urn)
    return 200, documents.schema(found, base()), {}


def _resource_type(name: str) -> Answer:
    found = next((each for each in TYPES if each.name == name), None)
    if found is None:
        raise unknown("resource type", name)
    return 200, documents.resource_type(found, base()), {}


def _search(call: Call, *sources: Any) -> Answer:
    return 200, answer(read_query(call.body), sources, call.organization.id), {}


def _list_users(call: Call) -> Answer:
    query: Query = read_query(call.query)
    return 200, answer(query, [USER_SOURCE], call.organization.id), {}


def _shown(call: Call, row: ScimUser, status: int) -> Answer:
    resource = show_users([row], call.projection, base())[0]
    headers = {"ETag": etag(row.version), "Location": resource["meta"]["location"]}
    return status, call.projection.of(resource, USERS), headers


def _create_user(call: Call) -> Answer:
    row = users.create(organization=call.organization, body=call.body, settings=call.settings, actor=call.actor)
    return _shown(call, row, 201)


def _get_user(call: Call, identifier: str) -> Answer:
    row = users.load(call.organization.id, identifier)
    if _matches(call.if_none_match, row.version):
        return 304, None, {"ETag": etag(row.version)}
    return _shown(call, row, 200)


def _put_user(call: Call, identifier: str) -> Answer:
    row = _held(call, identifier)
    row = users.replace(organization=call.organization, row=row, body=call.body, settings=call.settings, actor=call.actor)
    return _shown(call, row, 200)


def _patch_user(call: Call, identifier: str) -> Answer:
    operations = patch.read(call.body, USERS)
    row = _held(call, identifier)
    row = users.patch(organization=call.organization, row=row, operations=operations, settings=call.settings, actor=call.actor)
    return _shown(call, row, 200)


def _delete_user(call: Call, identifier: str) -> Answer:
    users.delete(organization=call.organization, row=_held(call, identifier), settings=call.settings, actor=call.actor)
    return 204, None, {}


def _held(call: Call, identifier: str) -> ScimUser:
    row = users.load(call.organization.id, identifier, lock=True)
    require_version(call.if_match, row.version)
    return row


def _matches(given: str, version: int) -> bool:
    """Whether a list of ETags names this version; compared weakly (RFC 9110 §8.8.3.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")} if given else set()
    return "*" in tags or f'"{version}"' in tags


def require_version(if_match: str, version: int) -> None:
    """Raises Problem 412 when the client has seen another version."""
    if if_match and not _matches(if_match, version):
        raise Problem(412, "version_stale", "Somebody changed this resource meanwhile. Load it again.", headers={"ETag": etag(version)})
