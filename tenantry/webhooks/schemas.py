"""What a delivery's body looks like, for whoever receives one: a JSON Schema and an example for each public event."""

from __future__ import annotations

from typing import Any

from tenantry.audit.catalogue import PublicEvent
from tenantry.kit.ids import decode

from .publishing import envelope

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EVENT = "evt_01kxyzg5b8e2h4j6m9p1r3t7wx"
_AT = "2026-11-21T09:30:00.000Z"
_ORGANIZATION = "org_01kxyzc9m4e8pvq2h5t7r3s0ab"
_ACTOR = {"kind": "user", "id": "usr_01kxyzd0j3q5rnm8b2e6y4z1pc"}
_IDENTIFIER = "[0-7][0-9a-hjkmnp-tv-z]{25}$"


def payload_schema(public: PublicEvent) -> dict[str, Any]:
    """The JSON Schema of the whole body. It lets further members in: there will be some."""
    data = public.data.model_json_schema(mode="serialization")
    named = data.pop("$defs", {})
    schema = {
        "$schema": DIALECT,
        "title": public.name,
        "description": f"{public.meaning} {public.when}",
        "type": "object",
        "required": ["id", "type", "timestamp", "organization", "actor", "data"],
        "properties": {
            "id": {"type": "string", "pattern": f"^evt_{_IDENTIFIER}", "description": "The same in each try: tell duplicates by it."},
            "type": {"const": public.name},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "organization": {"type": ["string", "null"], "pattern": f"^org_{_IDENTIFIER}", "description": "Whose event it is, if one's."},
            "actor": {
                "type": "object",
                "description": "Who did it: `user`, `staff`, `key`, `system`…",
                "required": ["kind", "id"],
                "properties": {"kind": {"type": "string"}, "id": {"type": ["string", "null"]}},
            },
            "data": data,
            "_synthetic": {"const": True, "description": "There in test events only: nothing happened."},
        },
    }
    return schema | ({"$defs": named} if named else {})


def payload_example(public: PublicEvent) -> dict[str, Any]:
    """A body as it could be received."""
    return envelope(
        event_id=decode("evt", _EVENT), name=public.name, at=_AT, organization_id=decode("org", _ORGANIZATION), actor=dict(_ACTOR),
        data=public.example,
    )  # fmt: skip
