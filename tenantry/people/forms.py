"""Forms of this room's pages. What is allowed is the services' to say; these only name the fields."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from tenantry.access.permissions import STAFF_ROLES

STAFF_ROLE_LABELS = {"admin": "Admin", "finance": "Finance", "csm": "Customer success", "support": "Support", "auditor": "Auditor"}


class SignInForm(forms.Form):
    """The address alone: a link is mailed, or the password is asked for next."""

    email = forms.EmailField(label="Work e-mail", max_length=254, error_messages={"required": "Enter your e-mail address."})
    next = forms.CharField(required=False, widget=forms.HiddenInput)


class PasswordSignInForm(SignInForm):
    """Address and password."""

    password = forms.CharField(max_length=200, strip=False, widget=forms.PasswordInput, error_messages={"required": "Enter your password."})


class ProfileForm(forms.Form):
    """How others see a person."""

    name = forms.CharField(label="Name", max_length=120)


class PasswordForm(forms.Form):
    """A first password."""

    password = forms.CharField(label="New password", max_length=200, strip=False, widget=forms.PasswordInput)


class PasswordChangeForm(PasswordForm):
    """Another password in place of the present one."""

    current = forms.CharField(label="Present password", max_length=200, strip=False, widget=forms.PasswordInput)
    field_order = ["current", "password"]


class CurrentPasswordForm(forms.Form):
    """The present password, asked before it is removed."""

    current = forms.CharField(label="Present password", max_length=200, strip=False, widget=forms.PasswordInput)


class CodeForm(forms.Form):
    """The code that an authenticator app shows."""

    code = forms.CharField(label="Code from the app", max_length=40, error_messages={"required": "Type the six digits that the app shows."})


class SecondFactorForm(CodeForm):
    """The same on the way in: a recovery code will do, and the browser can be remembered."""

    code = forms.CharField(label="Code", max_length=40, error_messages={"required": "Type the code."})
    remember = forms.BooleanField(label="Don't ask again in this browser for 30 days", required=False)
    next = forms.CharField(required=False, widget=forms.HiddenInput)


class CredentialForm(forms.Form):
    """What the browser's passkey answered; a script fills it in."""

    credential = forms.CharField(max_length=20_000, widget=forms.HiddenInput, error_messages={"required": "No passkey answered."})

    def clean_credential(self) -> Any:
        """As JSON."""
        try:
            return json.loads(self.cleaned_data["credential"])
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError("The passkey was not accepted. Try again, or use another way.") from error


class PasskeyForm(CredentialForm):
    """A new passkey with its name."""

    name = forms.CharField(label="Name", max_length=60)


class SecondPasskeyForm(CredentialForm):
    """A passkey on the way in, beside the password or the link."""

    remember = forms.BooleanField(label="Don't ask again in this browser for 30 days", required=False)
    next = forms.CharField(required=False, widget=forms.HiddenInput)


class PasskeyNameForm(forms.Form):
    """Another name for it."""

    name = forms.CharField(label="Name", max_length=60)


class WhyForm(forms.Form):
    """Why, when the person is told in any case."""

    reason = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class OpenAsForm(forms.Form):
    """Why staff look at a customer's portal as one of its members."""

    reason = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class ConsentForm(forms.Form):
    """What an organization says to it."""

    consent = forms.ChoiceField(
        label="May our staff look at your pages as one of your members?",
        choices=[
            ("always", "Yes: we are told by mail, and it is in our audit log"),
            ("ask", "Ask first: an owner says yes each time"),
            ("never", "No"),
        ],
        widget=forms.RadioSelect,
    )


class ReasonForm(forms.Form):
    """Why, and whether the person is told."""

    reason = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    notify = forms.BooleanField(label="Tell them by mail", required=False, initial=True)


class StaffForm(forms.Form):
    """A new member of staff."""

    email = forms.EmailField(label="E-mail", max_length=254)
    name = forms.CharField(label="Name", max_length=120, required=False)
    role = forms.ChoiceField(choices=[(role, STAFF_ROLE_LABELS[role]) for role in STAFF_ROLES], widget=forms.RadioSelect)


class StaffRoleForm(forms.Form):
    """Another staff role."""

    role = forms.ChoiceField(choices=[(role, STAFF_ROLE_LABELS[role]) for role in STAFF_ROLES], widget=forms.RadioSelect)


class ProofPasswordForm(forms.Form):
    """The present password, as a fresh proof."""

    password = forms.CharField(label="Your password", max_length=200, strip=False, widget=forms.PasswordInput)


class ProofCodeForm(forms.Form):
    """A code, as a fresh proof."""

    code = forms.CharField(label="Code from your app, or a recovery code", max_length=40)
