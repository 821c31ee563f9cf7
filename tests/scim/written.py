"""What the database holds of a directory's person, to hold two ways to it against each other."""

from __future__ import annotations

import json
import re
from typing import Any

from tenantry.audit.models import Event
from tenantry.organizations.models import Membership
from tenantry.scim.models import ScimUser
from tenantry.webhooks.models import Delivery

from ..people import Cast
from .directory import Directory

# Of a delivery: the rest changes as soon as a worker tries it.
_LASTING = (
    "tenant_id",
    "organization_id",
    "endpoint_id",
    "event_id",
    "event_type",
    "body",
    "synthetic",
    "created_at",
    "endpoint__state",
    "status",
)


def plain(value: Any, name: str) -> Any:
    """Without what differs from one person to the next: ids, moments, names."""
    text = json.dumps(value, default=str, sort_keys=True, ensure_ascii=False).replace(name, "NAME").replace(name.upper(), "NAME")
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}", "UUID", text)
    return json.loads(re.sub(r"\b([a-z]{3})_[0-9a-z]{26}\b", r"\1_ID", re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)", "MOMENT", text)))


def written(cast: Cast, directory: Directory, address: str, name: str) -> Any:
    """Everything that the database holds of a person, but for what differs from one to the next."""
    with cast.tenant.scope():
        row = ScimUser.objects.filter(organization_id=directory.organization_id, user_name=address)
        member = Membership.objects.filter(organization_id=directory.organization_id, user__email=address)
        events = Event.objects.filter(target_label__istartswith=address).order_by("id")
        deliveries = Delivery.objects.filter(event_id__in=events.values("id")).order_by("endpoint_id", "event_id")
        users = ("user__name", "user__email", "user__status", "user__generation", "user__password")
        written = {
            "row": list(row.values()), "member": list(member.values()), "user": list(member.values(*users)),
            "events": list(events.values()),
            "deliveries": [{**each, "body": json.loads(each["body"])} for each in deliveries.values(*_LASTING)],
        }  # fmt: skip
    return plain(written, name)
