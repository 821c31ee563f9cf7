"""Django's own refusals, in our shape."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from tenantry.kit.answers import problem_response
from tenantry.kit.problems import Problem


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF refusal, in our shape."""
    return problem_response(
        request,
        Problem(
            403,
            "csrf_failed",
            "This form has no valid protection token, perhaps because the page was open for long. Reload it and try again.",
        ),
    )
