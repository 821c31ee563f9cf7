"""The page on which owners say how members sign in; and staff's way out of a list of networks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from tenantry.access.guards import actor_of, guard, guard_tenant, is_open, require_recent, signed_in
from tenantry.access.networks import shown
from tenantry.kit.context import request_info
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem

from .. import sign_in_policy as services
from ..forms import ReasonForm
from ..models import SignInPolicy

SECOND_FACTOR = [
    {"value": "off", "label": "Each member's own choice", "hint": "Whoever has set one up is asked for it."},
    {"value": "required", "label": "Everybody needs one", "hint": "An app, or a passkey. Signing in by your own provider counts as one."},
]


class SignInPolicyForm(forms.Form):
    """The organization's rules. Empty numbers ask for nothing."""

    second_factor = forms.ChoiceField(label="Who needs one", choices=SignInPolicy.SecondFactor.choices)
    grace_days = forms.IntegerField(label="Days to set it up", min_value=0, max_value=90)
    session_lifetime_hours = forms.IntegerField(label="Longest session, in hours", min_value=1, max_value=336, required=False)
    idle_minutes = forms.IntegerField(label="Longest pause, in minutes", min_value=5, max_value=4320, required=False)
    allowed_networks = forms.CharField(
        label="Only from these networks", required=False, widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"})
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def values(self) -> dict[str, Any]:
        """What the service is given."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "version"}
        lines = given["allowed_networks"].replace(",", "\n").splitlines()
        return given | {"allowed_networks": [line.strip() for line in lines if line.strip()]}


def _initial(policy: SignInPolicy) -> dict[str, Any]:
    given = {name: getattr(policy, name) for name in (*services.FIELDS, "version")}
    return given | {"allowed_networks": "\n".join(shown(network) for network in policy.allowed_networks)}


@require_http_methods(["GET", "POST"])
def sign_in_policy(request: HttpRequest, slug: str) -> HttpResponse:
    """Second factor, sessions, networks."""
    posting = request.method == "POST"
    organization = guard(request, "identity:write" if posting else "identity:read", slug)
    policy, problem = services.policy_of(organization), None
    form = SignInPolicyForm(request.POST or None, initial=_initial(policy))
    if posting:
        require_recent(request)
    if posting and form.is_valid():
        try:
            services.save(
                organization=organization, values=form.values(), exempt=bool(signed_in(request).staff_role),
                expected_version=form.cleaned_data["version"], actor=actor_of(request),
            )  # fmt: skip
        except Problem as refused:
            problem = refused.pointing(lambda name: "/allowed_networks" if name.startswith("/allowed_networks") else name)
        else:
            messages.success(request, "Saved. It counts from everybody's next request on.")
            return redirect("sign_in_policy", slug=organization.slug)
    context = {
        "organization": organization, "policy": policy, "writes": is_open(request, "identity:write", organization),
        "options": SECOND_FACTOR, "here": request_info.get().ip, "networks": [shown(network) for network in policy.allowed_networks],
    }  # fmt: skip
    return answer(request, "organizations/sign_in/policy.html", context, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def staff_networks_lift(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Ask for the reason, then lift an organization's list of networks."""
    guard_tenant(request, "identity:lift")
    one = guard(request, "identity:lift", organization_id)
    require_recent(request)
    form, problem = ReasonForm(request.POST or None, needed=True), None
    if request.method == "POST" and form.is_valid():
        try:
            services.lift(organization=one, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"{one.name} can be used from anywhere again.")
            return redirect("staff_organization", organization_id=one.public_id)
    networks = [shown(network) for network in services.policy_of(one).allowed_networks]
    return answer(request, "organizations/sign_in/staff_lift.html", {"one": one, "networks": networks}, form=form, problem=problem)
