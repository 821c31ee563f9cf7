"""Django's own refusals, in our shape."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse

from tenantry.kit.answers import problem_response
from tenantry.kit.problems import Problem

from .middleware import as_problem


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


def unknown_address(request: HttpRequest, exception: Exception) -> HttpResponse:
    """No view has this address (Django's ``handler404``)."""
    return problem_response(request, Problem(404, "not_found", "There is nothing at this address."))


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django refuses to read: a foreign host name, too many fields (``handler400``)."""
    return problem_response(request, Problem(400, "bad_request", "This request can't be read. Start again from the page before."))


def failure(request: HttpRequest) -> HttpResponse:
    """Something that went wrong outside of any view (``handler500``), called while it is being handled: a busy database, or a defect."""
    error = sys.exc_info()[1]
    return problem_response(request, as_problem(error if isinstance(error, Exception) else RuntimeError("no exception")))
