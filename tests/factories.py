"""Organizations and people made through the services, for tests that are about something else."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from tenantry.audit.services import CLI, Actor
from tenantry.kit import crypto
from tenantry.kit.ids import new_id
from tenantry.mail.models import Message, Suppression
from tenantry.organizations import services
from tenantry.organizations.authority import SYSTEM_AUTHORITY
from tenantry.organizations.membership import ADD, settle
from tenantry.organizations.models import Membership, Organization
from tenantry.people.models import User
from tenantry.people.users import ensure_user
from tenantry.sso.models import Connection, Identity

OPERATOR = Actor("system", None, "Test", "cli")


def organization(
    name: str, people: Mapping[str, str] | None = None, *, active: bool = True, plan: str = "", **values: Any
) -> tuple[Organization, dict[str, Membership]]:
    """An organization and its members by role (``{"owner": "ada@contoso.example"}``). Call inside a scope."""
    made = services.found(
        values={"name": name, "country": "IN", "default_currency": "INR", **values}, owner=None, plan=plan, actor=OPERATOR
    )
    if active:
        made = services.transition(organization=made, act="approve", actor=OPERATOR)
    return made, {role: member(made, email, role) for role, email in (people or {}).items()}


def member(of: Organization, email: str, role: str = "learner", *, service: bool = False) -> Membership:
    """A member. Call inside a scope."""
    user, _ = ensure_user(email=email, actor=CLI)
    return settle(ADD, organization=of, user=user, role=role, authority=SYSTEM_AUTHORITY, actor=OPERATOR, service=service)


def dead_job(tenant_id: UUID | None, *, attempts: int = 6) -> int:
    """A job that has given up, as a worker would have left it; tried again it finds nothing to do and succeeds. Returns its id."""
    job_id = 10**15 + secrets.randbelow(10**15)  # a number that stands nowhere else, for those who look for it
    arguments = {"message_id": str(new_id())} | ({"tenant_id": str(tenant_id)} if tenant_id else {})
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into procrastinate_jobs (id, queue_name, task_name, args, status, attempts) "
            "values (%s, 'mail', 'tenantry.mail.tasks.send', %s, 'failed', %s)",
            [job_id, json.dumps(arguments), attempts],
        )
        cursor.execute(
            "insert into jobs_failure (job_id, attempt, kind, message, traceback, lost, failed_at) "
            "values (%s, %s, 'ConnectionRefusedError', '[Errno 111] Connection refused', %s, 0, now())",
            [job_id, attempts, 'Traceback (most recent call last):\n  File "smtplib.py", line 341, in connect\nConnectionRefusedError'],
        )
    return job_id


def learners(of: Organization, count: int, *, stem: str = "learner") -> list[Membership]:
    """``count`` learners. Call inside a scope."""
    return [member(of, f"{stem}{number:03}@contoso.example") for number in range(count)]


def suppressed(address: str) -> str:
    """An entry of the suppression list; returns its ``sup_`` identifier. Call inside a scope."""
    row = Suppression(address=address, reason="bounce", provider="postmark", detail="550 5.1.1 unknown")
    row.save(force_insert=True)
    return row.public_id


def failed_mail(address: str) -> str:
    """A mail that was given up; returns its ``msg_`` identifier. Call inside a scope."""
    row = Message(to=address, subject="Hello", template="test", status="failed", code="unreachable", error="Connection refused")
    row.sealed_body = crypto.seal(b'{"text": "", "html": ""}', keys=settings.SECRETS_KEYS, context=f"mail {row.id}")
    row.save(force_insert=True)
    return row.public_id


def linked(of: Organization, user: User) -> str:
    """A person's account at the organization's first identity provider; returns its ``idn_`` identifier. Call inside a scope."""
    connection = Connection.objects.filter(organization=of).order_by("id")[0]
    row = Identity(organization=of, connection=connection, subject=user.email, user=user)
    row.save(force_insert=True)
    return row.public_id
