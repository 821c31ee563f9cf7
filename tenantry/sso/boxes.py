"""A connection's secrets under seal: the client secret, and the private key that is ours."""

from __future__ import annotations

from django.conf import settings

from tenantry.kit import crypto

from .models import Connection


def close_key(connection: Connection, plain: str) -> bytes:
    """Seal our private key (PEM) so that it opens for this connection alone."""
    return crypto.seal(plain.encode(), keys=settings.SECRETS_KEYS, context=f"sso_key {connection.id}")


def open_key(connection: Connection) -> str:
    """Our private key as PEM; empty when there is none. Raises ``crypto.Unreadable``."""
    if not connection.sealed_own_key:
        return ""
    return crypto.unseal(bytes(connection.sealed_own_key), keys=settings.SECRETS_KEYS, context=f"sso_key {connection.id}").decode()


def close_secret(connection: Connection, plain: str) -> bytes:
    """Seal the client secret so that it opens for this connection alone."""
    return crypto.seal(plain.encode(), keys=settings.SECRETS_KEYS, context=f"sso_secret {connection.id}")


def open_secret(connection: Connection) -> str:
    """The client secret; empty when there is none. Raises ``crypto.Unreadable``."""
    if not connection.sealed_client_secret:
        return ""
    return crypto.unseal(bytes(connection.sealed_client_secret), keys=settings.SECRETS_KEYS, context=f"sso_secret {connection.id}").decode()
