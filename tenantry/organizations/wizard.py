"""The steps of founding an organization: their forms, and how answers travel between form and draft."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from tenantry.access.permissions import ROLES
from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem

from .fields import ADDRESS_PARTS, FUNDING_MODES, SIZES
from .lists import ADDRESS_LABELS, FUNDING, TAX_IDS, LongSelect, countries, currencies, tax_ids_of, time_zones

STEPS = {"basics": "Basics", "details": "Details", "brand": "Brand", "people": "People", "confirm": "Confirm"}
MAX_PEOPLE = 20
TAX_EXAMPLES = {"gstin": "27AAPFU0939F1ZV", "pan": "AAPFU0939F", "udyam": "UDYAM-MH-01-0012345", "vat": ""}


class BasicsForm(forms.Form):
    """What it is called and where it is."""

    name = forms.CharField(label="Name", max_length=120)
    slug = forms.CharField(label="Address", max_length=60, required=False)
    industry = forms.CharField(label="Industry", max_length=60, required=False)
    size = forms.ChoiceField(
        label="Size", required=False, choices=[("", "People who work there"), *((size, size.replace("-", " to ")) for size in SIZES)]
    )
    country = forms.ChoiceField(label="Country", choices=lambda: [("", "Choose a country"), *countries()], widget=LongSelect)
    default_currency = forms.ChoiceField(label="Currency", choices=lambda: [("", "Choose a currency"), *currencies()], widget=LongSelect)
    time_zone = forms.ChoiceField(label="Time zone", choices=time_zones, initial="UTC", widget=LongSelect)
    can_sponsor = forms.BooleanField(label="It buys for its members", required=False, initial=True)
    can_host = forms.BooleanField(label="It supplies experts", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if settings.ENVIRONMENT.host_orgs != "on":
            self.fields["can_host"].disabled = True
            self.fields["can_host"].help_text = "Hosting organizations are not enabled in this installation. Its operator can enable them."


class DetailsForm(forms.Form):
    """What stands on contracts and invoices. Tax identifiers are those of the country."""

    legal_name = forms.CharField(label="Legal name", max_length=200, required=False)
    billing_email = forms.EmailField(label="Billing e-mail", max_length=254, required=False)
    funding_mode = forms.ChoiceField(
        label="How use is paid for", choices=[(mode, FUNDING[mode][0]) for mode in FUNDING_MODES], initial="personal"
    )

    def __init__(self, *args: Any, home: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tax_kinds = tax_ids_of(home)
        for kind in self.tax_kinds:
            field = forms.CharField(label=TAX_IDS[kind], max_length=40, required=False)
            field.widget.attrs |= {"class": "mono", "placeholder": TAX_EXAMPLES[kind], "autocomplete": "off", "spellcheck": "false"}
            self.fields[f"tax_ids_{kind}"] = field
        for part in ADDRESS_PARTS:
            name = f"billing_address_{part}"
            if part == "country":
                self.fields[name] = forms.ChoiceField(
                    label="Country", choices=lambda: [("", "–"), *countries()], required=False, initial=home, widget=LongSelect
                )
            else:
                self.fields[name] = forms.CharField(label=ADDRESS_LABELS[part], max_length=120, required=False)


class BrandForm(forms.Form):
    """How it shows itself."""

    logo = forms.FileField(label="Logo", required=False, widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}))
    banner = forms.FileField(label="Banner", required=False, widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}))
    drop_logo = forms.BooleanField(label="Remove this logo", required=False)
    drop_banner = forms.BooleanField(label="Remove this banner", required=False)
    brand_colour = forms.CharField(label="Brand colour", max_length=7, required=False)
    website = forms.CharField(label="Website", max_length=200, required=False, widget=forms.URLInput)
    description = forms.CharField(label="Description", max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class PeopleForm(forms.Form):
    """The first invitations: rows of address and role."""

    def __init__(self, *args: Any, rows: int, own: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own, self.count = own, min(rows, MAX_PEOPLE)
        roles = [(role.name, role.label) for role in ROLES.values()]
        for number in range(self.count):
            self.fields[f"email_{number}"] = forms.EmailField(label=f"E-mail of person {number + 1}", max_length=254, required=False)
            self.fields[f"role_{number}"] = forms.ChoiceField(label=f"Role of person {number + 1}", choices=roles, initial="learner")

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Pairs of fields, as the page shows them."""
        return [(self[f"email_{number}"], self[f"role_{number}"]) for number in range(self.count)]

    def clean(self) -> dict[str, Any]:
        """Each address once, and not one's own: the founder is the first owner."""
        given = super().clean() or self.cleaned_data
        seen: dict[str, int] = {}
        for number in range(self.count):
            if not given.get(f"email_{number}"):
                continue
            try:
                address = normalize(given[f"email_{number}"])
            except Problem as problem:
                self.add_error(f"email_{number}", problem.detail)
                continue
            if address == self.own:
                self.add_error(f"email_{number}", "That is you: you will be its owner.")
            elif address in seen:
                self.add_error(f"email_{number}", "This address is there twice.")
            seen[address] = number
            given[f"email_{number}"] = address
        return given

    def people(self) -> list[dict[str, str]]:
        """The filled rows."""
        given = self.cleaned_data
        return [
            {"email": given[f"email_{number}"], "role": given[f"role_{number}"]}
            for number in range(self.count)
            if given.get(f"email_{number}")
        ]


def form_of(step: str, data: dict[str, Any], *, own: str, posted: Any = None, files: Any = None, rows: int = 0) -> forms.Form:
    """The form of a step, filled with what the draft knows."""
    if step == "basics":
        return BasicsForm(posted, initial={key: value for key, value in data.items() if key in BasicsForm.base_fields})
    if step == "details":
        nested = {f"{group}_{part}": value for group in ("tax_ids", "billing_address") for part, value in data.get(group, {}).items()}
        return DetailsForm(posted, home=data.get("country", ""), initial={**data, **nested})
    if step == "brand":
        return BrandForm(posted, files, initial={key: value for key, value in data.items() if key in BrandForm.base_fields})
    people = data.get("people", [])
    initial = {f"{key}_{number}": row[key] for number, row in enumerate(people) for key in ("email", "role")}
    return PeopleForm(posted, rows=rows if posted is not None else max(rows, 3, len(people) + 1), own=own, initial=initial)


def answers_of(step: str, form: forms.Form) -> dict[str, Any]:
    """What a valid form says, in the shape of ``fields.FIELDS`` (and ``people``)."""
    given = form.cleaned_data
    if isinstance(form, PeopleForm):
        return {"people": form.people()}
    if isinstance(form, DetailsForm):
        return {
            **{name: given[name] for name in ("legal_name", "billing_email", "funding_mode")},
            "tax_ids": {kind: given[f"tax_ids_{kind}"] for kind in form.tax_kinds if given[f"tax_ids_{kind}"]},
            "billing_address": {part: given[f"billing_address_{part}"] for part in ADDRESS_PARTS if given[f"billing_address_{part}"]},
        }
    if step == "brand":
        return {name: given[name] for name in ("brand_colour", "website", "description")}
    return {name: given[name] for name in BasicsForm.base_fields}
