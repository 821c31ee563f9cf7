"""What we say about ourselves: ServiceProviderConfig, ResourceTypes and Schemas (RFC 7643 §5 to §7, RFC 9865 §3)."""

from __future__ import annotations

from typing import Any, Final

from .attributes import SCHEMAS, TYPES, Attribute, ResourceType, Schema

CONFIG: Final = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
RESOURCE_TYPE: Final = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
SCHEMA: Final = "urn:ietf:params:scim:schemas:core:2.0:Schema"
LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK_REQUEST: Final = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE: Final = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

MOST_RESULTS: Final = 1_000
PAGE: Final = 100
MOST_BULK: Final = 1_000
BULK_BYTES: Final = 1024 * 1024
BODY_BYTES: Final = 256 * 1024
GROUP_BYTES: Final = 2 * 1024 * 1024  # a full list of members


def config(base: str) -> dict[str, Any]:
    """The ServiceProviderConfig; ``base`` is the address of /scim/v2."""
    return {
        "schemas": [CONFIG],
        "patch": {"supported": True},
        "bulk": {"supported": True, "maxOperations": MOST_BULK, "maxPayloadSize": BULK_BYTES},
        "filter": {"supported": True, "maxResults": MOST_RESULTS},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "pagination": {
            "cursor": True, "index": True, "defaultPaginationMethod": "index", "defaultPageSize": PAGE, "maxPageSize": MOST_RESULTS,
        },
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken", "name": "Bearer token", "primary": True,
                "description": "A token of the organization's directory, made under “Directory sync”, as Authorization: Bearer tk_scim_…",
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }  # fmt: skip


def resource_type(kind: ResourceType, base: str) -> dict[str, Any]:
    """One ResourceType."""
    found: dict[str, Any] = {
        "schemas": [RESOURCE_TYPE], "id": kind.name, "name": kind.name, "endpoint": kind.endpoint, "description": kind.description,
        "schema": kind.core.urn,
        "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{kind.name}"},
    }  # fmt: skip
    if kind.extensions:
        found["schemaExtensions"] = [{"schema": each.urn, "required": False} for each in kind.extensions]
    return found


def resource_types(base: str) -> list[dict[str, Any]]:
    """All ResourceTypes."""
    return [resource_type(kind, base) for kind in TYPES]


def schema(of: Schema, base: str) -> dict[str, Any]:
    """One Schema."""
    return {
        "schemas": [SCHEMA], "id": of.urn, "name": of.name, "description": of.description,
        "attributes": [_attribute(each) for each in of.attributes],
        "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{of.urn}"},
    }  # fmt: skip


def schemas(base: str) -> list[dict[str, Any]]:
    """All Schemas."""
    return [schema(each, base) for each in SCHEMAS]


def _attribute(of: Attribute) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": of.name, "type": of.type, "multiValued": of.multi, "description": of.description, "required": of.required,
        "caseExact": of.case_exact, "mutability": of.mutability, "returned": of.returned, "uniqueness": of.uniqueness,
    }  # fmt: skip
    if of.canonical:
        found["canonicalValues"] = list(of.canonical)
    if of.references:
        found["referenceTypes"] = list(of.references)
    if of.sub:
        found["subAttributes"] = [_attribute(each) for each in of.sub]
    return found
