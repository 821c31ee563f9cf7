"""What the page of components shows: made-up people, forms and records."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django import forms

from tenantry.kit import clock
from tenantry.kit.paging import Page

from .icons import ICONS
from .statuses import STATUSES

ROLES = [
    {"value": "manager", "label": "Manager", "badge": "Member seat", "hint": "Sees people and use, assigns programs."},
    {"value": "learner", "label": "Learner", "badge": "Member seat", "hint": "Takes part in what is bought for them."},
    {"value": "maintainer", "label": "Maintainer", "badge": "Admin seat", "closed": "No admin seat is free: 3 of 3 are in use."},
]


class SignInForm(forms.Form):
    email = forms.EmailField(label="Work e-mail")


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="New role", choices=[(role["value"], role["label"]) for role in ROLES])


class EveryField(forms.Form):
    name = forms.CharField(max_length=20, help_text="As it stands on invoices.")
    slug = forms.SlugField(required=False)
    country = forms.ChoiceField(choices=[("IN", "India"), ("DE", "Germany"), ("US", "United States")])
    about = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    logo = forms.FileField(required=False, help_text="PNG, JPEG or WebP, 2 MB at most.")
    start = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), required=False)
    public = forms.BooleanField(label="Show in the public directory", required=False, help_text="Only after verification.")
    size = forms.ChoiceField(widget=forms.RadioSelect, choices=[("s", "1–50"), ("m", "51–500"), ("l", "More")])
    fixed = forms.CharField(disabled=True, required=False, initial="Set by your contract")


def everything() -> dict[str, Any]:
    """The context of ``portal/dev/components.html``."""
    now = clock.now()
    people = [
        ("Ada Okafor", "ada.okafor@contoso.example", "Owner", "active", now - timedelta(minutes=12)),
        ("Développeuse", "member17@contoso.example", "Learner", "suspended", now - timedelta(days=50)),
        ("Field Trainer, North", "member09@contoso.example", "Expert", "active", now - timedelta(days=1)),
        ("Warehouse Lead", "member22@contoso.example", "Learner", "invited", None),
    ]
    node = SimpleNamespace
    return {
        "now": now,
        "moments": [now, now - timedelta(days=1), now + timedelta(days=1), now - timedelta(days=400), None],
        "icons": list(ICONS),
        "statuses": list(STATUSES),
        "people": [
            {"id": number, "name": name, "email": email, "role": role, "status": status, "seen": seen}
            for number, (name, email, role, status, seen) in enumerate(people)
        ],
        "page": Page(people, "next"),
        "roles": [("owner", "Owner"), ("learner", "Learner")],
        "cards": ROLES,
        "role_form": RoleForm(initial={"role": "manager"}),
        "form": EveryField(initial={"name": "Contoso", "size": "m"}),
        "wrong": EveryField({"name": "A name that is much longer than twenty", "country": "XX", "slug": "no spaces!"}, auto_id="wrong_%s"),
        "steps": [("Name", "#name"), ("Country", "#country"), ("Plan", "#plan"), ("People", ""), ("Review", "")],
        "changes": {
            "role": {"before": "learner", "after": "manager"},
            "brand_colour": {"before": None, "after": "#2f62c4"},
            "can_host": {"before": True, "after": False},
            "tax_ids": {"before": {}, "after": {"gstin": "27AAPFU0939F1ZV"}},
            "domains": {"before": ["contoso.example", "contoso.test"], "after": ["contoso.example"]},
        },
        "tree": [
            node(
                name="Contoso",
                url="#tree",
                note="27 people",
                current=True,
                children=[
                    node(name="Contoso India", url="#tree", note="12 people", children=[node(name="Pune", url="#tree", note="5 people")]),
                    node(name="Contoso Europe", url="#tree", note="9 people", children=[]),
                ],
            )
        ],
        "matrix_roles": [("Owner", 100), ("Maintainer", 80), ("Billing admin", 70), ("Manager", 60), ("Expert", 40), ("Learner", 20)],
        "matrix": [
            ("People", [("See members", "members:read", [1, 1, 0, 1, 0, 0]), ("Invite people", "invitations:write", [1, 1, 0, 0, 0, 0])]),
            ("Money", [("Read invoices", "invoices:read", [1, 0, 1, 0, 0, 0]), ("Pay invoices", "invoices:pay", [1, 0, 1, 0, 0, 0])]),
        ],
    }
