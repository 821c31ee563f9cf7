"""The tokens of an organization's directories: made, shown once, revoked. Two work at a time, so that one can replace the other.

They are rows of ``access.ApiKey`` and share its checks: hash, expiry, networks, last use, refusals on the record.
A token belongs to the organization and not to whoever made it: people come and go by it, its maker included.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from tenantry.access.keys import fresh_key, limits_of
from tenantry.access.models import ApiKey
from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now
from tenantry.kit.problems import conflict, not_found

from .settings import held

MOST: Final = 2


def make_token(
    *, organization_id: UUID, name: str, expires_at: datetime | None = None, allowed_ips: Iterable[str] = (), owner: UUID | None,
    actor: Actor,
) -> tuple[ApiKey, str]:  # fmt: skip
    """A token for a directory: its row, and the token itself, which is never to be seen again. ``owner`` is who made it.

    Raises Problem 409 ``scim_token_limit`` when two work already, 422.
    """
    held(organization_id)
    if working(organization_id).count() >= MOST:
        raise conflict("scim_token_limit", f"{MOST} tokens work already. Revoke the one that your directory no longer uses.", limit=MOST)
    token, plain = fresh_key(
        kind=ApiKey.Kind.SCIM, name=name, organization_id=organization_id, owner=owner, expires_at=expires_at, allowed_ips=allowed_ips
    )
    record("scim_token.created", actor=actor, organization_id=organization_id, target=token, label=token.name, changes=limits_of(token))
    return token, plain


def revoke_token(*, organization_id: UUID, token_id: UUID, actor: Actor) -> None:
    """Revoke one token: its next request is 401. Raises Problem 404, 409 ``key_revoked`` when it is already."""
    token = ApiKey.objects.select_for_update().filter(kind=ApiKey.Kind.SCIM, organization_id=organization_id, id=token_id).first()
    if token is None:
        raise not_found("token")
    if token.revoked_at:
        raise conflict("key_revoked", "This token was revoked before.")
    token.revoked_at = now()
    token.save(update_fields=["revoked_at"])
    record("scim_token.revoked", actor=actor, organization_id=organization_id, target=token, label=token.name)


def working(organization_id: UUID) -> QuerySet[ApiKey]:
    """The tokens that work now."""
    return _of(organization_id).filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now()), revoked_at__isnull=True)


def list_tokens(organization_id: UUID) -> list[ApiKey]:
    """All tokens, the latest first; there are few."""
    return list(_of(organization_id).select_related("owner").order_by("-id")[:200])


def load_token(organization_id: UUID, token_id: UUID) -> ApiKey:
    """One token. Raises Problem 404."""
    found = _of(organization_id).select_related("owner").filter(id=token_id).first()
    if found is None:
        raise not_found("token")
    return found


def _of(organization_id: UUID) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(kind=ApiKey.Kind.SCIM, organization_id=organization_id)
