"""Every setting an operator can make, typed, read once from the environment (docs/operations.md)."""

from __future__ import annotations

import os
import re
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
_ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")


class Environment(BaseSettings):
    """Settings are ``TENANTRY_…`` variables; ``DATABASE_URL``, ``REDIS_URL`` and ``PORT`` keep their customary names.

    Any of them may also be a file of that name in the folder ``TENANTRY_SECRETS_DIR``; the variable goes first.
    """

    model_config = SettingsConfigDict(env_prefix="TENANTRY_", extra="ignore")

    mode: Literal["development", "test", "production"] = "development"
    home: Path = ROOT / ".data"
    tenancy: Literal["single", "multi"] = "single"
    host_orgs: Literal["on", "off"] = "off"
    directory: Literal["on", "off"] = "on"
    signup: Literal["on", "off"] = "on"
    public_url: str = ""
    port: int = Field(8000, validation_alias=AliasChoices("PORT", "TENANTRY_PORT"))
    workers: int = 1
    log_level: str = "INFO"
    allowed_hosts: str = "*"
    trusted_proxies: int = Field(0, description="How many proxies in front append to X-Forwarded-For.")
    country_header: str = Field("", description="A header in which a trusted proxy names the caller's country, such as CF-IPCountry.")
    embed_origins: str = Field("", description="Sites that may show the directory in a frame, as origins.")

    database_url: SecretStr | None = Field(None, validation_alias=AliasChoices("DATABASE_URL", "TENANTRY_DATABASE_URL"))
    database_password: SecretStr | None = Field(None, description="Password of the three roles; none: socket trust.")
    database_pool: int = 16

    secrets_key: SecretStr | None = Field(None, description="Master secrets, newest first, separated by commas.")
    worker_timeout: float = Field(30, ge=1, description="Seconds of silence after which a worker counts as dead.")
    metrics_token: SecretStr | None = Field(None, description="What /metrics is read with; none: there is no /metrics.")

    mail_url: SecretStr | None = Field(None, description="smtp://user:password@host:port?tls=starttls|implicit|none")
    mail_from: str = "Tenantry <tenantry@localhost>"
    allow_loopback_webhooks: Literal["on", "off"] = Field("off", description="Webhooks to http://127.0.0.1; never in production.")

    @model_validator(mode="after")
    def _guard_the_own_machine(self) -> Self:
        if self.loopback_webhooks and not self.developing:
            raise SystemExit("TENANTRY_ALLOW_LOOPBACK_WEBHOOKS is for development: in production it opens this machine to its tenants.")
        return self

    rate_limits: str = Field("", description="Other numbers than those of access/rates.py: sign_in=10/15m,exports=2/24h")
    dns_resolver: str = Field("", description="Name servers that proofs of domains are looked up at, as 192.0.2.53 or 192.0.2.53:5353.")
    redis_url: SecretStr | None = Field(None, validation_alias=AliasChoices("REDIS_URL", "TENANTRY_REDIS_URL"))

    @property
    def multi(self) -> bool:
        return self.tenancy == "multi"

    @property
    def loopback_webhooks(self) -> bool:
        return self.allow_loopback_webhooks == "on"

    @property
    def developing(self) -> bool:
        return self.mode != "production"

    @property
    def base_url(self) -> str:
        """The address under which people reach this installation, without a trailing slash."""
        return self.public_url.rstrip("/") or f"http://127.0.0.1:{self.port}"

    @field_validator("embed_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        """They go into a header as they are, so nothing else may be in them."""
        found = value.replace(",", " ").split()
        if wrong := [origin for origin in found if not _ORIGIN.fullmatch(origin)]:
            raise ValueError(f"{wrong[0]} is no origin; one is https://www.example.com, without a path")
        return " ".join(found)

    @property
    def framed_by(self) -> tuple[str, ...]:
        """The origins of ``embed_origins``."""
        return tuple(self.embed_origins.split())

    def secrets_keys(self) -> list[str]:
        """The master secrets, newest first. Development makes one and keeps it in the data folder."""
        if self.secrets_key:
            return [key.strip() for key in self.secrets_key.get_secret_value().split(",") if key.strip()]
        if not self.developing:
            raise SystemExit("TENANTRY_SECRETS_KEY is not set. Make one with: openssl rand -base64 32")
        path = self.home / "secrets.key"
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32))
        return [path.read_text().strip()]


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The settings of this process."""
    folder = os.environ.get("TENANTRY_SECRETS_DIR") or None
    if folder and not Path(folder).is_dir():
        raise SystemExit(f"TENANTRY_SECRETS_DIR names {folder}, which is no folder.")
    return Environment(_secrets_dir=folder)  # type: ignore[call-arg]  # the rest from the environment, not from here
