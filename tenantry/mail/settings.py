"""The tenant's choice of a mail server: judged before it is saved, so that what is saved can work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from django.conf import settings

from tenantry.audit.services import Actor, difference, record
from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem
from tenantry.tenancy.settings import Group, read_group, write_group

from .guard import refusal
from .providers import PROVIDERS, usable
from .routes import CONSOLE, ENVIRONMENT, GROUP, SMTP, guards

TLS = {"starttls": "STARTTLS", "implicit": "TLS from the start", "none": "None"}
# What mail is submitted on; others are no mail servers, and a public installation is no port scanner.
PORTS = frozenset({25, 465, 587, 2465, 2525, 2587})
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody typed. An empty ``password`` or ``token`` keeps the one there is, as long as it goes to the same server."""

    transport: str
    from_email: str = ""
    from_name: str = ""
    reply_to: str = ""
    host: str = ""
    port: int | None = None
    tls: str = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict)


class _Findings:
    """Everything that is wrong, so that a form shows it at once."""

    def __init__(self) -> None:
        self.errors: list[dict[str, str]] = []

    def add(self, pointer: str, detail: str) -> None:
        self.errors.append({"pointer": pointer, "detail": detail})

    def address(self, text: str, pointer: str) -> str:
        """The address as it is stored. An empty one is empty."""
        try:
            return normalize(text, pointer=pointer) if text.strip() else ""
        except Problem as problem:
            self.add(pointer, problem.detail)
            return ""

    def settle(self) -> None:
        if self.errors:
            raise Problem(422, "validation_failed", self.errors[0]["detail"], errors=self.errors)


def change(*, wanted: Wanted, expected_version: int | None = None, actor: Actor) -> Group:
    """Save the choice. Raises Problem 422 with every wrong field's pointer, 412 ``version_stale``."""
    before = read_group(GROUP)
    judged = judge(wanted, before)
    dropped: dict[str, str | None] = dict.fromkeys(before.secrets)
    saved = write_group(GROUP, values=judged.values, secrets=dropped | judged.secrets, expected_version=expected_version)
    changes = difference(_told(before), _told(saved))
    for secret in ("password", "token"):
        if before.secrets.get(secret) != saved.secrets.get(secret):
            changes[secret] = {"before": before.secrets.get(secret), "after": saved.secrets.get(secret)}  # the record says “set”
    if changes:
        record("mail_settings.changed", actor=actor, label="Mail", changes=changes)
    return saved


_TOLD = ("transport", "from_email", "from_name", "reply_to", "host", "port", "tls", "username", "options")


def _told(group: Group) -> dict[str, Any]:
    return {name: group.values.get(name) for name in _TOLD}


def judge(wanted: Wanted, kept: Group) -> Group:
    """What would be saved, with the secrets that are kept. Raises Problem 422. Asks no server: a test mail does."""
    found = _Findings()
    if wanted.transport == ENVIRONMENT:
        return Group({"transport": ENVIRONMENT}, {}, kept.version)
    values: dict[str, Any] = {
        "transport": wanted.transport,
        "from_email": found.address(wanted.from_email, "/from_email"),
        "from_name": " ".join(wanted.from_name.split())[:120],
        "reply_to": found.address(wanted.reply_to, "/reply_to"),
    }
    secrets: dict[str, str] = {}
    if wanted.transport == SMTP:
        values |= _smtp(wanted, found)
        secrets = _kept(wanted, values, kept)
        _login(values, secrets, found)
    elif wanted.transport in PROVIDERS:
        values["options"] = _options(wanted, found)
        secrets = _kept(wanted, values, kept)
        _credentials(wanted.transport, secrets, found)
    elif wanted.transport != CONSOLE:
        found.add("/transport", f"There is no transport {wanted.transport}. Choose smtp, {', '.join(PROVIDERS)} or environment.")
    elif not settings.ENVIRONMENT.developing:
        found.add("/transport", "The log is for development: in production it would hold sign-in links.")
    if not values["from_email"] and not any(error["pointer"] == "/from_email" for error in found.errors):
        found.add("/from_email", "Mails need an address that they come from.")
    found.settle()
    return Group(values, secrets, kept.version)


def _smtp(wanted: Wanted, found: _Findings) -> dict[str, Any]:
    host, port = wanted.host.strip().lower(), wanted.port or (465 if wanted.tls == "implicit" else 587)
    if not host:
        found.add("/host", "Name the mail server.")
    elif not _is_host(host):
        found.add("/host", "That is not the name of a server, such as smtp.example.com; the port has a field of its own.")
    elif guards() and (reason := refusal(host)):
        found.add("/host", reason)
    if wanted.tls not in TLS:
        found.add("/tls", "Choose starttls, implicit or none.")
    elif wanted.tls == "starttls" and port == 465:
        found.add("/tls", "Port 465 speaks TLS from the start: choose implicit, or port 587 with starttls.")
    elif wanted.tls == "implicit" and port in (25, 587):
        found.add("/tls", f"Port {port} begins without TLS: choose starttls, or port 465 with implicit.")
    if not 1 <= port <= 65535:
        found.add("/port", "A port is a number from 1 to 65535.")
    elif guards() and port not in PORTS:
        found.add("/port", f"Mail servers listen on {', '.join(map(str, sorted(PORTS)))}.")
    return {"host": host, "port": port, "tls": wanted.tls, "username": wanted.username.strip()}


def _login(values: dict[str, Any], secrets: dict[str, str], found: _Findings) -> None:
    if values["username"] and "password" not in secrets:
        found.add("/password", "Type the password of this user on this server.")
    if secrets.get("password") and not values["username"]:
        found.add("/username", "A password goes with a user name.")
    plain = values["tls"] == "none" and values["host"] not in ("localhost", "127.0.0.1", "::1")
    if secrets and plain and not settings.ENVIRONMENT.developing:
        found.add("/tls", "Without TLS the password would travel in the clear. Choose starttls or implicit.")


def _options(wanted: Wanted, found: _Findings) -> dict[str, str]:
    provider = PROVIDERS[wanted.transport]
    if not usable(wanted.transport):
        found.add("/transport", f"{provider.label} needs the library boto3, which isn't installed here. Use its SMTP server instead.")
    known = {option.name: option for option in provider.options}
    options = {name: text.strip() for name, text in wanted.options.items() if text.strip()}
    for name in options.keys() - known.keys():
        found.add(f"/options/{name}", f"{provider.label} has no option {name}.")
    for option in provider.required:
        if option.name not in options:
            found.add(f"/options/{option.name}", f"{provider.label} needs it: {option.label}.")
    if url := options.get("api_url"):
        _api_url(url, found)
    return options


def _api_url(url: str, found: _Findings) -> None:
    read = re.fullmatch(r"(https?)://([^/:?#@\s]+)(:\d{1,5})?(/[^?#\s]*)?", url)
    if not read or not _is_host(read[2].lower()):
        found.add("/options/api_url", "That is not an address such as https://api.example.com/v1.")
    elif read[1] == "http" and not settings.ENVIRONMENT.developing:
        found.add("/options/api_url", "The token would travel in the clear: the address begins with https.")
    elif guards() and (reason := refusal(read[2].lower())):
        found.add("/options/api_url", reason)


def _credentials(name: str, secrets: dict[str, str], found: _Findings) -> None:
    provider = PROVIDERS[name]
    if not secrets.get("token"):
        found.add("/token", f"{provider.label} needs its {provider.key_label.lower()}.")
    if provider.second and not secrets.get("password"):
        found.add("/password", f"{provider.label} needs its {provider.second_label.lower()}.")


def _kept(wanted: Wanted, values: dict[str, Any], kept: Group) -> dict[str, str]:
    """The secrets that would be saved. What was typed for one account at one server isn't kept for another: whoever may change the
    host but can't read the password would otherwise have it sent to a server of theirs."""
    names = _secrets_of(wanted.transport)
    same = _account(kept.values) == _account(values)
    held = {name: kept.secrets[name] for name in names if same and name in kept.secrets}
    return held | {name: typed for name in names if (typed := getattr(wanted, name))}


def _secrets_of(transport: str) -> list[str]:
    if transport == SMTP:
        return ["password"]
    return ["token", "password"] if PROVIDERS[transport].second else ["token"]


def _account(values: Mapping[str, Any]) -> list[Any]:
    options = values.get("options") or {}
    return [values.get(name) for name in ("transport", "host", "port", "username")] + [options.get(name) for name in _ACCOUNT_OPTIONS]


_ACCOUNT_OPTIONS = ("api_url", "aws_access_key_id")


def _is_host(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.removesuffix(".").split("."))
