"""The general limits on requests to the API and of directories, and what every counted answer says of its limit."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from tenantry.kit.answers import SCIM_PATH, problem_response
from tenantry.kit.problems import Problem

from . import limits
from .principal import principal_of

# The product asks these for every click of its users, so they aren't counted (docs/decisions/0011-rate-limits.md).
UNCOUNTED = ("/api/v1/access/check", "/api/v1/access/check-batch")


class RateLimits:
    """Right behind Authentication: count who asks, then say in ``RateLimit-…`` what is left of the tightest rule."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(("/api/", SCIM_PATH)):
            return self.get_response(request)
        token = limits.counted_now.set([])
        try:
            response = self._counted(request)
            if found := limits.tightest():
                for name, value in found.headers().items():
                    response.setdefault(name, value)
            return response
        finally:
            limits.counted_now.reset(token)

    def _counted(self, request: HttpRequest) -> HttpResponseBase:
        principal = principal_of(request)
        if principal.known and request.path_info not in UNCOUNTED:
            try:
                rule = "scim" if principal.via == "scim" else "requests"
                limits.count(rule, principal.caller, organization_id=principal.key_organization_id)
            except Problem as problem:
                return problem_response(request, problem)
        return self.get_response(request)
