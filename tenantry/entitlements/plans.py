"""Plan templates: the limits that a plan sets. A type that is missing is unlimited."""

from __future__ import annotations

from typing import Final

PLANS: Final[dict[str, dict[str, int]]] = {
    "free": {"seat:total": 5, "seat:admin": 1, "quota:project": 1},
    "team": {"seat:member": 25, "seat:admin": 3, "quota:project": 10},
    "business": {"seat:member": 250, "seat:admin": 10, "quota:project": 50},
    "enterprise": {},
}
SEATS: Final = ("seat:admin", "seat:member", "seat:total")
LABELS: Final = {"seat:admin": "Admin seats", "seat:member": "Member seats", "seat:total": "Seats in all", "quota:project": "Projects"}


def label_of(resource_type: str) -> str:
    """How a page calls a resource type: ``quota:data_room`` is “Data room”."""
    return LABELS.get(resource_type) or resource_type.partition(":")[2].replace("_", " ").capitalize()


def noun_of(resource_type: str) -> str:
    """For sentences with a number before it: ``admin seats``, ``projects``, ``of quota:data_room``."""
    known = LABELS.get(resource_type)
    return known.lower().removesuffix(" in all") if known else f"of {resource_type}"
