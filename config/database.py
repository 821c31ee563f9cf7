"""From one DATABASE_URL to the connections of the four roles.

The URL names an administrator who may create roles (the embedded server's ``postgres``). Nothing is
served as that role: each alias below connects as its own, and only migrations use ``owner``.
"""

from __future__ import annotations

from typing import Any, Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .environment import Environment

Role = Literal["app", "platform", "owner"]
ROLES: dict[Role, str] = {"app": "tenantry_app", "platform": "tenantry_platform", "owner": "tenantry_owner"}


def admin_dsn(environment: Environment) -> str:
    """The connection string given by DATABASE_URL, used to make the roles and to check them."""
    if environment.database_url is None:
        raise SystemExit("No database: DATABASE_URL is not set and the embedded server has not been started.")
    return environment.database_url.get_secret_value()


def role_dsn(environment: Environment, role: Role) -> str:
    """A libpq connection string for one of Tenantry's own roles."""
    parts: dict[str, Any] = conninfo_to_dict(admin_dsn(environment))
    parts["user"] = ROLES[role]
    parts.pop("password", None)
    if environment.database_password:
        parts["password"] = environment.database_password.get_secret_value()
    return make_conninfo(**parts)


def role_url(environment: Environment, role: Role) -> str:
    """The same as a postgresql:// address, for psql and other tools."""
    from urllib.parse import quote, urlencode

    parts = {key: str(value) for key, value in conninfo_to_dict(role_dsn(environment, role)).items()}
    user = quote(parts.pop("user"), safe="")
    password = ":" + quote(parts.pop("password"), safe="") if "password" in parts else ""
    database = quote(parts.pop("dbname", "tenantry"), safe="")
    host, port = parts.pop("host", ""), parts.pop("port", "")
    if host.startswith("/") or not host:
        parts |= {"host": host, **({"port": port} if port else {})}
        return f"postgresql://{user}{password}@/{database}?{urlencode(parts)}"
    query = f"?{urlencode(parts)}" if parts else ""
    return f"postgresql://{user}{password}@{host}{':' + port if port else ''}/{database}{query}"


def django_databases(environment: Environment) -> dict[str, dict[str, Any]]:
    """Django's DATABASES: ``default`` serves, ``aside`` outlives a refusal, ``platform`` and ``owner``."""

    def alias(role: Role, pool: int | None) -> dict[str, Any]:
        parts: dict[str, Any] = dict(conninfo_to_dict(role_dsn(environment, role)))
        options: dict[str, Any] = {"application_name": f"tenantry {role}"}
        if pool:
            options["pool"] = {"min_size": 0, "max_size": pool, "timeout": 20, "max_idle": 120}
        known = {"dbname", "user", "password", "host", "port"}
        options |= {key: value for key, value in parts.items() if key not in known}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.get("dbname", "tenantry"),
            "USER": parts["user"],
            "PASSWORD": parts.get("password", ""),
            "HOST": parts.get("host", ""),
            "PORT": str(parts.get("port", "")),
            "OPTIONS": options,
            "CONN_HEALTH_CHECKS": False,
            # PgBouncer in transaction mode keeps no server-side cursor between statements.
            "DISABLE_SERVER_SIDE_CURSORS": True,
        }

    pool = environment.database_pool
    return {
        "default": alias("app", pool),
        "aside": alias("app", max(2, pool // 2)),
        "platform": alias("platform", 4),
        "owner": alias("owner", None),
    }
