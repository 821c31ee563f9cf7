"""The standing cast: who they are is the same in every test, their tenant is each test's own.

Contoso is the organization that most tests look at; Fabrikam is another customer of the same vendor. Everybody is an
HTTP client that is signed in already, by a session cookie (people) or a bearer key (``admin``).
"""

from __future__ import annotations

import json
import os
import re
import secrets
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from django.db import connection

from tenantry.access.keys import create_key
from tenantry.audit.services import CLI
from tenantry.mail.models import Message
from tenantry.mail.services import read_body
from tenantry.organizations.models import Membership, Organization
from tenantry.people.models import User
from tenantry.people.sessions import COOKIE, start_session
from tenantry.people.staff import add_staff
from tenantry.people.users import ensure_user
from tenantry.tenancy.scope import Scope, scope
from tenantry.tenancy.services import create_tenant, move_clock

from . import factories
from .threads import Threads

MAIL_SECONDS = 15
# The tests' servers speak plain HTTP. By itself every client would read the machine's certificates, which takes longer than all it does.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_WAITING = """
select task_name, status from procrastinate_jobs
 where args->>'tenant_id' = %s and (status = 'doing' or status = 'todo' and (scheduled_at is null or scheduled_at <= now()))
"""


class Client(httpx.Client):
    """Somebody at the API of one tenant. ``me`` is the user, if it is one."""

    me: User

    def __init__(self, url: str, *, key: str = "", session: str = "") -> None:
        token = secrets.token_hex(16)
        headers = {"X-CSRFToken": token} | ({"Authorization": f"Bearer {key}"} if key else {})
        cookies = {"tenantry_csrf": token} | ({COOKIE: session} if session else {})
        super().__init__(
            base_url=url, headers=headers, cookies=cookies, timeout=60, verify=NO_CERTIFICATES, limits=httpx.Limits(max_connections=80)
        )
        self.key = key

    @property
    def id(self) -> str:
        """The person's ``usr_`` identifier."""
        return self.me.public_id

    @property
    def email(self) -> str:
        return self.me.email


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that an answer is this problem, in the shape of RFC 9457; returns its body."""
    assert response.status_code == status, f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
    assert response.headers["content-type"] == "application/problem+json", response.headers
    body: dict[str, Any] = response.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["type"].endswith(f"/{code}")
    assert body["title"]
    assert body["detail"]
    return body


def ok(response: httpx.Response, status: int = 200) -> Any:
    """Assert a success; returns its JSON, or None when there is none."""
    assert response.status_code == status, f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
    return response.json() if response.content else None


def queries(response: httpx.Response) -> int:
    """How many statements the request cost."""
    found = re.search(r'db;desc="(\d+) queries"', response.headers.get("server-timing", ""))
    assert found, response.headers
    return int(found[1])


def race(*calls: Callable[[], Any]) -> list[Any]:
    """Start these calls at the same moment, each in a thread; their results in order."""
    import threading

    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        return call()

    with Threads(len(calls)) as pool:
        return list(pool.map(run, calls))


@dataclass(frozen=True)
class Tenant:
    """One test's workspace."""

    id: UUID
    slug: str

    @classmethod
    def make(cls, slug: str) -> Tenant:
        """Through the platform role, as an operator would."""
        return cls(create_tenant(slug=slug, name="Northwind", sandbox=True), slug)

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"{os.environ['TENANTRY_TEST_URL']}/t/{self.slug}"

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    def scope(self, **options: Any) -> AbstractContextManager[Scope]:
        """A transaction that sees this tenant, as the application's own role."""
        return scope(self.id, **options)

    def move_clock(self, **by: float) -> None:
        """Let the tenant's clock run ahead by so much in all: ``days=15``."""
        move_clock(slug=self.slug, by=timedelta(**by))

    def nobody(self) -> Client:
        return Client(self.api)

    def sign_in(self, email: str, *, name: str = "") -> Client:
        """A client with a session of this person, who is made known if need be."""
        with self.scope():
            user, _ = ensure_user(email=email, name=name, actor=CLI)
            return self._session(user)

    def _session(self, user: User) -> Client:
        client = Client(self.api, session=start_session(user=user, method="link")[1])
        client.me = user
        return client

    def key(self, role: str = "admin", *, scopes: list[str] | None = None) -> Client:
        """A client with a new staff key."""
        with self.scope():
            return Client(self.api, key=create_key(name=f"{role} key", staff_role=role, scopes=scopes, actor=CLI)[1])

    def organization_key(self, organization: Organization | UUID, *, scopes: list[str] | None = None) -> Client:
        """A client with a new key of one organization."""
        organization_id = getattr(organization, "id", organization)
        with self.scope():
            return Client(self.api, key=create_key(name="Contoso's key", organization_id=organization_id, scopes=scopes, actor=CLI)[1])

    def staff(self, email: str, role: str) -> Client:
        """A client with a session of somebody who works for the vendor."""
        with self.scope():
            return self._session(add_staff(email=email, role=role, actor=CLI).user)

    def mails_for(self, address: str) -> list[dict[str, str]]:
        """Mails to an address so far, the latest first: ``{"subject", "text", "html"}``."""
        with self.scope():
            found = Message.objects.filter(to=address).order_by("-id")
            return [{"subject": row.subject, "template": row.template, **read_body(row)} for row in found]

    def mail_for(self, address: str, *, count: int = 1) -> dict[str, str]:
        """The latest mail to an address, once there are ``count``: the worker writes some of them a moment later."""
        until = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < until:
            if len(found := self.mails_for(address)) >= count:
                return found[0]
            time.sleep(0.05)
        raise AssertionError(f"no {count} mails for {address} within {MAIL_SECONDS} s; there are {self.mails_for(address)}")

    def jobs_done(self) -> None:
        """Wait until the worker has taken every job of this tenant that is due."""
        until = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < until:
            with self.scope(), connection.cursor() as cursor:
                cursor.execute(_WAITING, [str(self.id)])
                if not (waiting := cursor.fetchall()):
                    return
            time.sleep(0.05)
        raise AssertionError(f"the worker didn't come to {waiting} within {MAIL_SECONDS} s")

    def invitation_token(self, address: str, *, count: int = 1) -> str:
        """The token in the latest invitation mail to an address."""
        text = self.mail_for(address, count=count)["text"]
        found = re.search(r"https?://\S+/invitations?/([A-Za-z0-9_-]{20,})", text)
        assert found, text
        return found[1]


class Cast:
    """Everybody, with the organizations they stand in."""

    ROLES = ("owner", "maintainer", "billing_admin", "manager", "expert", "learner", "support")

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self._other: tuple[Tenant, Client, Organization] | None = None
        with tenant.scope():
            self.contoso, members = factories.organization("Contoso", dict(zip(self.ROLES, self._addresses("contoso"), strict=True)))
            self.fabrikam, outsiders = factories.organization("Fabrikam", {"owner": "owner@fabrikam.example"})
            self._members: dict[str, Membership] = members
            self._clients = {role: tenant._session(member.user) for role, member in members.items()}
            self._clients["outsider"] = tenant._session(outsiders["owner"].user)
            key = create_key(name="admin key", staff_role="admin", actor=CLI)[1]
        self.admin = Client(tenant.api, key=key)
        self.nobody = tenant.nobody()

    @staticmethod
    def _addresses(name: str) -> list[str]:
        return [f"{role.replace('_', '.')}@{name}.example" for role in Cast.ROLES]

    def __getitem__(self, role: str) -> Client:
        return self._clients[role]

    def member(self, role: str) -> Membership:
        """Contoso's member with this role, as made at the start."""
        return self._members[role]

    @property
    def org(self) -> str:
        """Contoso's address below the API: ``/organizations/org_…``."""
        return f"/organizations/{self.contoso.public_id}"

    @property
    def owner(self) -> Client:
        return self._clients["owner"]

    @property
    def maintainer(self) -> Client:
        return self._clients["maintainer"]

    @property
    def billing_admin(self) -> Client:
        return self._clients["billing_admin"]

    @property
    def manager(self) -> Client:
        return self._clients["manager"]

    @property
    def learner(self) -> Client:
        return self._clients["learner"]

    @property
    def outsider(self) -> Client:
        """The owner of Fabrikam, of the same tenant."""
        return self._clients["outsider"]

    @property
    def other_owner(self) -> Client:
        """An owner in another tenant, at that tenant's address."""
        return self._other_tenant()[1]

    @property
    def other_tenant(self) -> Tenant:
        return self._other_tenant()[0]

    def _other_tenant(self) -> tuple[Tenant, Client, Organization]:
        if self._other is None:
            other = Tenant.make(f"o-{secrets.token_hex(8)}")
            with other.scope():
                made, members = factories.organization("Litware", {"owner": "owner@litware.example"})
                self._other = other, other._session(members["owner"].user), made
        return self._other

    def member_at(self, role: str) -> str:
        """The address of Contoso's member with this role below the API."""
        return f"{self.org}/members/{self._members[role].public_id}"

    def actions(self) -> list[str]:
        """What the record says of Contoso, the earliest first."""
        rows = ok(self.admin.get(f"{self.org}/audit-events", params={"limit": 200}))["data"]
        return [row["action"] for row in reversed(rows)]

    def close(self) -> None:
        for client in (*self._clients.values(), self.admin, self.nobody, *([self._other[1]] if self._other else [])):
            client.close()


def lines(text: str) -> list[Any]:
    """JSON Lines as objects."""
    return [json.loads(line) for line in text.splitlines()]
