"""A Problem as an answer: JSON for programs, a page for people."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url

from . import metrics
from .problems import Problem

MEDIA_TYPE = "application/problem+json"


def wants_json(request: HttpRequest) -> bool:
    """The API and what machines watch always; a page's address only when the client says so."""
    return request.path_info.startswith(("/api/", "/health/", "/metrics")) or "json" in request.headers.get("Accept", "")


def problem_json(problem: Problem) -> HttpResponse:
    """RFC 9457 §3."""
    metrics.refused(problem.status, problem.code)
    response = HttpResponse(json.dumps(problem.body()), status=problem.status, content_type=MEDIA_TYPE)
    for name, value in problem.headers.items():
        response[name] = value
    if problem.status == 401:
        response.setdefault("WWW-Authenticate", "Bearer")
    return response


def problem_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem in the shape that this client reads."""
    if wants_json(request):
        return problem_json(problem)
    if problem.code == "unauthenticated" and request.method == "GET":
        return _to_sign_in(request, problem)
    metrics.refused(problem.status, problem.code)
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
