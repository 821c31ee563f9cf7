"""Settings: sections of fields, each open to whom ``fields.FIELDS`` says, and the ways out."""

from __future__ import annotations

from typing import Any

from django.conf import settings as installation
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import get_script_prefix, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access.guards import actor_of, guard, is_open, require_recent, signed_in
from tenantry.access.principal import Principal
from tenantry.kit.forms import answer, show_problem
from tenantry.kit.problems import Problem, not_found

from .. import choices, queries, services
from ..fields import ADDRESS_PARTS
from ..forms import DeleteForm
from ..lists import FUNDING, TAX_IDS
from ..models import BillingAccount, Organization
from ..settings_forms import BillingForm, BrandForm, OwnerForm, ProfileForm, SettingsForm, holders, permission_of
from ..states import refusal

STANDARD_COLOUR = "#2f62c4"


@require_GET
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """All sections that the reader may see; what they may not change is read-only and says who may."""
    return _page(request, guard(request, "settings:read", slug))


@require_POST
def save(request: HttpRequest, slug: str, section: str) -> HttpResponse:
    """Change one section. Only what was changed is sent to the service, under the version that the reader saw."""
    organization = guard(request, "settings:read", slug)
    principal = signed_in(request)
    queries.require_state(organization, "settings:write", bool(principal.staff_role))
    form = _forms(request, organization, bound=section).get(section)
    if form is None:
        raise not_found("section")
    if not form.is_valid():
        return _page(request, organization, form=form, section=section, status=422)
    pictures = form.pictures() if isinstance(form, BrandForm) else {}
    if pictures and not is_open(request, "settings:write", organization):
        raise Problem(403, "field_forbidden", "You may not change: the pictures.", fields=sorted(pictures))
    try:
        changed = services.update(
            organization=organization, values=form.values(), may=lambda name: principal.may(name, organization.id),
            expected_version=form.cleaned_data["version"], actor=actor_of(request),
        )  # fmt: skip
        for kind, data in pictures.items():
            services.set_image(organization=changed, kind=kind, data=data, actor=actor_of(request))
    except Problem as problem:
        return _page(request, organization, form=form, section=section, status=show_problem(form, problem))
    messages.success(request, "Saved.")
    return redirect(f"{reverse('settings', kwargs={'slug': changed.slug})}#{section}")


def _page(
    request: HttpRequest, organization: Organization, *, form: SettingsForm | None = None, section: str = "", status: int = 200
) -> HttpResponse:
    forms = _forms(request, organization)
    if form is not None:
        forms[section] = form
    principal = signed_in(request)
    mine = choices.own_membership(organization, principal.user.id if principal.user else None)
    context: dict[str, Any] = {
        "organization": organization,
        "forms": forms,
        "closed": {name: _closed(principal, organization, shown) for name, shown in forms.items()},
        "funding": _funding(organization),
        "mine": mine,
        "may_delete": principal.may("organization:delete", organization.id),
        "delete_closed": "" if is_open(request, "organization:delete", organization) else "In its present state it can't be deleted.",
        "leave_closed": choices.leaving_closed(
            mine, organization=organization, owners=queries.count_owners(organization), themself=principal.impersonator is None
        )
        if mine
        else "",
        "address": request.build_absolute_uri(reverse("organization_home", kwargs={"slug": organization.slug})),
    }
    return render(request, "organizations/settings.html", context, status=status)


def _closed(principal: Principal, organization: Organization, form: SettingsForm) -> str:
    """Why nothing in a section can be changed, or an empty text."""
    if form.editable:
        return ""
    if refusal(organization.state, "settings:write"):
        return f"The organization is {organization.get_state_display().lower()}, so nothing can be changed."
    if principal.impersonator is not None:
        return "Closed while you look as somebody else."
    needed = next(permission_of(name) for name in form.fields if permission_of(name))
    return f"Only {holders(needed)} can change these."


def _funding(organization: Organization) -> list[dict[str, str]]:
    waits = "Chosen after verification." if organization.state == Organization.State.PENDING else ""
    return [
        {"value": name, "label": label, "hint": hint, "closed": waits if name == "invoice" else ""}
        for name, (label, hint) in FUNDING.items()
    ]


def _forms(request: HttpRequest, organization: Organization, *, bound: str = "") -> dict[str, SettingsForm]:
    """The sections that the reader may see, one of them with what was sent."""
    principal = signed_in(request)
    money, shut = (
        principal.may("billing:read", organization.id),
        refusal(organization.state, "settings:write", staff=bool(principal.staff_role)),
    )
    profile = queries.profile_of(organization)
    account = BillingAccount.objects.get(organization=organization) if money else None

    def sent(section: str) -> dict[str, Any]:
        data, files = (request.POST, request.FILES) if section == bound else (None, None)
        return {
            "data": data,
            "files": files,
            "may": lambda name: not shut and principal.may(name, organization.id),
            "auto_id": f"{section}_%s",
        }

    current = {name: getattr(organization, name) for name in _OWN} | {"version": organization.version}
    current |= {"description": profile.description, "website": profile.website, "own_colour": bool(profile.brand_colour)}
    current |= {"brand_colour": profile.brand_colour or STANDARD_COLOUR, "has_logo": profile.has_logo, "has_banner": profile.has_banner}
    if account is not None:
        current |= {name: getattr(account, name) for name in ("billing_email", "funding_mode", "requires_purchase_order")}
        current["payment_terms_days"] = str(account.payment_terms_days)
        current |= {f"billing_address_{part}": account.address.get(part, "") for part in ADDRESS_PARTS}
        current |= {f"tax_ids_{kind}": account.tax_ids.get(kind, "") for kind in TAX_IDS}
    hosting = installation.ENVIRONMENT.host_orgs == "on"
    forms: dict[str, SettingsForm] = {
        "profile": ProfileForm(current=current, **sent("profile")),
        "brand": BrandForm(current=current, **sent("brand")),
        "owner": OwnerForm(current=current, home=organization.country, hosting=hosting, money=money, **sent("owner")),
    }
    if money:
        forms["billing"] = BillingForm(current=current, **sent("billing"))
    return forms


_OWN = (
    "name", "legal_name", "size", "industry", "slug", "country", "time_zone", "default_currency", "can_sponsor", "can_host", "public",
)  # fmt: skip


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete the organization, once its slug was typed: out of sight at once, restorable by staff for 30 days."""
    organization = guard(request, "organization:delete", slug)
    require_recent(request)
    form, problem = DeleteForm(request.POST or None, slug=organization.slug), None
    if request.method == "POST" and form.is_valid():
        try:
            services.delete(organization=organization, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"{organization.name} was deleted.")
            return redirect(get_script_prefix())
    return answer(request, "organizations/delete.html", {"organization": organization}, form=form, problem=problem)
