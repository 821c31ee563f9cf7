"""What this room records."""

from tenantry.audit.catalogue import register

register(
    "settings",
    entitlement__limit_set="A limit was set.",
    entitlement__override_lifted="An override of a limit was lifted.",
    entitlement__plan_applied="The limits of a plan were applied.",
    usage__acquired="A resource was acquired.",
    usage__released="A resource was released.",
    usage__reconciled="The list of acquired resources was replaced.",
)
