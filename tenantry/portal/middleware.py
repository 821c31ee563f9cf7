"""What surrounds every request: its record, the security headers, and problems turned into answers."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.contrib import messages
from django.db import DataError, OperationalError, connections, transaction
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from structlog.contextvars import bound_contextvars

from tenantry.kit import hardening
from tenantry.kit.answers import problem_response, wants_json
from tenantry.kit.context import RequestInfo, caller_address, request_id_of, request_info
from tenantry.kit.problems import Problem
from tenantry.people.proof import to_proof

from .observation import observe

Handler = Callable[[HttpRequest], HttpResponseBase]
log = structlog.get_logger("tenantry.request")


def client_ip(request: HttpRequest) -> str | None:
    """The peer, or the address that the outermost of our own proxies saw."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return caller_address(request.META.get("REMOTE_ADDR"), forwarded, proxies=settings.ENVIRONMENT.trusted_proxies)


def client_country(request: HttpRequest) -> str:
    """Two letters (ISO 3166-1), where a trusted proxy names them; else empty: nobody else is believed, and no address is looked up."""
    name = settings.ENVIRONMENT.country_header
    found = request.headers.get(name, "").strip().upper() if name and settings.ENVIRONMENT.trusted_proxies else ""
    return found if len(found) == 2 and found.isascii() and found.isalpha() and found != "XX" else ""


class RequestRecord:
    """Give the request an id, tell the audit where it comes from, note how it went, and count its queries in development."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_of(request.headers.get("X-Request-Id", ""))
        info = RequestInfo(request_id, client_ip(request), request.headers.get("User-Agent", "")[:300], client_country(request))
        token, started = request_info.set(info), time.perf_counter()
        counter = _Counter()
        with bound_contextvars(request_id=request_id):
            try:
                with connections["default"].execute_wrapper(counter):
                    response = self._answer(request)
            finally:
                request_info.reset(token)
            seconds = time.perf_counter() - started
            observe(request, response, seconds=seconds)
        response["X-Request-Id"] = request_id
        if settings.ENVIRONMENT.developing:
            response["Server-Timing"] = f'total;dur={seconds * 1000:.1f}, db;desc="{counter.count} queries"'
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        """Problems raised by the middleware below (no tenant, suspended) and a busy database become answers here."""
        try:
            return self.get_response(request)
        except Exception as error:
            return problem_response(request, as_problem(error))


class _Counter:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]  # Django's wrapper protocol
        self.count += 1
        return execute(sql, params, many, context)


def as_problem(error: Exception) -> Problem:
    """What a client may know of an exception: everything of a Problem, nothing of a defect."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Http404):
        return Problem(404, "not_found", "There is nothing at this address.")
    if isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", "") in {"55P03", "40P01", "57014", "40001"}:
        return Problem(503, "busy", "Somebody else is changing the same thing. Try again in a moment.", headers={"Retry-After": "1"})
    if isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", None) is None:
        log.error("no connection", error=str(error))
        return Problem(503, "database_unreachable", "The database does not answer. Try again in a moment.", headers={"Retry-After": "5"})
    if isinstance(error, DataError):  # a NUL byte, a number out of range: what no column takes
        return Problem(400, "value_invalid", "Something in the request is no value that can be stored or searched for.")
    log.error("unhandled", exc_info=error)
    return Problem(500, "internal_error", "Something went wrong on our side. Nothing was changed; the request id helps us to find it.")


def nonce_of(request: HttpRequest) -> str:
    """The nonce of this request's page, made when a template first asks for it: ``{{ csp_nonce }}``."""
    found: str | None = getattr(request, "csp_nonce", None)
    if found is None:
        found = request.csp_nonce = secrets.token_urlsafe(18)  # type: ignore[attr-defined]  # Django lets a request carry more
    return found


class SecurityHeaders:
    """Outermost, so that whatever is answered has them: no framing, no foreign code, no sniffing, no referrer with a token in it.

    A view's own header stays as it is.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self._headers(request, response).items():
            response.setdefault(name, value)
        if not request.path_info.startswith("/static/"):
            response.setdefault("Cache-Control", "no-store")
        return response

    def _headers(self, request: HttpRequest, response: HttpResponseBase) -> dict[str, str]:
        https: bool = settings.SECURE_COOKIES
        if not response.get("Content-Type", "").startswith("text/html"):
            return hardening.headers_of_data(https=https)
        return hardening.headers_of_page(
            getattr(request, "csp_nonce", ""),
            report_to=f"{getattr(request, 'cookie_path', '/')}csp-report",
            frames_own=getattr(response, "frames_own", False),
            posts_to=getattr(response, "posts_to", ""),
            framed_by=settings.ENVIRONMENT.framed_by if getattr(response, "embeddable", False) else (),
            https=https,
        )


class AccessNotice:
    """Say once, on the next page, that somebody's role or status was changed while they were signed in."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if getattr(request, "access_changed", False):
            messages.info(request, "Your access has changed.")
        return self.get_response(request)


class ProblemPages:
    """Innermost: a view's exception becomes an answer inside the scope, whose status then rolls it back."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = response["Allow"]
            detail = f"This address takes {allowed} only."
            return problem_response(request, Problem(405, "method_not_allowed", detail, headers={"Allow": allowed}))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase:
        problem = as_problem(error)
        if problem.code == "reauthentication_required" and not wants_json(request):
            transaction.set_rollback(True)  # a redirect by itself would commit
            return to_proof(request)
        return problem_response(request, problem)
