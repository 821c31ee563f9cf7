"""Work of this room that no request waits for."""

from __future__ import annotations

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from tenantry.tenancy.scope import scope

from .links import send_link


@app.task(queue="mail", retry=RetryStrategy(max_attempts=3, wait=5))
def mail_sign_in_link(tenant_id: str, email: str, next_path: str) -> None:
    """Look the person up and mail the link. The request that asked did the same work for known and unknown addresses."""
    with scope(UUID(tenant_id)):
        send_link(email=email, next_path=next_path)
