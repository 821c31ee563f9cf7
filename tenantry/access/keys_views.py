"""The pages about API keys: of one organization, and in the staff console of the whole workspace.

Both planes share these views. Without a slug the page is the staff console's, and its name begins with ``staff_``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.audit.names import organization_names
from tenantry.kit.clock import end_of_day
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem, not_found
from tenantry.tenancy.addresses import address

from . import keys as services
from .forms import KeyForm, RevokeForm, RotateForm
from .guards import actor_of, guard, guard_tenant, is_open, require_recent, signed_in
from .models import ApiKey
from .networks import shown
from .registry import grouped
from .scopes import MAKES_KEYS, PRESETS, announced, may_grant, offered, reach_of, usable

PER_PAGE = 50
READS_KEYS = "keys:read"
STATUS_CHOICES = [("active", "Active"), ("replaced", "Replaced"), ("expired", "Expired"), ("revoked", "Revoked")]


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where keys are looked at: the organization whose page it is (None in the staff console), and the caller's right there.

    ``of`` is the organization that the keys in question belong to; in the staff console it may be any, or none.
    """

    organization: Any
    of: Any
    writes: bool

    def url(self, name: str, key: ApiKey | None = None) -> str:
        arguments = {"slug": self.organization.slug} if self.organization else {}
        if key is not None:
            arguments["key_id"] = key.public_id
        return reverse(name if self.organization else f"staff_{name}", kwargs=arguments)

    def context(self, **more: Any) -> dict[str, Any]:
        given = {"organization": self.organization, "of": self.of, "may_write": self.writes, "list_url": self.url("keys")}
        return given | {"base": address("api_reference").removesuffix("/docs")} | more


def _desk(request: HttpRequest, permission: str, slug: str, of: UUID | None = None) -> _Desk:
    """Raises Problem 401, 403, 404. ``of``: whose key it is about."""
    if slug:
        organization = guard(request, permission, slug)
        return _Desk(organization, organization, is_open(request, MAKES_KEYS, organization))
    principal = guard_tenant(request, permission)
    found = guard(request, permission, of) if of else None
    return _Desk(None, found, is_open(request, MAKES_KEYS, found) if found else principal.may(MAKES_KEYS))


def _desk_of_key(request: HttpRequest, permission: str, slug: str, key_id: UUID) -> tuple[_Desk, ApiKey]:
    """The same about one key, which an organization's page shows only when it is the organization's."""
    if slug:
        desk = _desk(request, permission, slug)
        key = services.load_key(key_id)
        if key.organization_id != desk.organization.id:
            raise not_found("key")
        return desk, key
    guard_tenant(request, permission)
    key = services.load_key(key_id)
    return _desk(request, permission, "", key.organization_id), key


@require_GET
def keys(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Keys, the latest first. The staff console shows those of the workspace and of every organization."""
    desk = _desk(request, READS_KEYS, slug)
    search, status = request.GET.get("q", ""), request.GET.get("status", "")
    status = status if status in services.STATUSES else ""
    page = services.list_keys(
        organization_id=desk.of.id if desk.of else None, status=status, search=search, cursor=request.GET.get("cursor"), limit=PER_PAGE
    )
    names = {} if desk.organization else organization_names({key.organization_id for key in page.rows if key.organization_id})
    rows = [
        {
            "key": key, "url": desk.url("key", key), "rotate_url": desk.url("key_rotate", key), "revoke_url": desk.url("key_revoke", key),
            "whose": names.get(key.organization_id, "") if key.organization_id else "The workspace",
            "about": [label for label, _ in grouped(reach_of(key.scopes, staff_role=key.staff_role).may)] if key.scopes else [],
        }
        for key in page.rows
    ]  # fmt: skip
    context = desk.context(
        page=page, rows=rows, statuses=STATUS_CHOICES, filtered=bool(search.strip() or status), new_url=desk.url("key_new")
    )
    return render(request, "access/keys.html", context)


@require_http_methods(["GET", "POST"])
def key_new(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Choose what a key may do; a preset ticks its boxes. The answer to the form shows the key, this once."""
    desk = _desk(request, MAKES_KEYS, slug)
    require_recent(request)
    groups, grantable = _boxes(request, desk)
    form, problem = KeyForm(request.POST or None, scopes=grantable), None
    ticked = [name for name in request.POST.getlist("scopes") if name in grantable]
    preset = PRESETS.get(request.POST.get("preset", ""))
    if preset is not None or "clear" in request.POST:  # nothing is made yet: the same form with other boxes ticked
        values = {name: request.POST.get(name, "") for name in ("name", "last_day", "allowed_ips")}
        form = KeyForm(initial=values, scopes=grantable)
        ticked = [*ticked, *(name for name in preset.scopes if name in grantable)] if preset else []
    elif request.method == "POST" and form.is_valid():
        try:
            key, plain = _make(request, desk, form)
        except Problem as refused:
            problem = _in_page_words(refused)
        else:
            return render(request, "access/key_made.html", desk.context(key=key, plain=plain, key_url=desk.url("key", key)))
    context = desk.context(groups=groups, ticked=set(ticked), presets=PRESETS.values(), preset=preset, url=desk.url("key_new"))
    return answer(request, "access/key_new.html", context, form=form, problem=problem)


def _boxes(request: HttpRequest, desk: _Desk) -> tuple[list[tuple[str, str, list[dict[str, Any]]]], list[str]]:
    """The scopes to choose from, by what they are about; one that the person doesn't hold is shown closed."""
    principal, organization_id = signed_in(request), desk.of.id if desk.of else None
    of_organization = organization_id is not None
    held = {p.name for p in offered(by_organization=of_organization) if may_grant(principal, p.name, organization_id)}
    groups = [
        (label, "", [{"name": p.name, "meaning": p.meaning, "open": p.name in held} for p in permissions])
        for label, permissions in grouped(offered(by_organization=of_organization))
    ]
    coming = [
        name
        for name in sorted(announced())
        if usable(name, by_organization=of_organization) and may_grant(principal, name, organization_id)
    ]
    if coming:
        hint = "Presets name these. They do nothing until a later version knows them."
        groups.append(("Still to come", hint, [{"name": name, "meaning": "", "open": True} for name in coming]))
    return groups, [*sorted(held), *coming]


def _make(request: HttpRequest, desk: _Desk, form: KeyForm) -> tuple[ApiKey, str]:
    given = form.cleaned_data
    zone = desk.of.time_zone if desk.of else "UTC"
    return services.make_key(
        principal=signed_in(request), name=given["name"], scopes=given["scopes"], organization_id=desk.of.id if desk.of else None,
        expires_at=end_of_day(given["last_day"], zone) if given["last_day"] else None, allowed_ips=form.networks(),
        actor=actor_of(request),
    )  # fmt: skip


def _in_page_words(problem: Problem) -> Problem:
    """The fields of the page are called otherwise than the members of the API, and lines have no number."""
    errors = [
        {"pointer": "/last_day" if e["pointer"] == "/expires_at" else "/allowed_ips" if "allowed_ips" in e["pointer"] else e["pointer"],
         "detail": e["detail"]}
        for e in problem.members.get("errors", [])
    ]  # fmt: skip
    return Problem(problem.status, problem.code, problem.detail, errors=errors)


@require_GET
def key(request: HttpRequest, key_id: UUID, slug: str = "") -> HttpResponse:
    """One key: what it may do and what it can't reach, whose it is, and when it was used."""
    desk, found = _desk_of_key(request, READS_KEYS, slug, key_id)
    reach = reach_of(found.scopes, staff_role=found.staff_role)
    predecessor = ApiKey.objects.filter(replaced_by=found).first()
    context = desk.context(
        key=found, networks=[shown(network) for network in found.allowed_ips or ()], works=found.status in ("active", "replaced"),
        may=grouped(reach.may), withheld=grouped(reach.withheld), beyond=grouped(reach.beyond), idle=reach.idle,
        rotate_url=desk.url("key_rotate", found), revoke_url=desk.url("key_revoke", found),
        replaced_url=desk.url("key", found.replaced_by) if found.replaced_by else "",
        predecessor=predecessor, predecessor_url=desk.url("key", predecessor) if predecessor else "",
    )  # fmt: skip
    return render(request, "access/key.html", context)


@require_http_methods(["GET", "POST"])
def key_rotate(request: HttpRequest, key_id: UUID, slug: str = "") -> HttpResponse:
    """A new key in place of an old one, which works on for a while. The answer shows the new one, this once."""
    desk, found = _desk_of_key(request, MAKES_KEYS, slug, key_id)
    require_recent(request)
    form, problem = RotateForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        hours = form.cleaned_data["overlap_hours"]
        try:
            new, plain = services.rotate_key(key_id=found.id, overlap_hours=hours, principal=signed_in(request), actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            found.refresh_from_db()
            context = desk.context(key=new, plain=plain, old=found, key_url=desk.url("key", new))
            return render(request, "access/key_made.html", context)
    context = desk.context(key=found, url=desk.url("key_rotate", found), key_url=desk.url("key", found))
    return answer(request, "access/key_rotate.html", context, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def key_revoke(request: HttpRequest, key_id: UUID, slug: str = "") -> HttpResponse:
    """End a key at once."""
    desk, found = _desk_of_key(request, MAKES_KEYS, slug, key_id)
    form, problem = RevokeForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            services.revoke_key(key_id=found.id, actor=actor_of(request), reason=form.cleaned_data["reason"])
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"{found.name} is revoked. Its next request is refused.")
            return redirect(desk.url("keys"))
    context = desk.context(key=found, url=desk.url("key_revoke", found), key_url=desk.url("key", found))
    return answer(request, "access/key_revoke.html", context, form=form, problem=problem)
