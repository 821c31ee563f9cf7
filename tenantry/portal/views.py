"""Pages of the portal itself: its health, and what development needs (components and mails)."""

from __future__ import annotations

from ipaddress import ip_address

from django.contrib import messages
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.kit import ids, paging
from tenantry.kit.problems import Problem, not_found
from tenantry.mail.models import Message
from tenantry.mail.services import read_body

from . import samples


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether this process answers and reaches its database. No tenant's data is touched."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError as error:
        raise Problem(503, "database_unreachable", "The database does not answer.", headers={"Retry-After": "5"}) from error
    return HttpResponse("ok", content_type="text/plain")


@require_GET
def favicon(request: HttpRequest) -> HttpResponse:
    """For those who ask for the old name."""
    return redirect(static("portal/favicon.svg"), permanent=True)


@require_http_methods(["GET", "POST"])
def components(request: HttpRequest) -> HttpResponse:
    """Every component in every state; a POST shows a toast of each kind."""
    if request.method == "POST":
        messages.success(request, "Ada Okafor was invited.")
        messages.info(request, "The import runs; this page shows how far it is.")
        messages.warning(request, "Two rows had no name.")
        messages.error(request, "Bo Lind could not be invited: no seat is free.")
        return redirect("dev_components")
    return render(request, "portal/dev/components.html", samples.everything())


@require_http_methods(["GET", "POST"])
def components_plain(request: HttpRequest) -> HttpResponse:
    """The centred card, as sign-in uses it."""
    form = samples.SignInForm(request.POST or None)
    return render(request, "portal/dev/plain.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def components_dialog(request: HttpRequest) -> HttpResponse:
    """A page that is also a dialog."""
    form = samples.RoleForm(request.POST or None, initial={"role": "manager"})
    if request.method == "POST" and form.is_valid():
        messages.success(request, "The role was changed.")
        return redirect("dev_components")
    return render(request, "portal/dev/dialog.html", {"form": form, "roles": samples.ROLES}, status=422 if form.errors else 200)


def _here_only(request: HttpRequest) -> None:
    """Mails hold ways in, so development shows them to this machine alone, also when somebody put a proxy before it by mistake."""
    address = request.META.get("REMOTE_ADDR") or "127.0.0.1"
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers or not ip_address(address).is_loopback:
        raise not_found("page")


@require_GET
def mailbox(request: HttpRequest) -> HttpResponse:
    """Mails of this tenant, newest first: what development reads in place of a mail server."""
    _here_only(request)
    found = Message.objects.all()
    if wanted := request.GET.get("q", "").strip().lower():
        found = found.filter(to__contains=wanted)
    page = paging.by_id(found, cursor=request.GET.get("cursor"), limit=50, newest_first=True)
    return render(request, "portal/dev/mailbox.html", {"page": page})


@require_GET
def mail(request: HttpRequest, message_id: str) -> HttpResponse:
    """One mail's text. Raises Problem 404."""
    _here_only(request)
    try:
        message = Message.objects.filter(id=ids.decode("msg", message_id)).first()
    except ValueError:
        message = None
    if message is None:
        raise not_found("mail")
    return render(request, "portal/dev/mail.html", {"message": message, "body": read_body(message)})
