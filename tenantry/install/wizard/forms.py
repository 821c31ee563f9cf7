"""The wizard's steps as forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from tenantry.mail import routes
from tenantry.mail.routes import ENVIRONMENT
from tenantry.mail.settings import TLS, Wanted
from tenantry.workspaces.forms import ProgramForm, SlugField

from .services import AS_ENVIRONMENT


class YouForm(forms.Form):
    """Who becomes the admin."""

    name = forms.CharField(label="Your name", max_length=120)
    email = forms.EmailField(
        label="Your work e-mail", max_length=254, help_text="You sign in with it. We mail a link there when all is set up.",
        error_messages={"required": "Enter your e-mail address."},
    )  # fmt: skip


class WizardProgramForm(ProgramForm):
    """What the workspace says of itself, and its address where there are several."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if settings.ENVIRONMENT.multi:
            self.fields["slug"] = SlugField()


NEEDED = {"smtp": {"from_email", "host", "tls"}, "postmark": {"from_email", "token"}}


class MailForm(forms.Form):
    """How mails leave. The other services are chosen in Settings, Mail, once somebody is in."""

    transport = forms.ChoiceField(label="How mails leave", widget=forms.RadioSelect)
    from_email = forms.EmailField(
        label="Sender's address", max_length=254, help_text="What people see as the sender.",
        error_messages={"required": "Mails need an address that they come from."},
    )  # fmt: skip
    host = forms.CharField(label="Server", max_length=253, error_messages={"required": "Name the mail server."})
    port = forms.IntegerField(label="Port", required=False, help_text="Empty for the usual one.")
    tls = forms.ChoiceField(label="Encryption", choices=list(TLS.items()), required=False, initial="starttls")
    username = forms.CharField(label="User name", max_length=254, required=False)
    password = forms.CharField(label="Password", max_length=500, required=False, strip=False, widget=forms.PasswordInput)
    token = forms.CharField(
        label="Server token", max_length=500, widget=forms.PasswordInput, error_messages={"required": "Postmark needs its server token."}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.options = transports()
        chosen = self.data.get("transport") if self.is_bound else None
        for name in NEEDED["smtp"] | NEEDED["postmark"]:  # each is needed where it is shown
            self.fields[name].required = chosen is None or name in NEEDED.get(chosen, ())
        self.fields["transport"].choices = [(option["value"], option["label"]) for option in self.options]  # type: ignore[attr-defined]  # a ChoiceField's
        self.fields["transport"].initial = self.options[0]["value"]

    def wanted(self) -> Wanted:
        """What was typed, as far as it belongs to the transport that was chosen."""
        given = dict(self.cleaned_data)
        transport = given.pop("transport")
        if transport == ENVIRONMENT:
            return AS_ENVIRONMENT
        names = {"smtp": ("host", "port", "tls", "username", "password"), "postmark": ("token",)}.get(transport, ())
        return Wanted(transport, from_email=given["from_email"], **{name: given[name] for name in names if given[name]})


def transports() -> list[dict[str, str]]:
    """What can be chosen here, as radio cards; first what needs no typing."""
    found, own = [], routes.fallback()
    if own.reaches:
        hint = f"{own.label}, from {own.sender}: its operator set that."
        found.append({"value": ENVIRONMENT, "label": "As the installation does", "hint": hint})
    found.append({"value": "smtp", "label": "A mail server", "hint": "By SMTP: your own, or that of your mail service."})
    found.append({"value": "postmark", "label": "Postmark", "hint": "By its API, with a server token."})
    if own.transport == routes.CONSOLE:
        found.append({"value": ENVIRONMENT, "label": "The log", "hint": "For trying things: mails stand in the log and at /dev/mailbox."})
    return found
