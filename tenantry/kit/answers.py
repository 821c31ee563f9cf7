"""A Problem as an answer: JSON for programs, a page for people, and at ``/scim/`` what directories understand."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import redirect, render, resolve_url

from . import metrics
from .problems import Problem

MEDIA_TYPE = "application/problem+json"
SCIM_MEDIA_TYPE = "application/scim+json"
SCIM_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
SCIM_PATH = "/scim/"
# RFC 7644 table 9 for what any room may raise; the scim room's own problems say theirs as a member, ``scim_type``.
_SCIM_TYPES = {
    "already_member": "uniqueness",
    "json_invalid": "invalidSyntax",
    "body_too_large": "tooMany",
    "last_owner": "mutability",
    "validation_failed": "invalidValue",
    "value_invalid": "invalidValue",
    "role_unknown": "invalidValue",
    "email_invalid": "invalidValue",
}
# Statuses that connectors don't know, as ones that they do.
_SCIM_STATUSES = {402: 403, 422: 400}


def scim_status(problem: Problem) -> int:
    """The status as connectors know it."""
    return _SCIM_STATUSES.get(problem.status, problem.status)


def scim_error_body(problem: Problem) -> dict[str, Any]:
    """RFC 7644 §3.12: the status as a string, and ``scimType`` where there is one that fits. Nothing else: strict clients take no more."""
    body = {"schemas": [SCIM_ERROR], "status": str(scim_status(problem)), "detail": problem.detail}
    if kind := problem.members.get("scim_type") or _SCIM_TYPES.get(problem.code):
        body["scimType"] = kind
    return body


def scim_error(problem: Problem) -> HttpResponse:
    """The answer to a directory."""
    metrics.refused(problem.status, problem.code)
    content = json.dumps(scim_error_body(problem))
    response = HttpResponse(content, status=scim_status(problem), content_type=SCIM_MEDIA_TYPE)
    response["X-Problem-Code"] = problem.code  # the body takes no members of our own
    return _with_headers(response, problem)


def wants_json(request: HttpRequest) -> bool:
    """The API and what machines watch always; a page's address only when the client says so."""
    return request.path_info.startswith(("/api/", "/health/", "/metrics")) or "json" in request.headers.get("Accept", "")


def problem_json(problem: Problem) -> HttpResponse:
    """RFC 9457 §3."""
    metrics.refused(problem.status, problem.code)
    response = HttpResponse(json.dumps(problem.body()), status=problem.status, content_type=MEDIA_TYPE)
    return _with_headers(response, problem)


def _with_headers(response: HttpResponse, problem: Problem) -> HttpResponse:
    for name, value in problem.headers.items():
        response[name] = value
    if problem.status == 401:
        response.setdefault("WWW-Authenticate", "Bearer")
    return response


def problem_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem in the shape that this client reads."""
    if request.path_info.startswith(SCIM_PATH):
        return scim_error(problem)
    if wants_json(request):
        return problem_json(problem)
    if request.method == "GET" and (problem.code == "unauthenticated" or "awaits" in problem.members):
        return _to_sign_in(request, problem)
    metrics.refused(problem.status, problem.code)
    if "CSRF_COOKIE" not in request.META:  # refused before Django's middleware read it: the page's forms need its token all the same
        CsrfViewMiddleware(lambda request: HttpResponse()).process_request(request)
    response = render(request, "portal/problem.html", {"problem": problem}, status=problem.status)
    for name, value in problem.headers.items():
        response[name] = value
    return response


def _to_sign_in(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Nobody is signed in: go and do so, then come back. A part of a page (HTMX) sends the whole page there."""
    url = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(problem.detail, status=401, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})
    return redirect(url)
