"""Forms of the settings, section by section. Which field needs which permission says ``fields.FIELDS`` alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms

from tenantry.access.permissions import ROLES, registered

from .fields import ADDRESS_PARTS, FIELDS
from .images import MAX_BYTES
from .lists import ADDRESS_LABELS, FUNDING, SIZE_CHOICES, TAX_IDS, TERMS, LongSelect, countries, currencies, tax_ids_of, time_zones

_GROUPS = ("billing_address", "tax_ids")  # dictionaries in the API, a field for each member on the page


def field_of(name: str) -> str:
    """The API's field behind a form's: ``billing_address_city`` is part of ``billing_address``."""
    return next((group for group in _GROUPS if name.startswith(f"{group}_")), name)


def holders(permission: str) -> str:
    """Who may change what is closed to the reader: ``owners and maintainers``."""
    labels = [f"{role.label.lower()}s" for role in ROLES.values() if role.name in registered()[permission].roles]
    return " and ".join(labels)


class SettingsForm(forms.Form):
    """One section. Fields that the reader may not change are disabled, so they are neither read nor sent to the service.

    ``current`` are the values by form field; ``may`` tells whether a permission is open to the reader now; ``more`` are fields that
    depend on the organization.
    """

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *, current: Mapping[str, Any], may: Callable[[str], bool], more: Mapping[str, forms.Field] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(initial=dict(current), **kwargs)
        self.fields.update(more or {})
        for name, field in self.fields.items():
            needed = permission_of(name)
            field.disabled = field.disabled or bool(needed and not may(needed))

    @property
    def editable(self) -> bool:
        """Whether there is anything to save."""
        return any(not field.disabled for name, field in self.fields.items() if name != "version")

    def values(self) -> dict[str, Any]:
        """What was changed, as the service takes it: a group whole when one of its members was."""
        changed = list(dict.fromkeys(field_of(name) for name in self.changed_data if field_of(name) in FIELDS))
        return {name: self._group(name) if name in _GROUPS else self.cleaned_data[name] for name in changed}

    def _group(self, group: str) -> dict[str, str]:
        members = (name for name in self.fields if name.startswith(f"{group}_"))
        return {name.removeprefix(f"{group}_"): self.cleaned_data[name] for name in members}


def permission_of(name: str) -> str:
    """The permission that a form field needs; the pictures and the colour's switch go with the brand."""
    if field_of(name) in FIELDS:
        return FIELDS[field_of(name)][1]
    return "" if name == "version" else "settings:write"


class ProfileForm(SettingsForm):
    """How the organization is called and described."""

    name = forms.CharField(label="Name", max_length=120)
    legal_name = forms.CharField(label="Legal name", max_length=200, required=False, help_text="As it stands on invoices.")
    size = forms.ChoiceField(label="Size", choices=SIZE_CHOICES, required=False)
    industry = forms.CharField(label="Industry", max_length=60, required=False)
    website = forms.CharField(label="Website", max_length=200, required=False, widget=forms.URLInput)
    description = forms.CharField(label="Description", max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class BrandForm(SettingsForm):
    """Colour and pictures."""

    own_colour = forms.BooleanField(label="Use a colour of our own", required=False)
    brand_colour = forms.CharField(
        label="Colour", max_length=7, required=False, widget=forms.TextInput(attrs={"type": "color"}),
        help_text="Its lightness is adjusted where text on it would be hard to read.",
    )  # fmt: skip
    logo = forms.FileField(label="Logo", required=False, widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}))
    remove_logo = forms.BooleanField(label="Remove the logo", required=False)
    banner = forms.FileField(label="Banner", required=False, widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}))
    remove_banner = forms.BooleanField(label="Remove the banner", required=False)

    def values(self) -> dict[str, Any]:
        """A browser's colour field always has a value; the switch says whether it counts."""
        colour = self.cleaned_data["brand_colour"] if self.cleaned_data["own_colour"] else ""
        before = self.initial["brand_colour"] if self.initial["own_colour"] else ""
        return {"brand_colour": colour} if colour != before and not self.fields["brand_colour"].disabled else {}

    def pictures(self) -> dict[str, bytes | None]:
        """New pictures, and None for those to be removed."""
        found: dict[str, bytes | None] = {}
        for kind in ("logo", "banner"):
            if upload := self.cleaned_data.get(kind):
                found[kind] = upload.read(MAX_BYTES + 1)  # one byte too many is enough to be refused for its size
            elif self.cleaned_data.get(f"remove_{kind}"):
                found[kind] = None
        return found


class OwnerForm(SettingsForm):
    """What owners decide: address, place, capabilities, tax identifiers."""

    slug = forms.CharField(label="Slug", max_length=60, help_text="Part of every address here. Old links stop working when it changes.")
    country = forms.ChoiceField(label="Country", choices=countries, widget=LongSelect)
    time_zone = forms.ChoiceField(label="Time zone", choices=time_zones, widget=LongSelect)
    default_currency = forms.ChoiceField(label="Currency", choices=currencies, widget=LongSelect)
    can_sponsor = forms.BooleanField(label="Sponsors: buys for its members", required=False)
    can_host = forms.BooleanField(label="Hosts: supplies experts", required=False)
    public = forms.BooleanField(label="Show in the public directory", required=False, help_text="Only verified organizations are shown.")
    requires_purchase_order = forms.BooleanField(label="Requires a purchase order", required=False)

    def __init__(self, *, home: str, hosting: bool, money: bool, **kwargs: Any) -> None:
        wanted = tax_ids_of(home) if money else []
        more = {f"tax_ids_{kind}": forms.CharField(label=TAX_IDS[kind], max_length=20, required=False) for kind in wanted}
        super().__init__(more=more, **kwargs)
        if not money:
            del self.fields["requires_purchase_order"]
        if not hosting:
            self.fields["can_host"].disabled = True
            self.fields["can_host"].help_text = "Hosting is not enabled in this installation."
        keep_present_choice(self, "time_zone")

    @property
    def tax_fields(self) -> list[Any]:
        """The bound fields of the tax identifiers."""
        return [self[name] for name in self.fields if name.startswith("tax_ids_")]


class BillingForm(SettingsForm):
    """Where invoices go, and how the organization pays."""

    billing_email = forms.CharField(label="Billing e-mail", max_length=254, required=False, widget=forms.EmailInput)
    payment_terms_days = forms.ChoiceField(label="Payment terms", choices=TERMS)
    funding_mode = forms.ChoiceField(label="How it pays", choices=[(name, words[0]) for name, words in FUNDING.items()])

    def __init__(self, **kwargs: Any) -> None:
        parts: dict[str, forms.Field] = {
            f"billing_address_{part}": forms.CharField(label=ADDRESS_LABELS[part], max_length=120, required=False) for part in ADDRESS_PARTS
        }
        parts["billing_address_country"] = forms.ChoiceField(
            label="Country", choices=lambda: [("", "–"), *countries()], required=False, widget=LongSelect
        )
        super().__init__(more=parts, **kwargs)

    @property
    def address_fields(self) -> list[Any]:
        """The bound fields of the address."""
        return [self[f"billing_address_{part}"] for part in ADDRESS_PARTS]


def keep_present_choice(form: forms.Form, name: str) -> None:
    """A value from the API that the select doesn't offer (``EST``) stays one of its choices."""
    field, present = form.fields[name], form.initial.get(name)
    if isinstance(field, forms.ChoiceField) and present and present not in dict(field.choices):  # type: ignore[arg-type]  # pairs, no groups
        field.choices = [(present, present), *field.choices]  # type: ignore[misc]  # Django's stubs take no list of pairs
