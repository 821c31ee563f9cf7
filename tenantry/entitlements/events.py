"""What this room records, and what of it the world outside can hear."""

from __future__ import annotations

from ninja import Schema

from tenantry.audit.catalogue import publish, register

register(
    "settings",
    entitlement__limit_set="A limit was set.",
    entitlement__override_lifted="An override of a limit was lifted.",
    entitlement__plan_applied="The limits of a plan were applied.",
    entitlement__limit_reached="The last free one of a limited resource was taken.",
    usage__acquired="A resource was acquired.",
    usage__released="A resource was released.",
    usage__reconciled="The list of acquired resources was replaced.",
)


class LimitData(Schema):
    """All that is included is taken: the next one is refused until one is freed or the limit is raised."""

    resource_type: str
    limit: int


publish(
    "entitlement.limit_reached", meaning="The last free seat or unit was taken.",
    when="At the moment the count reaches the limit; not again for each refusal.",
    data=LimitData, example={"resource_type": "seat:member", "limit": 25},
    build=lambda event, tally: {"resource_type": tally.resource_type, "limit": event.changes["used"]["after"]},
)  # fmt: skip
