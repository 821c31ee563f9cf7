"""Who asks: a bearer key or a session's cookie becomes ``request.principal``, and the scope narrows to their reach."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from structlog.contextvars import bound_contextvars

from tenantry.access.bearer import principal_of_key, refuse_at_portal
from tenantry.access.principal import NOBODY, Principal
from tenantry.kit.answers import SCIM_PATH, problem_json, problem_response
from tenantry.kit.problems import Problem
from tenantry.tenancy.scope import EVERYTHING, narrow

from .factors import devices
from .impersonation.present import require_allowed
from .sessions import COOKIE, principal_of_cookie

# Where others prove themselves in a way of their own: mail providers (mail/api.py), services at the test identity provider.
OWN_PROOF = ("/api/v1/mail/events/", "/test-provider/oidc/")


class Authentication:
    """Set ``request.principal``. A bad key is refused here, with 401, whatever it was for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.principal, request.access_changed = NOBODY, False  # type: ignore[attr-defined]  # Django lets a request carry more
        request.unfinished_session = None  # type: ignore[attr-defined]  # as above; read by steps.unfinished
        if not hasattr(request, "tenant"):
            return self.get_response(request)
        narrow(EVERYTHING)  # who asks decides what may be seen, and is itself looked up in all of the tenant
        try:
            self._identify(request)
            require_allowed(request)
        except Problem as problem:
            # Whoever sends a key is a program, also at a page's address.
            program = "Authorization" in request.headers and not request.path_info.startswith(SCIM_PATH)
            return problem_json(problem) if program else problem_response(request, problem)
        principal: Principal = request.principal  # type: ignore[attr-defined]  # Django lets a request carry more
        narrow(principal.reach)
        browser = devices.arriving(request.COOKIES.get(devices.COOKIE, ""))
        with browser, bound_contextvars(**{"actor": principal.public_id} if principal.known else {}):
            return self.get_response(request)

    def _identify(self, request: HttpRequest) -> None:
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        if scheme and not request.path_info.startswith(OWN_PROOF):
            if scheme.lower() != "bearer" or not credential.strip():
                raise Problem(401, "key_invalid", "Send the key as “Authorization: Bearer <key>”.")
            directory = request.path_info.startswith(SCIM_PATH)
            principal = principal_of_key(credential.strip(), kind="scim" if directory else "api")
            if not directory:
                refuse_at_portal(principal, request.path_info)
            request.principal = principal  # type: ignore[attr-defined]  # Django lets a request carry more
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # no cookie spoke for this request
        elif request.path_info.startswith(SCIM_PATH):
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # a directory has a token; a session is nobody here
        elif token := request.COOKIES.get(COOKIE):
            found = principal_of_cookie(token)
            request.principal, request.access_changed, request.unfinished_session = found  # type: ignore[attr-defined]  # as above
