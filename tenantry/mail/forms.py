"""The form of the mail settings: the fields of one transport at a time."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings as installation

from tenantry.tenancy.settings import Group

from .providers import PROVIDERS, Provider, usable
from .routes import CONSOLE, ENVIRONMENT, SMTP
from .settings import TLS, Wanted

_KEPT = "One is kept. Leave this empty to keep it, or type a new one."


def transports() -> list[tuple[str, str]]:
    """What can be chosen, as ``(name, label)``."""
    named = [(name, provider.label) for name, provider in PROVIDERS.items() if usable(name)]
    log = [(CONSOLE, "The log (development)")] if installation.ENVIRONMENT.developing else []
    return [(ENVIRONMENT, "The installation's"), (SMTP, "SMTP server"), *named, *log]


def _secret(label: str, *, kept: bool, required: bool) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(
        label=label, max_length=4000, required=required and not kept, strip=False, widget=widget, help_text=_KEPT if kept else ""
    )


class MailForm(forms.Form):
    """``transport`` decides which fields there are; ``kept`` is what was saved, and fills them where it is of the same transport."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *, transport: str, kept: Group, data: Any = None, editable: bool = True) -> None:
        self.transport = transport
        saved = kept.values if kept.values.get("transport") == transport else {}
        secrets = kept.secrets if saved else {}
        shown = {name: value for name, value in kept.values.items() if name in ("from_email", "from_name", "reply_to")}
        options = {f"options_{name}": value for name, value in (saved.get("options") or {}).items()}
        super().__init__(data, initial={"tls": "starttls", **shown, **saved, **options, "version": kept.version})
        if transport == SMTP:
            self.fields.update(_smtp_fields("password" in secrets))
        elif transport in PROVIDERS:
            self.fields.update(_provider_fields(PROVIDERS[transport], secrets))
        if transport != ENVIRONMENT:
            self.fields.update(_sender_fields())
        for field in self.fields.values():
            field.disabled = field.disabled or not editable

    def server(self) -> list[Any]:
        """The bound fields that say whom mails are handed to."""
        return [self[name] for name in self.fields if name != "version" and name not in _SENDER]

    def sender(self) -> list[Any]:
        """The bound fields that say whom mails come from."""
        return [self[name] for name in self.fields if name in _SENDER]

    def wanted(self) -> Wanted:
        """What was typed, as the service takes it."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "version"}
        options = {name.removeprefix("options_"): given.pop(name) for name in list(given) if name.startswith("options_")}
        return Wanted(self.transport, options=options, **given)


_SENDER = ("from_email", "from_name", "reply_to")


def _sender_fields() -> dict[str, forms.Field]:
    return {
        "from_email": forms.CharField(label="Address", max_length=254, widget=forms.EmailInput, help_text="The server must let it send."),
        "from_name": forms.CharField(label="Name", max_length=120, required=False, help_text="Empty for the program's name."),
        "reply_to": forms.CharField(
            label="Answers go to", max_length=254, required=False, widget=forms.EmailInput, help_text="Empty for the support address."
        ),
    }


def _smtp_fields(kept: bool) -> dict[str, forms.Field]:
    return {
        "host": forms.CharField(label="Server", max_length=253),
        "tls": forms.ChoiceField(label="Encryption", choices=list(TLS.items())),
        "port": forms.IntegerField(label="Port", required=False, min_value=1, max_value=65535, help_text="Empty: 587, or 465 with TLS."),
        "username": forms.CharField(label="User name", max_length=254, required=False),
        "password": _secret("Password", kept=kept, required=False),
    }


def _provider_fields(provider: Provider, secrets: Any) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {"token": _secret(provider.key_label, kept="token" in secrets, required=True)}
    if provider.second:
        fields["password"] = _secret(provider.second_label, kept="password" in secrets, required=True)
    for option in provider.options:
        fields[f"options_{option.name}"] = forms.CharField(
            label=option.label, max_length=500, required=option.required, help_text=option.hint
        )
    return fields
