"""Single sign-on in an organization's portal: the connections, and the wizard that sets one up in four steps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.access.guards import actor_of, guard, is_open, require_recent, signed_in
from tenantry.kit.clock import now
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem
from tenantry.organizations import domains
from tenantry.organizations.domains.names import shown
from tenantry.organizations.models import Organization

from .. import connections, parties, policies, testing
from ..enforcing import open_window
from ..forms import ChooseForm, MappingForm, OidcForm, Question, SamlForm
from ..lookups import Found
from ..models import Certificate, Connection, Policy
from ..presets import PRESETS, Preset
from ..routing import broken
from ..setup import look_up
from ..shapes import binding_name, state_of

STEPS = ("Provider", "Settings", "Test", "Turn on")
READ, WRITE = "identity:read", "identity:write"


def steps_of(organization: Organization, connection: Connection | None) -> list[tuple[str, str]]:
    """The wizard's steps with their addresses."""
    if connection is None:
        return [(label, "") for label in STEPS]
    here = {"slug": organization.slug, "connection_id": connection.id}
    names = ("sso_connection", "sso_connection", "sso_test", "sso_turn_on")
    return [(label, reverse(name, kwargs=here)) for label, name in zip(STEPS, names, strict=True)]


def _one(request: HttpRequest, slug: str, connection_id: UUID, permission: str = WRITE) -> tuple[Organization, Connection]:
    organization = guard(request, permission, slug)
    return organization, connections.load(organization, connection_id)


@require_GET
def sso(request: HttpRequest, slug: str) -> HttpResponse:
    """The connections with how they stand, and how people sign in."""
    organization = guard(request, READ, slug)
    policy = policies.of(organization.id)
    rows = [card(connection) for connection in Connection.objects.filter(organization=organization).order_by("id")]
    context = {
        "organization": organization, "rows": rows, "policy": policy, "may_write": is_open(request, WRITE, organization),
        "may_lift": is_open(request, "identity:lift", organization) and policy.mode == Policy.Mode.ENFORCED,
        "domains": [shown(name) for name in domains.verified(organization.id)], "window": open_window(organization.id),
        "primary": policies.primary_of(policy),
    }  # fmt: skip
    return render(request, "sso/list.html", context)


def card(connection: Connection) -> dict[str, Any]:
    """A connection as its card shows it: certificates with how long they last, and what is wrong."""
    certificates = [{"row": row, "state": state_of(row)} for row in Certificate.objects.filter(connection=connection).order_by("not_after")]
    return {
        "connection": connection,
        "provider": PRESETS[connection.preset].label,
        "certificates": certificates,
        "missing": [_MISSING[name] for name in connections.missing(connection, certificates=len(certificates))],
        "broken": broken(connection) if connection.state == Connection.State.READY else "",
    }


_MISSING = {
    "idp_entity_id": "the provider's entity ID", "sso_url": "its sign-in address", "certificates": "a certificate", "issuer": "the issuer",
    "client_id": "the client ID", "client_secret": "the client secret",
}  # fmt: skip


@require_http_methods(["GET", "POST"])
def sso_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Step 1: which provider. A draft is made, which has our addresses for it."""
    organization = guard(request, WRITE, slug)
    policies.require_recent_where_on(request, organization)
    form, problem = ChooseForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            found = look_up({}, preset=given["preset"], kind=given["kind"])
            made = connections.create_connection(
                organization=organization, kind=given["kind"], preset=given["preset"], values={}, found=found, actor=actor_of(request)
            )
        except Problem as refused:
            problem = refused
        else:
            return redirect("sso_connection", slug=slug, connection_id=made.id)
    offered = [preset for preset in PRESETS.values() if preset.name != "test" or connections.test_provider_allowed()]
    chosen = request.POST.get("preset", "")
    context = {
        "organization": organization, "presets": offered, "chosen": chosen, "chosen_kind": request.POST.get("kind", "saml"),
        "steps": steps_of(organization, None),
    }  # fmt: skip
    return answer(request, "sso/new.html", context, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def sso_connection(request: HttpRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Step 2: our values for the provider, and its values for us."""
    organization, connection = _one(request, slug, connection_id)
    policies.require_recent_where_on(request, organization)
    saml = connection.kind == Connection.Kind.SAML
    form, problem = _settings_form(request, connection), None
    if request.method == "POST" and form.is_valid():
        try:
            # The built-in provider's page asks for the name alone: the rest is known, and isn't to be emptied.
            values = {"name": form.cleaned_data["name"]} if connection.preset == "test" else form.values()
            found = look_up(values, kind=connection.kind)
            if "certificates" in values and form.cleaned_data["keep_certificates"]:
                present = Certificate.objects.filter(connection=connection, not_after__gt=now())
                values["certificates"] += present.values_list("pem", flat=True)
            if values.get("metadata_xml") and connection.metadata_url and "metadata_url" not in values:
                values["metadata_url"] = ""  # what was pasted isn't read again every day
            changed = connections.update_connection(
                connection=connection, values=values, found=found, expected_version=form.cleaned_data["version"], actor=actor_of(request)
            )
        except Problem as refused:
            problem = refused
        else:
            if changed.state == Connection.State.READY:
                return redirect("sso_test", slug=slug, connection_id=connection.id)
            messages.info(request, "Saved. Something is still missing before it can be tried.")
            return redirect("sso_connection", slug=slug, connection_id=connection.id)
    context = {
        "organization": organization, "saml": saml, "steps": steps_of(organization, connection), **card(connection),
        **words_of(connection),
    }  # fmt: skip
    return answer(request, "sso/settings.html", context, form=form, problem=problem)


def _settings_form(request: HttpRequest, connection: Connection) -> SamlForm | OidcForm:
    names = "name metadata_url idp_entity_id sso_url slo_url issuer client_id client_authentication version".split()
    initial = {name: getattr(connection, name) for name in names}
    initial |= {name: binding_name(getattr(connection, name)) for name in ("sso_binding", "slo_binding")}
    kind = SamlForm if connection.kind == Connection.Kind.SAML else OidcForm
    return kind(request.POST or None, request.FILES or None, initial=initial)


def words_of(connection: Connection) -> dict[str, Any]:
    """What to do at the provider, in the words of its console, with our values."""
    preset: Preset = PRESETS[connection.preset]
    way, ours = preset.ways[connection.kind], parties.our_side(connection)
    ours["acs_pattern"] = f"^{ours['acs_url'].replace('.', chr(92) + '.')}$"  # as a regular expression, which OneLogin wants
    lines = [(label, value[1:] if value.startswith("=") else ours[value], not value.startswith("=")) for label, value in way.lines]
    return {"preset": preset, "way": way, "lines": lines, "ours": ours}


@require_http_methods(["GET", "POST"])
def sso_test(request: HttpRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Step 3: try it in a new window, and see here what it would do. A POST leads that window to the provider."""
    organization, connection = _one(request, slug, connection_id)
    form, problem = Question(request.POST or None), None
    if request.method == "POST":
        try:
            _, token = testing.prepare(connection=connection, user=signed_in(request).user, actor=actor_of(request))
            return render(request, "sso/away.html", {"url": testing.url(connection, token), "connection": connection})
        except Problem as refused:
            problem = refused
    part = request.headers.get("HX-Request") == "true"
    context = {
        "organization": organization, "connection": connection, "steps": steps_of(organization, connection),
        **testing.shown(testing.latest(connection)), "waiting": testing.waiting(connection), "missing": card(connection)["missing"],
    }  # fmt: skip
    if part:
        return render(request, "sso/parts/test_result.html", context)
    return answer(request, "sso/test.html", context, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def sso_turn_on(request: HttpRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Step 4: let people sign in by it. Enforcing is a step of its own, on the page of the policy."""
    organization, connection = _one(request, slug, connection_id)
    require_recent(request)
    form, problem, policy = Question(request.POST or None), None, policies.of(organization.id)
    if request.method == "POST":
        try:
            values: dict[str, Any] = {"primary": connection.id} | ({"mode": Policy.Mode.TEST} if policy.mode == Policy.Mode.OFF else {})
            policies.change(organization=organization, values=values, actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"People of {organization.name} can now sign in by {connection.name}.")
            return redirect("sso_policy", slug=slug)
    context = {
        "organization": organization, "connection": connection, "policy": policy, "steps": steps_of(organization, connection),
        "domains": [shown(name) for name in domains.verified(organization.id)], "primary": policies.primary_of(policy),
    }  # fmt: skip
    return answer(request, "sso/turn_on.html", context, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def sso_mapping(request: HttpRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Which attribute is what, which group gives which role, and how strict we are; with what the last test brought."""
    organization, connection = _one(request, slug, connection_id)
    policies.require_recent_where_on(request, organization)
    saml = connection.kind == Connection.Kind.SAML
    form: forms.Form = MappingForm(request.POST or None, saml=saml, initial=MappingForm.initial_of(connection))
    problem = None
    if request.method == "POST" and form.is_valid():
        assert isinstance(form, MappingForm)
        try:
            connections.update_connection(
                connection=connection, values=form.values(), found=Found(), expected_version=form.cleaned_data["version"],
                actor=actor_of(request),
            )  # fmt: skip
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "Saved. A test shows what the next sign-in brings.")
            return redirect("sso_test", slug=slug, connection_id=connection.id)
    context = {"organization": organization, "connection": connection, "saml": saml, **testing.previewed(connection)}
    return answer(request, "sso/mapping.html", context, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def sso_delete(request: HttpRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Take a connection away; it asks first."""
    organization, connection = _one(request, slug, connection_id)
    policies.require_recent_where_on(request, organization)
    form, problem = Question(request.POST or None), None
    if request.method == "POST":
        try:
            connections.delete_connection(connection=connection, actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"{connection.name} was deleted.")
            return redirect("sso", slug=slug)
    return answer(request, "sso/delete.html", {"organization": organization, "connection": connection}, form=form, problem=problem)
