"""What somebody needs who has just started Tenantry for the first time: addresses, ways in, and a key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from config.environment import Environment

from .keys import new_key

if TYPE_CHECKING:
    from .demo import Demo

DEMO_SLUG = "demo"


@dataclass(frozen=True)
class Loaded:
    """A workspace with the demo in it."""

    slug: str
    demo: Demo


def load(settings: Environment, tenant: str = "") -> Loaded:
    """Load the demo into the one workspace, or, where there are several, into the named one (``demo``, made if need be)."""
    from tenantry.tenancy.models import Tenant
    from tenantry.tenancy.scope import scope
    from tenantry.tenancy.services import DEFAULT_SLUG, create_tenant

    from . import demo

    slug = (tenant or DEMO_SLUG) if settings.multi else DEFAULT_SLUG
    if settings.multi and not Tenant.objects.using("platform").filter(slug=slug).exists():
        create_tenant(slug=slug, name="Demo")
    with scope(slug):
        return Loaded(slug, demo.load())


def lines(settings: Environment, loaded: Loaded) -> list[str]:
    """The block that bin/dev ends its start with. The two links work once, for 15 minutes."""
    from tenantry.people.links import recovery_url
    from tenantry.tenancy.scope import scope

    base = settings.base_url + (f"/t/{loaded.slug}" if settings.multi else "")
    option = f" --tenant {loaded.slug}" if settings.multi else ""
    with scope(loaded.slug):
        admin = recovery_url(email=loaded.demo.admin_email)
        owner = recovery_url(email=loaded.demo.owner_email)
    return [
        "",
        f"  Tenantry is ready        {base}/",
        f"  API documentation        {base}/api/v1/docs",
        f"  Mailbox                  {base}/dev/mailbox",
        "",
        f"  Sign in as an admin      {admin}",
        f"  Sign in as an owner      {owner}",
        f"                           once each, within 15 minutes; another: bin/tenantry link {loaded.demo.admin_email}{option}",
        f"  API key (admin)          {demo_key(settings, loaded.slug)}",
        f"                           another: bin/tenantry key create --staff admin{option}",
        "",
        "  Ctrl-C stops everything.",
        "",
    ]


def demo_key(settings: Environment, slug: str) -> str:
    """The demo's API key: kept in the data folder (0600), in development only, and made again when it no longer works."""
    from tenantry.access.bearer import principal_of_key
    from tenantry.kit.problems import Problem
    from tenantry.tenancy.scope import scope

    path: Path = settings.home / ("demo.key" if not settings.multi else f"demo-{slug}.key")
    if path.exists():
        plain = path.read_text().strip()
        try:
            with scope(slug):
                principal_of_key(plain)
        except Problem:
            pass
        else:
            return plain
    plain = new_key(slug, staff_role="admin", name="demo")
    settings.home.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(plain + "\n")
    return plain
