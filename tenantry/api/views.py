"""The reference: the OpenAPI document as a page, for everybody."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from tenantry.access.permissions import registered
from tenantry.people.sessions import COOKIE
from tenantry.tenancy.addresses import address

from . import examples
from .reference import Section, matching, read
from .refusals import ALWAYS
from .root import api

PREFIX = "/api/v1"


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every operation, or with ``?q=`` those in which all its words occur. Needs no query of its own."""
    base = address("api_reference").removesuffix("/docs")
    sought = request.GET.get("q", "").strip()[:100]
    found = matching(sections(), sought)
    shown = {
        "base": base,
        "sought": sought,
        "always": ALWAYS,
        "session_cookie": COOKIE,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "sections": [(section, [_with_base(operation.identifier, base) for operation in section.operations]) for section in found],
        "total": sum(len(section.operations) for section in found),
    }
    return render(request, "api/reference.html", shown)


@cache
def sections() -> tuple[Section, ...]:
    """The document as it is shown: it changes with the code only, so once for each process."""
    return read(api.get_openapi_schema(path_prefix=f"{PREFIX}/"), registered(), prefix=PREFIX)


@cache
def _drawn() -> dict[str, str]:
    """Every operation's HTML, which is the same for all tenants and callers but for the API's address in its example."""
    return {
        operation.identifier: render_to_string("api/operation.html", {"operation": operation})
        for section in sections()
        for operation in section.operations
    }


def _with_base(identifier: str, base: str) -> SafeString:
    drawn = _drawn()[identifier].replace(examples.INSTALLATION, escape(f"{settings.ENVIRONMENT.base_url}{PREFIX}"))
    return mark_safe(drawn.replace(examples.BASE, escape(base)))  # noqa: S308  # a template's own output
