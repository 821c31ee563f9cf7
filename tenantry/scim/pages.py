"""The pages about an organization's directory: how it stands, its tokens, what it may do, which role its groups give, what failed."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.access.guards import actor_of, guard, is_open, require_recent, signed_in
from tenantry.access.networks import shown
from tenantry.kit.clock import end_of_day
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem

from . import errors as refusals
from . import mappings as groups
from . import settings as rules
from . import status, tokens
from .explanations import explain
from .forms import MappingsForm, SettingsForm, TokenForm
from .models import ScimError
from .providers import PROVIDERS

READS, WRITES, MAKES_TOKENS, GOVERNS = "identity:read", "identity:write", "scim_tokens:write", "members:grant_governance"
PER_PAGE = 25
LATEST = 3


def _context(request: HttpRequest, organization: Any, tab: str, **more: Any) -> dict[str, Any]:
    return {
        "organization": organization,
        "tab": tab,
        "may_write": is_open(request, WRITES, organization),
        "may_make_tokens": is_open(request, MAKES_TOKENS, organization),
        **more,
    }


def _error(row: ScimError) -> dict[str, Any]:
    sent = json.dumps(row.sent, indent=2, ensure_ascii=False)
    return {"row": row, "words": explain(code=row.code, scim_type=row.scim_type, status=row.status), "sent": sent}


@require_GET
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """How the sync stands, where the directory connects, and its tokens."""
    organization = guard(request, READS, slug)
    rows = [
        {"token": token, "networks": [shown(network) for network in token.allowed_ips or ()]}
        for token in tokens.list_tokens(organization.id)
    ]
    standing = status.of(organization.id)
    context = _context(
        request, organization, "overview", status=standing, settings=rules.of(organization.id), rows=rows,
        room=standing.tokens < tokens.MOST, latest=[_error(row) for row in refusals.latest(organization.id, limit=LATEST).rows],
    )  # fmt: skip
    return render(request, "scim/overview.html", context)


@require_GET
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    """From nothing to the first synced person, step by step, in the words of the provider that one chooses."""
    organization = guard(request, READS, slug)
    provider = PROVIDERS.get(request.GET.get("provider", ""), PROVIDERS["okta"])
    standing = status.of(organization.id)
    context = _context(
        request, organization, "guide", status=standing, provider=provider, providers=PROVIDERS.values(), room=standing.tokens < tokens.MOST
    )
    return render(request, "scim/guide.html", context)


@require_http_methods(["GET", "POST"])
def token_new(request: HttpRequest, slug: str) -> HttpResponse:
    """A new token. The answer to the form shows it, this once."""
    organization = guard(request, MAKES_TOKENS, slug)
    require_recent(request)
    form, problem = TokenForm(request.POST or None), None
    provider = PROVIDERS.get(request.GET.get("provider", ""))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            token, plain = tokens.make_token(
                organization_id=organization.id, name=given["name"], allowed_ips=form.networks(), owner=signed_in(request).owner_id,
                expires_at=end_of_day(given["last_day"], organization.time_zone) if given["last_day"] else None, actor=actor_of(request),
            )  # fmt: skip
        except Problem as refused:
            problem = refused.pointing(lambda at: "/last_day" if at == "/expires_at" else "/allowed_ips" if "allowed_ips" in at else at)
        else:
            made = _context(request, organization, "", token=token, plain=plain, provider=provider, base_url=status.base_url())
            return render(request, "scim/token_made.html", made)
    return answer(request, "scim/token_new.html", _context(request, organization, "", provider=provider), form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def token_revoke(request: HttpRequest, slug: str, token_id: UUID) -> HttpResponse:
    """End a token at once."""
    organization = guard(request, MAKES_TOKENS, slug)
    token = tokens.load_token(organization.id, token_id)
    if request.method == "POST":
        tokens.revoke_token(organization_id=organization.id, token_id=token_id, actor=actor_of(request))
        messages.success(request, f"{token.name} is revoked. Its next request is refused.")
        return redirect("scim_overview", slug=organization.slug)
    others = tokens.working(organization.id).exclude(id=token.id).exists()
    return render(request, "scim/token_revoke.html", _context(request, organization, "", token=token, others=others))


@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """What the directory may do."""
    organization = guard(request, WRITES if request.method == "POST" else READS, slug)
    form, problem = SettingsForm.of(request.POST, rules.of(organization.id)), None
    for field in form.fields.values():
        field.disabled = not is_open(request, WRITES, organization)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            rules.change(organization_id=organization.id, expected_version=given.pop("version"), actor=actor_of(request), **given)
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "What your directory may do was saved.")
            return redirect("scim_settings", slug=organization.slug)
    return answer(request, "scim/settings.html", _context(request, organization, "settings"), form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def mappings(request: HttpRequest, slug: str) -> HttpResponse:
    """Which role the directory's groups give. “Another row” asks for the same form with one more."""
    organization = guard(request, WRITES if request.method == "POST" else READS, slug)
    # The version first: of what changes in between it is the older one, and saving says so.
    governance, present, held = signed_in(request).may(GOVERNS, organization.id), rules.of(organization.id), groups.of(organization.id)
    asked = request.POST.get("rows", "")
    rows = min(int(asked), groups.MOST) if asked.isdecimal() and len(asked) < 6 else 0
    form, problem = MappingsForm(request.POST or None, held=held, version=present.version, rows=rows, governance=governance), None
    if "more" in request.POST:
        form.is_valid()
        version = form.cleaned_data.get("version", present.version)
        form = MappingsForm(None, held=form.given(), version=version, rows=form.rows + 1, governance=governance)
    elif request.method == "POST" and form.is_valid():
        if any(mapping.role == "owner" for mapping in form.given()):
            require_recent(request)
        try:
            groups.change(
                organization_id=organization.id, mappings=form.given(), governance=governance,
                expected_version=form.cleaned_data["version"], actor=actor_of(request),
            )  # fmt: skip
        except Problem as refused:
            problem = refused.pointing(form.named)
        else:
            messages.success(request, "The roles of your groups were saved.")
            return redirect("scim_mappings", slug=organization.slug)
    known = status.group_names(organization.id)
    mapped = {groups.key_of(mapping.group) for mapping in held}
    context = _context(
        request, organization, "groups", held=held, known=known, governance=governance, settings=present,
        unmapped=[name for name in known if groups.key_of(name) not in mapped],
    )  # fmt: skip
    return answer(request, "scim/mappings.html", context, form=form, problem=problem)


@require_GET
def errors(request: HttpRequest, slug: str) -> HttpResponse:
    """The last refusals, each in plain words and with the way out."""
    organization = guard(request, READS, slug)
    page = refusals.latest(organization.id, cursor=request.GET.get("cursor"), limit=PER_PAGE)
    return render(
        request, "scim/errors.html", _context(request, organization, "errors", page=page, rows=[_error(row) for row in page.rows])
    )
