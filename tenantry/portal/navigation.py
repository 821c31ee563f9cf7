"""Where one can go: the sidebar's entries, and which of them this person sees on this page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from django.conf import settings
from django.template import Context
from django.urls import NoReverseMatch, reverse

from tenantry.organizations.domains.joining import waiting
from tenantry.organizations.queries import pending_seats

Plane = Literal["organization", "staff", "account"]


@dataclass(frozen=True, slots=True)
class NavEntry:
    """One line of the sidebar. It is shown to whoever holds one of ``permissions`` (empty: to everyone there)."""

    plane: Plane
    label: str
    icon: str
    url_name: str
    permissions: tuple[str, ...] = ()
    section: str = ""


# Addresses of the organization plane take the organization's slug. The order here is the order on the page.
ENTRIES: tuple[NavEntry, ...] = (
    NavEntry("organization", "Home", "home", "organization_home"),
    NavEntry("organization", "Members", "members", "members", ("members:directory",), "People"),
    NavEntry("organization", "Invitations", "invite", "invitations", ("invitations:read",), "People"),
    NavEntry("organization", "Join requests", "user", "join_requests", ("invitations:read",), "People"),
    NavEntry("organization", "Roles", "roles", "roles", ("roles:read",), "People"),
    NavEntry("organization", "Billing & usage", "billing", "billing", ("entitlements:read", "usage:read"), "Account"),
    NavEntry("organization", "API keys", "key", "keys", ("keys:read",), "Integration"),
    NavEntry("organization", "Webhooks", "webhook", "webhooks", ("webhooks:read",), "Integration"),
    NavEntry("organization", "Domains", "globe", "domains", ("identity:read",), "Security"),
    NavEntry("organization", "Single sign-on", "shield", "sso", ("identity:read",), "Security"),
    NavEntry("organization", "Directory sync", "sync", "scim_overview", ("identity:read",), "Security"),
    NavEntry("organization", "Sign-in", "lock", "sign_in_policy", ("identity:read",), "Security"),
    NavEntry("organization", "Support access", "eye", "support_access", ("identity:read",), "Security"),
    NavEntry("organization", "Audit log", "audit", "audit", ("audit:read_operations", "audit:read_money"), "Security"),
    NavEntry("organization", "Settings", "settings", "settings", ("settings:read",), "Security"),
    NavEntry("staff", "Home", "home", "staff_home", ("organizations:list",), "Staff console"),
    NavEntry("staff", "Organizations", "building", "staff_organizations", ("organizations:list",), "Staff console"),
    NavEntry("staff", "Users", "users", "staff_users", ("users:read",), "Staff console"),
    NavEntry("staff", "Opened as members", "eye", "staff_impersonations", ("impersonation:write",), "Staff console"),
    NavEntry("staff", "Staff", "shield", "staff_staff", ("staff:read",), "Staff console"),
    NavEntry("staff", "API keys", "key", "staff_keys", ("keys:read",), "Staff console"),
    NavEntry("staff", "Maintenance", "pause", "staff_maintenance", ("maintenance:read",), "Staff console"),
    NavEntry("staff", "Jobs", "clock", "staff_jobs", ("jobs:read",), "Staff console"),
    NavEntry("staff", "Webhooks", "webhook", "staff_webhooks", ("webhooks:read",), "Staff console"),
    NavEntry("staff", "Single sign-on", "lock", "staff_sso", ("identity:read",), "Staff console"),
    NavEntry("staff", "Audit log", "audit", "staff_audit", ("audit:read_tenant",), "Staff console"),
    NavEntry("staff", "Program", "settings", "staff_program", ("tenant:read",), "Settings"),
    NavEntry("staff", "Mail", "mail", "staff_mail", ("tenant:read",), "Settings"),
)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as it stands on one page."""

    label: str
    icon: str
    url: str
    section: str = ""
    current: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """An organization in the switcher."""

    name: str
    role_label: str
    url: str
    current: bool


def address_of(url_name: str, **arguments: str) -> str:
    """The address of a page, or an empty string while no room serves that name."""
    try:
        return reverse(url_name, kwargs=arguments or None)
    except NoReverseMatch:
        return ""


class Shell:
    """The frame of one page, worked out when ``page.html`` asks for it.

    It reads from the template's context: ``request`` (with ``principal`` where someone is signed in),
    ``organization`` on an organization's pages, and ``nav_counts`` ({url_name: number}) where a view gives it.
    """

    def __init__(self, context: Context) -> None:
        self.request = context.get("request")
        self.organization = context.get("organization")
        self.given_counts: dict[str, int] | None = context.get("nav_counts")
        self.principal = getattr(self.request, "principal", None)
        self.user = getattr(self.principal, "user", None)
        self.staff_role: str = getattr(self.principal, "staff_role", "") or ""
        self.tenant_name: str = getattr(getattr(self.request, "tenant", None), "name", "") or "Tenantry"

    @cached_property
    def plane(self) -> Plane:
        """Staff pages are named ``staff_…``, even when they show an organization."""
        if self._page_name.startswith("staff_"):
            return "staff"
        if self.organization is not None:
            return "organization"
        return "staff" if self.staff_role else "account"

    @cached_property
    def counts(self) -> dict[str, int]:
        """What a view gave; on an organization's page also open invitations and who asks to join, for those who may see them."""
        given = self.given_counts or {}
        if self.plane != "organization" or self.organization is None or self.principal is None:
            return given
        if not self.principal.may("invitations:read", self.organization.id):
            return given
        found = {} if "invitations" in given else {"invitations": pending_seats(self.organization.id)["seat:total"]}
        asking = waiting(self.organization.id)
        return found | ({"join_requests": asking} if asking else {}) | given

    @property
    def label(self) -> str:
        return "Staff console" if self.plane == "staff" else "Organization"

    @property
    def _page_name(self) -> str:
        return getattr(getattr(self.request, "resolver_match", None), "url_name", "") or ""

    @cached_property
    def links(self) -> list[Link]:
        """The entries of this plane that this person may open, with the present one marked."""
        arguments = {"slug": self.organization.slug} if self.plane == "organization" and self.organization else {}
        open_to = [
            (entry, url)
            for entry in ENTRIES
            if entry.plane == self.plane and self._may(entry) and (url := address_of(entry.url_name, **arguments))
        ]
        here = self._present(url for _, url in open_to)
        return [
            Link(entry.label, entry.icon, url, entry.section, current=url == here, count=self.counts.get(entry.url_name))
            for entry, url in open_to
        ]

    def _may(self, entry: NavEntry) -> bool:
        if not entry.permissions:
            return True
        if self.principal is None:
            return False
        where = self.organization.id if self.plane == "organization" and self.organization else None
        return any(self.principal.may(permission, where) for permission in entry.permissions)

    def _present(self, urls: Iterable[str]) -> str:
        """The entry that this page is, or is below: the longest address that begins this one."""
        path = getattr(self.request, "path", "")
        return max((url for url in urls if path == url or path.startswith(url.rstrip("/") + "/")), key=len, default="")

    @cached_property
    def places(self) -> list[Place]:
        """The organizations of this person, for the switcher."""
        if self.user is None or self.principal is None:
            return []
        slug = self.organization.slug if self.organization else ""
        return [
            Place(own.name, own.role_label, address_of("organization_home", slug=own.slug), own.slug == slug)
            for own in self.principal.organizations()
        ]

    @property
    def switcher(self) -> tuple[str, str]:
        """Name and second line at the top of the sidebar."""
        if self.plane == "organization" and self.organization is not None:
            plan = f"{self.organization.plan.capitalize()} plan" if self.organization.plan else "No plan"
            return self.organization.name, plan
        return self.tenant_name, "Staff console" if self.plane == "staff" else "Your account"

    @cached_property
    def elsewhere(self) -> list[Link]:
        """What the switcher offers beside organizations."""
        offers = []
        if self.staff_role:
            offers.append(Link("Staff console", "shield", address_of("staff_home"), current=self.plane == "staff"))
        if settings.ENVIRONMENT.directory == "on":
            offers.append(Link("Directory", "globe", address_of("directory")))
        if self.user is not None:
            offers.append(Link("New organization", "plus", address_of("organization_new")))
        offers.append(Link("API reference", "contract", address_of("api_reference")))
        return [offer for offer in offers if offer.url]

    @property
    def user_line(self) -> str:
        """What the account button says under the name: the role here, the staff role, or the address."""
        for place in self.places:
            if place.current:
                return place.role_label
        if self.staff_role:
            return "CSM" if self.staff_role == "csm" else self.staff_role.capitalize()
        return getattr(self.user, "email", "")

    @property
    def account_url(self) -> str:
        return address_of("account")

    @property
    def sign_in_url(self) -> str:
        return address_of("sign_in")

    @property
    def sign_out_url(self) -> str:
        return address_of("sign_out")
