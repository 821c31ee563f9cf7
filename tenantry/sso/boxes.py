"""What is under seal: a connection's client secret, the private key that is ours, and the id_token of a session."""

from __future__ import annotations

from django.conf import settings

from tenantry.kit import crypto

from .models import Connection, SingleSession


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


def close_id_token(session: SingleSession, plain: str) -> bytes:
    """Seal the id_token of a sign-in so that it opens for this session's row alone."""
    return crypto.seal(plain.encode(), keys=settings.SECRETS_KEYS, context=f"sso_id_token {session.id}")


def open_id_token(session: SingleSession) -> str:
    """The id_token that the session was made by; empty when it isn't kept. Raises ``crypto.Unreadable``."""
    if not session.sealed_id_token:
        return ""
    return crypto.unseal(bytes(session.sealed_id_token), keys=settings.SECRETS_KEYS, context=f"sso_id_token {session.id}").decode()
