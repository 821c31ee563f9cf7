"""The pages about webhooks: of one organization, and in the staff console of the workspace and of every organization.

Both planes share these views. Without a slug the page is the staff console's, and its name begins with ``staff_``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access.guards import actor_of, guard, guard_tenant, is_open, require_recent, signed_in
from tenantry.audit.catalogue import public_events
from tenantry.audit.forms import instants_of
from tenantry.audit.names import organization_names
from tenantry.kit.clock import now
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem, not_found

from . import queries, services
from .api import count_write, may_read_body, require_member_events, try_now
from .forms import EndpointForm, HeaderRows, Question, ReplayForm, TestForm, grouped
from .models import PAUSED_BECAUSE, Delivery, Endpoint
from .pictures import picture

PER_PAGE, DELIVERIES_PER_PAGE = 50, 25
STATES = Endpoint.State.choices


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where webhooks are looked at: the organization whose page it is (None in the staff console).

    ``of`` is the organization that the endpoint in question belongs to; in the staff console it may be any, or none.
    """

    request: HttpRequest
    organization: Any
    of: Any

    def may(self, permission: str) -> bool:
        if self.of is not None:
            return is_open(self.request, permission, self.of)
        return signed_in(self.request).may(permission)

    @property
    def owner(self) -> UUID | None:
        return self.of.id if self.of is not None else None

    @property
    def time_zone(self) -> str:
        return self.of.time_zone if self.of is not None else "UTC"

    def url(self, name: str, **ids: UUID) -> str:
        here = {"slug": self.organization.slug} if self.organization else {}
        return reverse(name if self.organization else f"staff_{name}", kwargs={**here, **ids})

    def urls(self, endpoint: Endpoint) -> dict[str, str]:
        """Every page of an endpoint, by its last word."""
        pages = "edit rotate pause resume delete test replay".split()
        return {page: self.url(f"webhook_{page}", endpoint_id=endpoint.id) for page in pages} | {
            "show": self.url("webhook", endpoint_id=endpoint.id),
            "list": self.url("webhooks"),
        }

    def context(self, endpoint: Endpoint | None = None, **more: Any) -> dict[str, Any]:
        given = {"organization": self.organization, "of": self.of, "list_url": self.url("webhooks")}
        if endpoint is not None:
            given |= {"endpoint": endpoint, "urls": self.urls(endpoint)}
        return given | more


def _desk(request: HttpRequest, permission: str, slug: str) -> _Desk:
    """Raises Problem 401, 403, 404."""
    if slug:
        organization = guard(request, permission, slug)
        return _Desk(request, organization, organization)
    guard_tenant(request, permission)
    return _Desk(request, None, None)


def _desk_of(request: HttpRequest, permission: str, slug: str, endpoint_id: UUID) -> tuple[_Desk, Endpoint]:
    """The same about one endpoint, which an organization's page shows only when it is the organization's."""
    desk = _desk(request, permission, slug)
    endpoint = queries.load(endpoint_id)
    if slug:
        if endpoint.organization_id != desk.owner:
            raise not_found("webhook endpoint")
        return desk, endpoint
    of = guard(request, permission, endpoint.organization_id) if endpoint.organization_id else None
    return _Desk(request, None, of), endpoint


@require_GET
def webhooks(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Endpoints, the latest first, with how their last 24 hours went."""
    desk = _desk(request, "webhooks:read", slug)
    search, state = request.GET.get("q", "").strip(), request.GET.get("state", "")
    page = queries.list_endpoints(
        organization_id=desk.owner, everything=not slug, search=search, state=state if state in Endpoint.State.values else "",
        cursor=request.GET.get("cursor"), limit=PER_PAGE,
    )  # fmt: skip
    days = queries.last_day([row.id for row in page.rows])
    names = {} if slug else organization_names({row.organization_id for row in page.rows if row.organization_id})
    rows = [
        {
            "endpoint": row, "url": desk.url("webhook", endpoint_id=row.id), "day": picture(days[row.id]), "first": row.events[:2],
            "more": len(row.events[2:]), "whose": names.get(row.organization_id, "") if row.organization_id else "The workspace",
            "why": PAUSED_BECAUSE.get(row.pause_reason, ""),
        }
        for row in page.rows
    ]  # fmt: skip
    context = desk.context(
        page=page, rows=rows, states=STATES, filtered=bool(search or state), may_write=desk.may("webhooks:write"),
        new_url=desk.url("webhook_new"),
    )  # fmt: skip
    return render(request, "webhooks/list.html", context)


@require_http_methods(["GET", "POST"])
def webhook_new(request: HttpRequest, slug: str = "") -> HttpResponse:
    """A new endpoint. The answer to the form shows its secret, this once."""
    desk = _desk(request, "webhooks:write", slug)
    require_recent(request)
    return _edited(request, desk, None)


@require_http_methods(["GET", "POST"])
def webhook_edit(request: HttpRequest, endpoint_id: UUID, slug: str = "") -> HttpResponse:
    """Change address, events and headers. Values of headers aren't shown; left empty they stay."""
    desk, endpoint = _desk_of(request, "webhooks:write", slug, endpoint_id)
    require_member_events(request, desk.owner, endpoint.events)
    require_recent(request)
    return _edited(request, desk, endpoint)


def _edited(request: HttpRequest, desk: _Desk, endpoint: Endpoint | None) -> HttpResponse:
    """The form of a new endpoint and of an old one."""
    posted, more = request.method == "POST", "more" in request.POST
    initial: dict[str, Any] = {"everything": False, "events": []}
    if endpoint is not None:
        initial = {"url": endpoint.url, "description": endpoint.description, "version": endpoint.version,
                   "everything": endpoint.hears_all, "events": endpoint.events}  # fmt: skip
    rows, problem = HeaderRows.of(request.POST if posted else None, endpoint), None
    if posted and more:  # nothing is saved yet: the same form with more rows
        typed = {name: request.POST.get(name, "") for name in ("url", "description", "version")}
        form = EndpointForm(initial={**typed, "everything": "everything" in request.POST, "events": request.POST.getlist("events")})
    else:
        form = EndpointForm(request.POST if posted else None, initial=initial)
        if posted and form.is_valid():
            try:
                return _saved(request, desk, endpoint, form, rows)
            except Problem as refused:
                problem = refused
    context = desk.context(
        endpoint, groups=grouped(), ticked=set(form["events"].value() or []), rows=rows.rows(more=more),
        may_people=desk.may("webhooks:member_events"), loopback=settings.ENVIRONMENT.loopback_webhooks,
        developing=settings.ENVIRONMENT.developing,
        back=desk.url("webhook", endpoint_id=endpoint.id) if endpoint else desk.url("webhooks"),
    )  # fmt: skip
    return answer(request, "webhooks/edit.html", context, form=form, problem=problem)


def _saved(request: HttpRequest, desk: _Desk, endpoint: Endpoint | None, form: EndpointForm, rows: HeaderRows) -> HttpResponse:
    given, events, headers = form.cleaned_data, form.chosen(), rows.headers()
    require_member_events(request, desk.owner, events)
    count_write(desk.owner)
    values = {"url": given["url"].strip(), "events": events, "description": given["description"], "headers": headers}
    if endpoint is not None:
        services.update_endpoint(endpoint=endpoint, changes=values, expected_version=given["version"], actor=actor_of(request))
        messages.success(request, "The endpoint was changed.")
        return redirect(desk.url("webhook", endpoint_id=endpoint.id))
    made, secret = services.create_endpoint(**values, organization_id=desk.owner, actor=actor_of(request))
    return render(request, "webhooks/secret.html", desk.context(made, secret=secret, rotated=False))


@require_GET
def webhook(request: HttpRequest, endpoint_id: UUID, slug: str = "") -> HttpResponse:
    """One endpoint: its state, its last day, and its deliveries."""
    desk, endpoint = _desk_of(request, "webhooks:read", slug, endpoint_id)
    given = request.GET
    status, event_type = given.get("status", ""), given.get("event_type", "")
    page = queries.list_deliveries(
        endpoint, cursor=given.get("cursor"), limit=DELIVERIES_PER_PAGE, status=status if status in Delivery.Status.values else "",
        event_type=event_type, **instants_of(given, time_zone=desk.time_zone),
    )  # fmt: skip
    rows = [
        {"delivery": row, "url": desk.url("webhook_delivery", endpoint_id=endpoint.id, delivery_id=row.id), "last": (row.tries or [{}])[-1]}
        for row in page.rows
    ]
    may_write = desk.may("webhooks:write")
    context = desk.context(
        endpoint, page=page, rows=rows, day=picture(queries.last_day([endpoint.id])[endpoint.id]),
        why=PAUSED_BECAUSE.get(endpoint.pause_reason, ""),
        statuses=Delivery.Status.choices, types=[(name, name) for name in public_events()],
        filtered=any(given.get(name) for name in ("status", "event_type", "from", "to", "cursor")), may_write=may_write,
        may_edit=may_write and (desk.may("webhooks:member_events") or not services.about_people(endpoint.events)),
        may_rotate=desk.may("webhooks:rotate"), may_delete=desk.may("webhooks:delete"),
        meanings={name: public_events()[name].meaning for name in endpoint.events if name in public_events()},
        rotating=endpoint.previous_until is not None and endpoint.previous_until > now(),
    )  # fmt: skip
    return render(request, "webhooks/endpoint.html", context)


@require_http_methods(["GET", "POST"])
def webhook_rotate(request: HttpRequest, endpoint_id: UUID, slug: str = "") -> HttpResponse:
    """A new secret. The answer shows it, this once."""
    desk, endpoint = _desk_of(request, "webhooks:rotate", slug, endpoint_id)
    require_recent(request)
    form, problem = Question(request.POST if request.method == "POST" else None), None
    if request.method == "POST":
        try:
            count_write(desk.owner)
            rotated, secret = services.rotate_secret(endpoint=endpoint, actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            return render(request, "webhooks/secret.html", desk.context(rotated, secret=secret, rotated=True))
    rotating = endpoint.previous_until is not None and endpoint.previous_until > now()
    return answer(request, "webhooks/rotate.html", desk.context(endpoint, rotating=rotating), form=form, problem=problem)


@require_POST
def webhook_pause(request: HttpRequest, endpoint_id: UUID, slug: str = "") -> HttpResponse:
    """Deliver nothing more for now."""
    desk, endpoint = _desk_of(request, "webhooks:write", slug, endpoint_id)
    services.pause_endpoint(endpoint=endpoint, actor=actor_of(request))
    messages.success(request, "Paused. What happens meanwhile is kept and can be sent later.")
    return redirect(desk.url("webhook", endpoint_id=endpoint.id))


@require_POST
def webhook_resume(request: HttpRequest, endpoint_id: UUID, slug: str = "") -> HttpResponse:
    """Deliver again."""
    desk, endpoint = _desk_of(request, "webhooks:write", slug, endpoint_id)
    services.resume_endpoint(endpoint=endpoint, actor=actor_of(request))
    messages.success(request, "Resumed. What was missed meanwhile is sent when you choose “Send again since…”.")
    return redirect(desk.url("webhook", endpoint_id=endpoint.id))


@require_http_methods(["GET", "POST"])
def webhook_delete(request: HttpRequest, endpoint_id: UUID, slug: str = "") -> HttpResponse:
    """Take an endpoint and its deliveries away."""
    desk, endpoint = _desk_of(request, "webhooks:delete", slug, endpoint_id)
    form, problem = Question(request.POST if request.method == "POST" else None), None
    if request.method == "POST":
        try:
            count_write(desk.owner)
            services.delete_endpoint(endpoint=endpoint, actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "The endpoint was deleted.")
            return redirect(desk.url("webhooks"))
    return answer(request, "webhooks/delete.html", desk.context(endpoint), form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def webhook_test(request: HttpRequest, endpoint_id: UUID, slug: str = "") -> HttpResponse:
    """Send the example of an event, marked as such, and show at once what came of it."""
    desk, endpoint = _desk_of(request, "webhooks:write", slug, endpoint_id)
    form, problem = TestForm(request.POST or None, initial={"event_type": request.GET.get("event_type", "webhook.test")}), None
    shown: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        try:
            delivery = try_now(request, endpoint, form.cleaned_data["event_type"])
        except Problem as refused:
            problem = refused
        else:
            shown = _shown(request, desk, endpoint, delivery)
    context = desk.context(endpoint, groups=grouped(), **shown)
    return answer(request, "webhooks/test.html", context, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def webhook_replay(request: HttpRequest, endpoint_id: UUID, slug: str = "") -> HttpResponse:
    """Send again what was missed since a moment."""
    desk, endpoint = _desk_of(request, "webhooks:write", slug, endpoint_id)
    begin = (now() - timedelta(days=1)).astimezone(ZoneInfo(desk.time_zone)).replace(tzinfo=None)
    form, problem = ReplayForm(request.POST or None, initial={"since": begin}), None
    if request.method == "POST" and form.is_valid():
        try:
            count = services.replay(
                endpoint=endpoint, since=form.moment(desk.time_zone), only_failed=not form.cleaned_data["everything"],
                actor=actor_of(request),
            )  # fmt: skip
        except Problem as refused:
            problem = refused
        else:
            said = "delivery goes" if count == 1 else "deliveries go"
            messages.success(request, f"{count:,} {said} out again." if count else "There was nothing to send again.")
            return redirect(desk.url("webhook", endpoint_id=endpoint.id))
    return answer(request, "webhooks/replay.html", desk.context(endpoint, zone=desk.time_zone), form=form, problem=problem)


@require_GET
def webhook_delivery(request: HttpRequest, endpoint_id: UUID, delivery_id: UUID, slug: str = "") -> HttpResponse:
    """One delivery: request, answer and all tries."""
    desk, endpoint = _desk_of(request, "webhooks:read", slug, endpoint_id)
    delivery = queries.load_delivery(endpoint, delivery_id)
    return render(request, "webhooks/delivery.html", desk.context(endpoint, **_shown(request, desk, endpoint, delivery)))


def _shown(request: HttpRequest, desk: _Desk, endpoint: Endpoint, delivery: Delivery) -> dict[str, Any]:
    """What the parts about one delivery need."""
    ids = {"endpoint_id": endpoint.id, "delivery_id": delivery.id}
    return {
        "delivery": delivery,
        "delivery_url": desk.url("webhook_delivery", **ids),
        "redeliver_url": desk.url("webhook_redeliver", **ids) if desk.may("webhooks:write") else "",
        "headers": "\n".join(f"{name}: {value}" for name, value in queries.request_headers(endpoint, delivery).items()),
        "shown": may_read_body(request, endpoint, delivery),
        "body": _pretty(delivery.body),
        "answer_body": _pretty(delivery.answer_body),
        "tries": [{**entry, "at": datetime.fromisoformat(entry["at"])} for entry in reversed(delivery.tries)],
        "last": (delivery.tries or [{}])[-1],
    }


def _pretty(text: str) -> str:
    """JSON laid out for reading; anything else as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


@require_POST
def webhook_redeliver(request: HttpRequest, endpoint_id: UUID, delivery_id: UUID, slug: str = "") -> HttpResponse:
    """Send one delivery again."""
    desk, endpoint = _desk_of(request, "webhooks:write", slug, endpoint_id)
    delivery = services.redeliver(endpoint=endpoint, delivery=queries.load_delivery(endpoint, delivery_id), actor=actor_of(request))
    messages.success(request, "It goes out again in a moment. Reload to see what came of it.")
    return redirect(desk.url("webhook_delivery", endpoint_id=endpoint.id, delivery_id=delivery.id))
