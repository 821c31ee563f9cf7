"""The staff console's pages about mail: the settings, what didn't arrive, who gets none, and how mails look."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access import limits
from tenantry.access.guards import actor_of, guard_tenant
from tenantry.kit.emails import normalize
from tenantry.kit.forms import answer, show_problem
from tenantry.kit.hardening import frames_own
from tenantry.kit.problems import Problem, not_found
from tenantry.tenancy.settings import read_group

from . import letters, queries, reports, routes, services, settings, suppressions
from .api import reports_url
from .forms import MailForm, transports
from .models import LOST, Message
from .providers import PROVIDERS
from .transports import WORDS
from .trial import Trial, try_out

PER_PAGE = 50
# A mail's own styles are inline, so its preview is a document of its own, without scripts and with nothing from elsewhere.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"


@require_http_methods(["GET", "POST"])
def staff_mail(request: HttpRequest) -> HttpResponse:
    """By which server mails leave, and from whom."""
    principal = guard_tenant(request, "tenant:write" if request.method == "POST" else "tenant:read")
    form, problem = _form(request, editable=principal.may("tenant:write")), None
    if request.method == "POST" and form.is_valid():
        try:
            settings.change(wanted=form.wanted(), expected_version=form.cleaned_data["version"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "The mail settings were saved. A test mail shows whether they work.")
            return redirect("staff_mail")
    return answer(request, "mail/staff/settings.html", _context(request, form), form=form, problem=problem)


def _form(request: HttpRequest, *, editable: bool) -> MailForm:
    kept = read_group(routes.GROUP)
    given = request.POST if request.method == "POST" else request.GET
    wanted = given.get("transport") or kept.values.get("transport", routes.ENVIRONMENT)
    known = wanted if wanted in dict(transports()) else routes.ENVIRONMENT
    return MailForm(transport=known, kept=kept, data=request.POST if request.method == "POST" else None, editable=editable)


def _context(request: HttpRequest, form: MailForm, *, trial: Trial | None = None, to: str = "", wrong: str = "") -> dict[str, Any]:
    principal = request.principal  # type: ignore[attr-defined]  # set by Authentication
    return {
        "form": form,
        "route": routes.present(),
        "transports": transports(),
        "may_write": principal.may("tenant:write"),
        "to": to or (principal.user.email if principal.user else ""),
        "trial": trial,
        "wrong": wrong,
        "reports_open": reports.are_open(),
    }


@require_POST
def staff_mail_test(request: HttpRequest) -> HttpResponse:
    """Send a test mail with what was typed, saved or not, and show what the server said."""
    principal = guard_tenant(request, "tenant:write")
    limits.count("mail_test", principal.caller)
    form = _form(request, editable=True)
    if not form.is_valid():
        return _tried(request, form, wrong="Not tried: some of what was typed can't work.", status=422)
    try:
        to = normalize(request.POST.get("to", ""), pointer="/to")
        route = routes.route_of(settings.judge(form.wanted(), read_group(routes.GROUP)))
    except Problem as problem:
        show_problem(form, problem)
        return _tried(request, form, wrong=f"Not tried: {problem.detail}", status=problem.status)
    trial = try_out(route=route, to=to, actor=actor_of(request))
    return _tried(request, form, trial=trial, to=to)


def _tried(
    request: HttpRequest, form: MailForm, *, trial: Trial | None = None, to: str = "", wrong: str = "", status: int = 200
) -> HttpResponse:
    part = "mail/parts/trial.html" if request.headers.get("HX-Request") else "mail/staff/settings.html"
    return render(request, part, _context(request, form, trial=trial, to=to, wrong=wrong), status=status)


@require_POST
def staff_mail_reports(request: HttpRequest) -> HttpResponse:
    """Make the address that a provider reports bounces to, and show its secret once."""
    guard_tenant(request, "tenant:write")
    secret = reports.open_reports(actor=actor_of(request))
    reporting = [(provider.label, _with(reports_url(name), secret)) for name, provider in PROVIDERS.items() if provider.view]
    chosen = routes.present().transport
    own = [(PROVIDERS[chosen].label, _with(reports_url(chosen), secret))] if chosen in PROVIDERS and PROVIDERS[chosen].view else []
    return render(request, "mail/staff/reports.html", {"secret": secret, "addresses": own or reporting})


def _with(url: str, secret: str) -> str:
    """The address with name and secret in it, as providers take it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{reports.USER}:{secret}@{rest}"


@require_GET
def staff_mail_messages(request: HttpRequest) -> HttpResponse:
    """Mails of the last 30 days: at first those that didn't arrive."""
    principal = guard_tenant(request, "tenant:read")
    status = request.GET.get("status", "")
    status = status if status in (*Message.Status.values, "all") else "lost"
    wanted = "" if status == "all" else status
    page = queries.list_messages(cursor=request.GET.get("cursor"), limit=PER_PAGE, status=wanted, to=request.GET.get("q", ""))
    rows = [{"row": row, "why": _why(row), "may_retry": row.status == Message.Status.FAILED} for row in page.rows]
    context = {
        "page": page, "rows": rows, "status": status, "may_write": principal.may("tenant:write"),
        "statuses": [("all", "All mails"), *Message.Status.choices], "searched": request.GET.get("q", ""),
    }  # fmt: skip
    return render(request, "mail/staff/messages.html", context)


def _why(row: Message) -> str:
    """Our words for why a mail didn't go."""
    if row.status in LOST or row.code:
        return {**WORDS, **services.WORDS, "bounce": "It came back.", "complaint": "It was called unwanted."}.get(row.code, "")
    return ""


@require_POST
def staff_mail_retry(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Send a failed mail again."""
    guard_tenant(request, "tenant:write")
    again = services.retry(message_id=message_id, actor=actor_of(request))
    messages.success(request, f"The mail to {again.to} is on its way again.")
    return redirect("staff_mail_messages")


@require_GET
def staff_mail_suppressions(request: HttpRequest) -> HttpResponse:
    """Addresses that get no mail, and why."""
    principal = guard_tenant(request, "tenant:read")
    search = request.GET.get("q", "")
    page = queries.list_suppressions(cursor=request.GET.get("cursor"), limit=PER_PAGE, search=search)
    rows = [{"row": row, "by": PROVIDERS[row.provider].label if row.provider in PROVIDERS else row.provider} for row in page.rows]
    context = {"page": page, "rows": rows, "searched": search, "may_write": principal.may("tenant:write")}
    return render(request, "mail/staff/suppressions.html", context)


@require_POST
def staff_mail_lift(request: HttpRequest, suppression_id: UUID) -> HttpResponse:
    """Let an address have mail again."""
    guard_tenant(request, "tenant:write")
    lifted = suppressions.lift(suppression_id=suppression_id, actor=actor_of(request))
    messages.success(request, f"{lifted.address} gets mail again.")
    return redirect("staff_mail_suppressions")


@require_GET
def staff_mail_previews(request: HttpRequest) -> HttpResponse:
    """Every mail that Tenantry writes."""
    guard_tenant(request, "tenant:read")
    return render(request, "mail/staff/previews.html", {"letters": letters.letters().values()})


@require_GET
@frames_own
def staff_mail_preview(request: HttpRequest, name: str) -> HttpResponse:
    """One mail with sample data: subject, HTML and text."""
    guard_tenant(request, "tenant:read")
    context = {"letter": _letter(name), "mail": letters.preview(name), "letters": letters.letters().values()}
    return render(request, "mail/staff/preview.html", context)


@require_GET
def staff_mail_preview_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML of a mail as its reader gets it, for the frame of the preview."""
    guard_tenant(request, "tenant:read")
    _letter(name)
    headers = {"Content-Security-Policy": MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return HttpResponse(letters.preview(name).html, headers=headers)


def _letter(name: str) -> letters.Letter:
    found = letters.letters().get(name)
    if found is None:
        raise not_found("mail")
    return found
