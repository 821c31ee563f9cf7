"""Forms of this room's pages. What is allowed is the services' to say; these only name the fields."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from tenantry.access.permissions import ROLES

from .mapping import FIELDS
from .models import Connection, Policy
from .policies import DEFAULT_ROLES
from .recovery import USUAL_HOURS

_MONO = {"class": "mono", "spellcheck": "false", "autocomplete": "off"}
_WHY = {"required": "A reason is needed; it is kept and shown."}
_BINDINGS = [("redirect", "by redirect (HTTP-Redirect)"), ("post", "by a form (HTTP-POST)")]
_LABELS = {"email": "E-mail", "name": "Name", "first_name": "First name", "last_name": "Last name", "groups": "Groups"}


class ChooseForm(forms.Form):
    """Which provider, and how to speak with it."""

    preset = forms.CharField(max_length=12)
    kind = forms.ChoiceField(label="Protocol", choices=Connection.Kind.choices, initial="saml", widget=forms.RadioSelect)


class SamlForm(forms.Form):
    """What a SAML provider gives: one of its metadata's address, its metadata, or its values one by one."""

    name = forms.CharField(label="Name", max_length=80, help_text="People see it on the sign-in page.")
    metadata_url = forms.CharField(
        label="Metadata address",
        max_length=2000,
        required=False,
        widget=forms.TextInput(attrs=_MONO),
        help_text="The best way: it is read every day, so that new certificates arrive by themselves.",
    )
    metadata_xml = forms.CharField(
        label="Metadata, pasted", max_length=1_000_000, required=False, widget=forms.Textarea(attrs={**_MONO, "rows": 4})
    )
    metadata_file = forms.FileField(label="Metadata, as a file", required=False)
    idp_entity_id = forms.CharField(label="Entity ID", max_length=1024, required=False, widget=forms.TextInput(attrs=_MONO))
    sso_url = forms.CharField(label="Sign-in address", max_length=2000, required=False, widget=forms.TextInput(attrs=_MONO))
    sso_binding = forms.ChoiceField(label="Sign-in requests are sent", choices=_BINDINGS, required=False)
    slo_url = forms.CharField(label="Sign-out address", max_length=2000, required=False, widget=forms.TextInput(attrs=_MONO))
    slo_binding = forms.ChoiceField(label="Sign-out messages are sent", choices=_BINDINGS, required=False)
    certificates = forms.CharField(
        label="Certificates",
        required=False,
        widget=forms.Textarea(attrs={**_MONO, "rows": 5}),
        help_text="One or more from -----BEGIN CERTIFICATE----- on, or the Base64 text of one.",
    )
    keep_certificates = forms.BooleanField(
        label="Keep the present certificates beside them",
        required=False,
        initial=True,
        help_text="For a roll-over: the provider may sign with either. One that has ended is dropped.",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def values(self) -> dict[str, Any]:
        """What was filled in, as the services take it. Fields that stand as they were are left out."""
        given: dict[str, Any] = self.cleaned_data
        found: dict[str, Any] = {"name": given["name"]}
        if given["metadata_file"]:
            found["metadata_xml"] = given["metadata_file"].read(1_000_001).decode("utf-8", "replace")
        elif given["metadata_xml"].strip():
            found["metadata_xml"] = given["metadata_xml"]
        elif given["metadata_url"] and "metadata_url" in self.changed_data:
            found["metadata_url"] = given["metadata_url"]
        else:
            found |= {name: given[name] for name in ("idp_entity_id", "sso_url", "slo_url") if name in self.changed_data}
            found |= {name: given[name] for name in ("sso_binding", "slo_binding") if given[name] and name in self.changed_data}
            if not given["metadata_url"] and "metadata_url" in self.changed_data:
                found["metadata_url"] = ""
        if given["certificates"].strip():
            parts = re.split(r"(?<=-----END CERTIFICATE-----)", given["certificates"])
            found["certificates"] = [part.strip() for part in parts if part.strip()]
        return found


class OidcForm(forms.Form):
    """What an OpenID provider gives."""

    name = forms.CharField(label="Name", max_length=80, help_text="People see it on the sign-in page.")
    issuer = forms.CharField(label="Issuer", max_length=1024, required=False, widget=forms.TextInput(attrs=_MONO))
    client_id = forms.CharField(label="Client ID", max_length=300, required=False, widget=forms.TextInput(attrs=_MONO))
    client_secret = forms.CharField(label="Client secret", max_length=2000, required=False, widget=forms.PasswordInput(attrs=_MONO))
    client_authentication = forms.ChoiceField(label="We say who we are", choices=Connection.Authentication.choices, required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def values(self) -> dict[str, Any]:
        """What was filled in, as the services take it. An empty secret keeps the one that there is."""
        given: dict[str, Any] = self.cleaned_data
        found: dict[str, Any] = {name: given[name] for name in ("name", "issuer", "client_id") if name in self.changed_data}
        if given["client_authentication"] and "client_authentication" in self.changed_data:
            found["client_authentication"] = given["client_authentication"]
        return found | ({"client_secret": given["client_secret"]} if given["client_secret"] else {})


class MappingForm(forms.Form):
    """Which attribute is what, and which group gives which role."""

    custom = forms.CharField(
        label="Further attributes",
        max_length=10_000,
        required=False,
        widget=forms.Textarea(attrs={**_MONO, "rows": 3}),
        help_text="One per line, as ours = theirs: department = user.department. They stand on the member's page, as of the last sign-in.",
    )
    group_roles = forms.CharField(
        label="Groups and roles",
        max_length=60_000,
        required=False,
        widget=forms.Textarea(attrs={**_MONO, "rows": 4}),
        help_text="One per line, as group = role: Plant managers = manager",
    )
    idp_initiated = forms.BooleanField(
        label="Let sign-in begin at the provider",
        required=False,
        help_text="People then come by a tile there. Nobody asked for such an answer, so it proves less.",
    )
    require_signed_response = forms.BooleanField(
        label="Ask for a signed response", required=False, help_text="Besides the assertion, which has to be signed in any case."
    )
    sign_requests = forms.BooleanField(label="Sign our requests", required=False)
    single_logout = forms.BooleanField(
        label="Sign out at the provider too", required=False, help_text="Who signs out here goes on to the provider, where it offers that."
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, saml: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in FIELDS:
            self.fields[name] = forms.CharField(label=_LABELS[name], max_length=300, required=False, widget=forms.TextInput(attrs=_MONO))
        if not saml:
            for name in ("idp_initiated", "require_signed_response", "sign_requests"):
                del self.fields[name]

    def clean_custom(self) -> str:
        return _in_lines(self.cleaned_data["custom"], "ours = theirs")

    def clean_group_roles(self) -> str:
        return _in_lines(self.cleaned_data["group_roles"], "group = role")

    @staticmethod
    def initial_of(connection: Connection) -> dict[str, Any]:
        """What the form shows of a connection."""
        flags = ("idp_initiated", "require_signed_response", "sign_requests", "single_logout", "version")
        custom = connection.mapping.get("custom", {})
        return (
            {name: connection.mapping.get(name, "") for name in FIELDS}
            | {name: getattr(connection, name) for name in flags}
            | {
                "custom": "\n".join(f"{our} = {theirs}" for our, theirs in custom.items()),
                "group_roles": "\n".join(f"{entry['group']} = {entry['role']}" for entry in connection.group_roles),
            }
        )

    def values(self) -> dict[str, Any]:
        """As the services take it."""
        given: dict[str, Any] = self.cleaned_data
        flags = {
            name: given[name] for name in ("idp_initiated", "require_signed_response", "sign_requests", "single_logout") if name in given
        }
        pairs = [line.partition("=") for line in given["custom"].splitlines() if line.strip()]
        lines = [line.rpartition("=") for line in given["group_roles"].splitlines() if line.strip()]
        return flags | {
            "mapping": {name: given[name] for name in FIELDS} | {"custom": {our.strip(): theirs.strip() for our, _, theirs in pairs}},
            "group_roles": [{"group": group.strip(), "role": _role(role)} for group, _, role in lines],
        }


def _in_lines(text: str, shape: str) -> str:
    for line in filter(None, map(str.strip, text.splitlines())):
        left, _, right = line.rpartition("=")
        if not (left.strip() and right.strip()):
            raise forms.ValidationError(f"“{line[:80]}” isn't of the form {shape}.")
    return text


def _role(text: str) -> str:
    """A role by its name or by what people call it."""
    typed = text.strip().lower()
    return next((role.name for role in ROLES.values() if typed in (role.name, role.label.lower())), typed)


class PolicyForm(forms.Form):
    """How people sign in, and what becomes of new ones."""

    mode = forms.ChoiceField(label="How people sign in", choices=[(mode, mode) for mode in Policy.Mode.values], widget=forms.RadioSelect)
    jit = forms.BooleanField(
        label="Whoever signs in by the provider becomes a member",
        required=False,
        help_text="While a seat is free. Otherwise only people who were added or invited get in.",
    )
    default_role = forms.ChoiceField(label="Role of new members", choices=[(name, ROLES[name].label) for name in DEFAULT_ROLES])
    primary = forms.ChoiceField(label="Where people are sent", required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, connections: list[Connection], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["primary"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "The oldest connection that was tested"), *((str(one.id), one.name) for one in connections)]


class WindowForm(forms.Form):
    """How long, and why."""

    hours = forms.IntegerField(
        label="Hours", min_value=1, max_value=72, initial=USUAL_HOURS,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), "Say how many hours, 1 to 72."),
    )  # fmt: skip
    reason = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 2}), error_messages=_WHY)


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 2}), error_messages=_WHY)


class Question(forms.Form):
    """Nothing to fill in: a yes, and a place for a refusal."""
