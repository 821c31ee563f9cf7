"""Sign-up: somebody makes a tenant of their own and is its first admin. For installations that host several."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.text import slugify

from tenantry.access import limits
from tenantry.audit.services import Actor
from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem, invalid, not_found
from tenantry.mail import services as mail
from tenantry.mail.services import Outcome
from tenantry.people.links import make_link
from tenantry.people.models import User
from tenantry.tenancy.addresses import address_in
from tenantry.tenancy.scope import current
from tenantry.tenancy.services import check_slug
from tenantry.tenancy.windows import closing, refusal

from . import installation, program
from .founding import Founder, found

SLUG_LENGTH = 30


@dataclass(frozen=True, slots=True)
class SignedUp:
    """A tenant that was made, and whether its admin's sign-in link is on its way."""

    slug: str
    url: str
    email: str
    mail: Outcome


def require_open() -> None:
    """Raises Problem 404 where there is one tenant only, 403 ``signup_closed``, 409 ``not_installed``."""
    if not settings.ENVIRONMENT.multi:
        raise not_found("page")
    if settings.ENVIRONMENT.signup != "on":
        raise Problem(403, "signup_closed", "New workspaces are made by the operator here. Ask for one.")
    installation.require_installed()


def founder_of(*, email: str, name: str) -> Founder:
    """Who becomes the first admin. Raises Problem 422."""
    cleaned = " ".join(name.split())
    if len(cleaned) > 120:
        raise invalid("A name has 1 to 120 characters.", pointer="/name", code="name_invalid")
    return Founder(normalize(email), cleaned)


def slug_of(slug: str, name: str) -> str:
    """The slug that was typed, or one made from the workspace's name."""
    return slug.strip().lower() or slugify(name)[:SLUG_LENGTH].strip("-")


def sign_up(*, email: str, name: str, workspace: str, slug: str, source: str) -> SignedUp:
    """Make a tenant and mail its admin a sign-in link; using the link is what proves the address.

    Raises Problem 403, 404, 409 ``slug_taken``, 422, 429, 503 ``maintenance``.
    """
    require_open()
    limits.count("sign_up")
    founder = founder_of(email=email, name=name)
    try:
        values = program.clean({"name": workspace})
    except Problem as problem:
        raise problem.pointing(lambda pointer: "/workspace") from problem
    slug = slug_of(slug, values["name"])
    check_slug(slug)

    outcome = mail.ON_ITS_WAY

    def invite(admin: User) -> None:
        nonlocal outcome
        if window := closing(current().windows, None, writing=True):  # a new tenant has none but the installation's
            raise refusal(window)
        outcome = mail.prospect(admin.email)
        context = {"url": make_link(user=admin), "user": admin, "address": address_in(slug, "home")}
        mail.queue(to=admin.email, subject=f"{values['name']} is ready", template="welcome", context=context)

    found(slug=slug, founder=founder, program=values, actor=Actor("system", None, "Sign-up", source), within=invite)
    return SignedUp(slug, address_in(slug, "home"), founder.email, outcome)
