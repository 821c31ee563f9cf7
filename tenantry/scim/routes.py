"""What can be asked for at which path, and the functions that answer: one table for requests and for the operations of a Bulk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tenantry.audit.services import Actor
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.kit.problems import Problem
from tenantry.organizations.models import Organization
from tenantry.organizations.queries import require_state

from . import groups, users
from . import settings as sync
from .listing import answer, read_query
from .models import ScimGroup, ScimUser
from .protocol import documents, patch
from .protocol.attributes import GROUPS, SCHEMAS, TYPES, USERS
from .protocol.projection import Projection, read_projection
from .refusals import unknown
from .resources import base, etag, user_resource
from .sources import GROUP_SOURCE, USER_SOURCE, Source, show_groups, show_users


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
        """What the answer shows."""
        parts = {name.lower(): value for name, value in self.query.items()}
        return read_projection(parts.get("attributes"), parts.get("excludedattributes"))

    @property
    def writes(self) -> dict[str, Any]:
        """What every change is told."""
        return {"organization": self.organization, "settings": self.settings, "actor": self.actor}


Answer = tuple[int, Any, dict[str, str]]
Handler = Callable[[Call], Answer]


def route(method: str, path: str) -> Handler:
    """The function for a method and a path below /scim/v2. Raises Problem 404, 405."""
    found = _table([part for part in path.split("/") if part])
    if not found:
        raise Problem(404, "not_found", "There is nothing at this address.")
    if method == "HEAD" and "GET" in found:
        method = "GET"
    if method not in found:
        allowed = ", ".join(found)
        raise Problem(405, "method_not_allowed", f"This address takes {allowed} only.", headers={"Allow": allowed})
    handler = found[method]
    return handler if method == "GET" or _takes_away(path) or path.endswith(".search") else lambda call: handler(_writing(call))


def _takes_away(path: str) -> bool:
    """Whether this may end in somebody's losing access, which works in every state: ``users`` looks at what is wanted."""
    return path.strip("/").startswith("Users/")


def _writing(call: Call) -> Call:
    """Raises Problem 403 ``organization_suspended`` and the like."""
    require_state(call.organization, "members:write", staff=False)
    return call


def _table(parts: list[str]) -> dict[str, Handler]:
    match parts:
        case ["ServiceProviderConfig"]:
            return {"GET": _config}
        case ["Schemas"]:
            return {"GET": lambda call: (200, _all(call, documents.schemas(base())), {})}
        case ["ResourceTypes"]:
            return {"GET": lambda call: (200, _all(call, documents.resource_types(base())), {})}
        case ["Schemas", urn]:
            return {"GET": lambda call: _schema(urn)}
        case ["ResourceTypes", name]:
            return {"GET": lambda call: _resource_type(name)}
        case ["Me", *_]:
            return dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), _me)
        case []:
            return {"GET": lambda call: _list(call, USER_SOURCE, GROUP_SOURCE)}
        case [".search"]:
            return {"POST": lambda call: _search(call, USER_SOURCE, GROUP_SOURCE)}
        case ["Users"]:
            return {"GET": lambda call: _list(call, USER_SOURCE), "POST": _create_user}
        case ["Users", ".search"]:
            return {"POST": lambda call: _search(call, USER_SOURCE)}
        case ["Users", name]:
            return {
                "GET": lambda call: _get_user(call, name),
                "PUT": lambda call: _shown_user(call, users.replace(row=_held_user(call, name), body=call.body, **call.writes), 200),
                "PATCH": lambda call: _patch_user(call, name),
                "DELETE": lambda call: _delete_user(call, name),
            }
        case ["Groups"]:
            return {"GET": lambda call: _list(call, GROUP_SOURCE), "POST": _create_group}
        case ["Groups", ".search"]:
            return {"POST": lambda call: _search(call, GROUP_SOURCE)}
        case ["Groups", name]:
            return {
                "GET": lambda call: _get_group(call, name),
                "PUT": lambda call: _shown_group(call, groups.replace(row=_held_group(call, name), body=call.body, **call.writes), 200),
                "PATCH": lambda call: _patch_group(call, name),
                "DELETE": lambda call: _delete_group(call, name),
            }
    return {}


def _config(call: Call) -> Answer:
    _no_filter(call)
    return 200, documents.config(base()), {}


def _no_filter(call: Call) -> None:
    """What describes the service is given whole (RFC 7644 §4)."""
    if any(name.lower() == "filter" for name in call.query):
        raise Problem(403, "scim_filter_refused", "What describes the service can't be filtered.")


def _all(call: Call, found: list[dict[str, Any]]) -> dict[str, Any]:
    _no_filter(call)
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


def _me(call: Call) -> Answer:
    """RFC 7644 §3.11: 501 where there is no such thing."""
    raise Problem(501, "scim_no_me", "There is no /Me here: a directory's token is nobody in person. Ask for /Users/{id}.")


def _search(call: Call, *sources: Source) -> Answer:
    return 200, answer(read_query(call.body), sources, call.organization.id), {}


def _list(call: Call, *sources: Source) -> Answer:
    return 200, answer(read_query(call.query), sources, call.organization.id), {}


def _shown_user(call: Call, row: ScimUser, status: int) -> Answer:
    fresh = status == 201 and row.version == 1  # nobody new is in a group
    resource = user_resource(row, (), base()) if fresh else show_users([row], call.projection, base())[0]
    headers = {"ETag": etag(row.version), "Location": resource["meta"]["location"]}
    return status, call.projection.of(resource, USERS), headers


def _create_user(call: Call) -> Answer:
    return _shown_user(call, users.create(body=call.body, **call.writes), 201)


def _get_user(call: Call, name: str) -> Answer:
    row = users.load(call.organization.id, name)
    if _matches(call.if_none_match, row.version):
        return 304, None, {"ETag": etag(row.version)}
    return _shown_user(call, row, 200)


def _patch_user(call: Call, name: str) -> Answer:
    operations = patch.read(call.body, USERS)
    return _shown_user(call, users.patch(row=_held_user(call, name), operations=operations, **call.writes), 200)


def _delete_user(call: Call, name: str) -> Answer:
    users.delete(row=_held_user(call, name), **call.writes)
    return 204, None, {}


def _held_user(call: Call, name: str) -> ScimUser:
    limits.lock(call.organization.id, SEATS)  # before the row, as a create does: two writes never wait for each other in a circle
    row = users.load(call.organization.id, name, lock=True)
    require_version(call.if_match, row.version)
    return row


def _shown_group(call: Call, row: ScimGroup, status: int) -> Answer:
    resource = show_groups([row], call.projection, base())[0]
    headers = {"ETag": etag(row.version), "Location": resource["meta"]["location"]}
    return status, call.projection.of(resource, GROUPS), headers


def _create_group(call: Call) -> Answer:
    return _shown_group(call, groups.create(body=call.body, **call.writes), 201)


def _get_group(call: Call, name: str) -> Answer:
    row = groups.load(call.organization.id, name)
    if _matches(call.if_none_match, row.version):
        return 304, None, {"ETag": etag(row.version)}
    return _shown_group(call, row, 200)


def _patch_group(call: Call, name: str) -> Answer:
    """204: nobody wants ten thousand members back for each that comes. Who asks for attributes gets them (RFC 7644 §3.5.2)."""
    operations = patch.read(call.body, GROUPS)
    row = groups.patch(row=_held_group(call, name), operations=operations, **call.writes)
    if call.projection.only or call.projection.without:
        return _shown_group(call, row, 200)
    return 204, None, {"ETag": etag(row.version)}


def _delete_group(call: Call, name: str) -> Answer:
    groups.delete(row=_held_group(call, name), **call.writes)
    return 204, None, {}


def _held_group(call: Call, name: str) -> ScimGroup:
    limits.lock(call.organization.id, SEATS)
    row = groups.load(call.organization.id, name, lock=True)
    require_version(call.if_match, row.version)
    return row


def _matches(given: str, version: int) -> bool:
    """Whether a list of ETags names this version; compared weakly (RFC 9110 §8.8.3.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")} if given else set()
    return "*" in tags or f'"{version}"' in tags


def is_met(if_match: str, version: int) -> bool:
    """Whether this is the version that the client has seen, where it says which."""
    return not if_match or _matches(if_match, version)


def require_version(if_match: str, version: int) -> None:
    """Raises Problem 412 when the client has seen another version."""
    if not is_met(if_match, version):
        raise Problem(412, "version_stale", "Somebody changed this resource meanwhile. Load it again.", headers={"ETag": etag(version)})
