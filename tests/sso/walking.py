"""A browser on its way through single sign-on: to the built-in provider and back, form by form."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import httpx

from tenantry.kit.clock import now
from tenantry.organizations.models import Domain, Organization

from ..people import Cast, Client, Tenant, ok


def verified(of: Organization, name: str) -> None:
    """A domain that the organization holds. Call inside a scope."""
    Domain(organization=of, name=name, token="t", state="verified", method="staff", verified_at=now(), checked_at=now()).save(
        force_insert=True
    )


def connected(cast: Cast, *, domain: str = "contoso.example", mode: str = "test", **settings: Any) -> dict[str, Any]:
    """Contoso with a verified domain and the built-in provider over SAML, turned on."""
    if domain:
        with cast.tenant.scope():
            verified(cast.contoso, domain)
    made: dict[str, Any] = ok(
        cast.owner.post(f"{cast.org}/sso-connections", json={"kind": "saml", "preset": "test", "name": "Contoso IdP", **settings}), 201
    )
    assert made["state"] == "ready", made
    if mode != "off":
        ok(cast.owner.put(f"{cast.org}/sso-policy", json={"mode": mode}))
    return made


class Walk:
    """One browser of one person. ``at`` are full addresses."""

    def __init__(self, tenant: Tenant, client: Client | None = None) -> None:
        self.tenant = tenant
        self.http = client or Client(tenant.api)

    def get(self, at: str) -> httpx.Response:
        if at.startswith(f"/t/{self.tenant.slug}/"):
            at = at.removeprefix(f"/t/{self.tenant.slug}")
        return self.http.get(at if at.startswith("http") else f"{self.tenant.url}{at}")

    @property
    def api(self) -> Client:
        """The same person at the API, with the protection token that counts since the last sign-in."""
        tokens = [cookie for cookie in self.http.cookies.jar if cookie.name == "tenantry_csrf"]
        for cookie in tokens:
            self.http.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
        self.http.cookies.set("tenantry_csrf", tokens[-1].value or "")
        self.http.headers["X-CSRFToken"] = tokens[-1].value or ""
        return self.http

    def post(self, at: str, **data: str) -> httpx.Response:
        """Send a form of ours."""
        return self.api.post(f"{self.tenant.url}{at}", data=data)

    def at_provider(self, start: str) -> str:
        """Sent away by ``start``: the provider's address."""
        sent = self.get(start)
        assert sent.status_code == 302, sent.text
        return sent.headers["location"]

    def answer(self, provider: str, **person: str) -> tuple[str, dict[str, str]]:
        """Be somebody at the provider: where its page posts to, and what."""
        page = self.api.post(provider, data=person)
        found = re.search(r'<form[^>]*action="([^"]+)" data-onward>', page.text)
        assert found, page.text
        fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text[found.end() :])
        return unescape(found[1]), {name: unescape(value) for name, value in fields}

    def deliver(self, url: str, fields: dict[str, str]) -> httpx.Response:
        """The provider's page posts: from another site, so without our cookies."""
        return httpx.post(url, data=fields)

    def back(self, start: str, **person: str) -> httpx.Response:
        """All the way: what the last address of ours answers."""
        delivered = self.deliver(*self.answer(self.at_provider(start), **person))
        return self.get(delivered.headers["location"]) if delivered.status_code == 303 else delivered


def code_of(page: httpx.Response) -> str:
    """The code on a page that refuses."""
    found = re.search(r"<code data-code>(\w+)</code>", page.text)
    assert found, page.text
    return found[1]
