"""An organization's own rate limits: staff set any number, an owner sets one within the bounds that staff gave."""

from __future__ import annotations

from uuid import UUID

from .models import Allowance
from .rates import Rule


def limit_of(organization_id: UUID, rule: Rule) -> int:
    """What rules now for one organization: its own number, or the installation's within the bound that staff set."""
    own = Allowance.objects.filter(organization_id=organization_id).first()
    return effective(own, rule)


def effective(own: Allowance | None, rule: Rule) -> int:
    """The same for an allowance at hand."""
    if own is None:
        return rule.limit
    number: int = own.limits.get(rule.name, min(rule.limit, own.bounds.get(rule.name, rule.limit)))
    return number
