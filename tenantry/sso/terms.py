"""The terms: whoever came into the workspace by a provider accepts them once, before anything else is open to them."""

from __future__ import annotations

from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now
from tenantry.people import steps
from tenantry.people.models import Session, User
from tenantry.tenancy.scope import everywhere

from .models import Identity

NAME = "terms"


def _stand_before(user: User, session: Session) -> bool:
    if user.terms_accepted_at is not None:  # also for who goes away from the terms and comes back by another way
        return False
    with everywhere():
        return Identity.objects.filter(user=user, newcomer=True).exists()


def register() -> None:
    """Add the step to the way in."""
    steps.add_step(steps.Step(NAME, "terms", "Accept the terms of this workspace.", _stand_before, 30))


def accept(*, session: Session, user: User) -> str:
    """The person accepts; returns the name of the step that remains, or ``""``."""
    user.terms_accepted_at = now()
    user.save(update_fields=["terms_accepted_at"])
    record("user.terms_accepted", actor=Actor("user", user.id, user.email, "portal"), target=user, label=user.email)
    return steps.advance(session, user)
