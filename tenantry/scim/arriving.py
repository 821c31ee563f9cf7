"""New people at the edge (``edge/arrival.py``): what is read before the database is asked, and the answers made of its rows.

Everything here is made in memory; the statement is migrations/0006_arrive_together.py.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from django.conf import settings

from tenantry.access.bearer import well_formed
from tenantry.access.limits import Counted
from tenantry.access.permissions import ROLES
from tenantry.access.rates import rules
from tenantry.audit.models import Event
from tenantry.kit import crypto
from tenantry.kit.answers import SCIM_MEDIA_TYPE
from tenantry.kit.ids import encode
from tenantry.organizations.models import Membership
from tenantry.people.models import User
from tenantry.tenancy.scope import entered
from tenantry.webhooks.publishing import deliveries_of

from . import users
from .making import Fresh, sent_of
from .protocol import documents
from .protocol.values import read_json
from .refusals import invalid_value
from .resources import base, etag, user_resource

_SEATS = json.dumps({role.name: role.seat for role in ROLES.values()})
_DELIVER = "insert into webhooks_delivery select (jsonb_populate_recordset(null::webhooks_delivery, %s::jsonb)).*"


@dataclass(frozen=True, slots=True)
class Arriving:
    """Somebody whom a request describes, and what the statement takes of them: what is to be written, its ids, and of what request."""

    fresh: Fresh
    entry: dict[str, Any]
    ids: dict[str, str]
    info: dict[str, Any]


class Rules:
    """What the edge is handed, which may not import this room (``config/asgi.py``)."""

    STATEMENT = """
    select * from scim_arrive(%(slug)s, %(token)s, %(caller)s::inet, %(people)s::jsonb, %(seats)s::jsonb,
        %(limit)s, %(seconds)s, %(telling)s)
    """
    MOST = documents.BODY_BYTES

    def available(self) -> bool:
        """Whether requests are counted where the statement can count them: not in Redis."""
        return settings.ENVIRONMENT.redis_url is None

    def well_formed(self, token: str) -> bool:
        """Whether this is a directory's token at all."""
        return well_formed(token, "scim")

    def read(self, body: bytes, *, request_id: str, caller: str | None, user_agent: str) -> Arriving:
        """Whom the body describes. Raises Problem for what Django has to look at, whatever it is."""
        fresh = users.fresh(read_json(body), tenant_id=None, organization_id=None)
        if fresh is None:
            raise invalid_value("This is nobody for the short way.")
        entry = sent_of(fresh)
        return Arriving(fresh, entry, entry.pop("ids"), {"request_id": request_id, "ip": caller, "user_agent": user_agent})

    def parameters(self, people: Sequence[Arriving], *, slug: str, token: str, caller: str | None) -> dict[str, Any]:
        """What the statement takes, but for ``telling``."""
        rule, sent = rules()["scim"], [{"entry": each.entry, "ids": each.ids, "info": each.info} for each in people]
        return {
            "slug": slug, "token": crypto.digest(token), "caller": caller, "people": json.dumps(sent), "seats": _SEATS,
            "limit": rule.limit, "seconds": rule.seconds,
        }  # fmt: skip

    def told(self, people: Sequence[tuple[Arriving, dict[str, Any]]]) -> tuple[LiteralString, list[Any]]:
        """The statement that writes the deliveries which tell of these people: for the transaction that made them."""
        deliveries = [delivery for each, row in people for delivery in _deliveries(each, row)]
        columns = [{field.column: getattr(each, field.attname) for field in each._meta.concrete_fields} for each in deliveries]
        return _DELIVER, [json.dumps(columns, default=str)]

    def answer(self, person: Arriving, row: dict[str, Any]) -> tuple[int, bytes, str, dict[str, str], dict[str, str]]:
        """Status, body, its type, headers, and who asked: as ``users.create`` would be answered."""
        made = person.fresh.row
        made.created_at = made.changed_at = row["moment"]
        with entered(row["tenant_id"], row["slug"], row["clock_offset"]):
            resource = user_resource(made, (), base())
        body = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
        counted = Counted(rules()["scim"], row["most"], row["used"], max(0, math.ceil(row["wait"])))
        headers = {"ETag": etag(made.version), "Location": resource["meta"]["location"], **counted.headers()}
        who = {"tenant": str(row["tenant_id"]), "actor": encode("sct", row["token_id"])}
        return 201, body, SCIM_MEDIA_TYPE, headers, who


def _deliveries(person: Arriving, row: dict[str, Any]) -> Sequence[Any]:
    """What endpoints hear of this person."""
    organization_id = row["organization_id"]
    with entered(row["tenant_id"], row["slug"], row["clock_offset"]):
        user = User(id=row["user_id"], email=person.fresh.address, name=row["user_name"])
        membership_id = UUID(person.ids["membership"])
        member = Membership(id=membership_id, organization_id=organization_id, user=user, role=row["role"], status="active")
        event = Event(
            id=UUID(person.ids["member_event"]), created_at=row["moment"], organization_id=organization_id, action="member.added",
            actor_kind="scim_token", actor_id=row["token_id"],
        )  # fmt: skip
        subscribers = [(UUID(each), UUID(whose) if whose else None, state, events) for each, whose, state, events in row["subscribers"]]
        return deliveries_of(event, member, subscribers)
