"""The page of an organization's own rate limits: what is used of each, and what may be changed of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem

from . import allowances
from .allowances import Standing
from .guards import actor_of, guard, is_open, signed_in
from .limits import in_words
from .models import Allowance


class RateLimitsForm(forms.Form):
    """A number for each rule, empty where the installation's rules; the bounds are for staff. The names are those of the API."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, held: Allowance, standings: list[Standing], staff: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = held.version
        for found in standings:
            name = found.rule.name
            most = allowances.MOST if staff else found.bound
            self.fields[f"limits_{name}"] = _number(
                f"Limit for every {found.rule.window}", found.own, most, min(found.rule.limit, found.bound)
            )
            if staff:
                given = held.bounds.get(name)
                self.fields[f"bounds_{name}"] = _number("The organization may raise it to", given, allowances.MOST, found.rule.limit)

    def numbers(self, member: str) -> dict[str, int]:
        """``limits`` or ``bounds`` as the service takes them."""
        named = {name.removeprefix(f"{member}_"): value for name, value in self.cleaned_data.items() if name.startswith(f"{member}_")}
        return {name: value for name, value in named.items() if value is not None}


def _number(label: str, initial: int | None, most: int, standard: int) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"placeholder": str(standard), "inputmode": "numeric", "class": "num"})
    return forms.IntegerField(label=label, initial=initial, min_value=1, max_value=most, required=False, widget=widget)


def _said(found: Standing, name: str) -> str:
    """Where the number comes from, whom it counts, and how long a full one stays full."""
    rule, parts = found.rule, []
    if found.own is not None:
        parts.append(f"{found.limit:,} {rule.period}, set for {name}; the standard is {rule.limit:,}.")
    elif found.limit < rule.limit:
        parts.append(f"{found.limit:,} {rule.period}, as agreed; the standard is {rule.limit:,}.")
    else:
        parts.append(f"{found.limit:,} {rule.period}, the standard.")
    if rule.per in ("key", "token"):
        parts.append(f"Each {rule.per} counts by itself" + ("; the bar shows the busiest." if rule.per == "key" else "."))
    if found.used >= found.limit:
        parts.append(f"There is room again in {in_words(found.reset)}.")
    return " ".join(parts)


@require_http_methods(["GET", "POST"])
def rate_limits(request: HttpRequest, slug: str) -> HttpResponse:
    """What is used of each limit; owners and staff change them here."""
    organization = guard(request, "settings:write_owner_fields" if request.method == "POST" else "settings:read", slug)
    staff, held = bool(signed_in(request).staff_role), allowances.load(organization.id)
    standings = allowances.standings(held)
    form = RateLimitsForm(request.POST or None, held=held, standings=standings, staff=staff)
    problem = None
    if request.method == "POST" and form.is_valid():
        try:
            allowances.change(
                organization_id=organization.id, limits=form.numbers("limits"), bounds=form.numbers("bounds") if staff else None,
                staff=staff, expected_version=form.cleaned_data["version"], actor=actor_of(request),
            )  # fmt: skip
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "The rate limits were saved.")
            return redirect("rate_limits", slug=organization.slug)
    context = {
        "organization": organization,
        "staff": staff,
        "may_change": is_open(request, "settings:write_owner_fields", organization),
        "rows": [
            {
                "standing": found,
                "window": f"In the last {found.rule.window}",
                "said": _said(found, organization.name),
                "limit_field": form[f"limits_{found.rule.name}"] if staff or found.bound > 1 else None,
                "bound_field": form[f"bounds_{found.rule.name}"] if staff else None,
                "bound": f"{found.bound:,}",
            }
            for found in standings
        ],
    }
    return answer(request, "access/rate_limits.html", context, form=form, problem=problem)
