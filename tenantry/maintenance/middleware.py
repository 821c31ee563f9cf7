"""The door for what concerns the tenant as a whole; what concerns one organization is refused by the guard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase

from tenantry.kit.answers import problem_response
from tenantry.kit.problems import Problem

from .door import require_open

# By name: what stays open to everybody in any window, because staff are nobody until they have signed in, or while they look as a
# member; and the colours of the page that refuses. In development mails are read in the pages.
OPEN_PAGES: Final = frozenset(
    {"sign_in", "sign_in_password", "sign_in_link", "sign_out", "impersonation_stop", "program_theme", "dev_mailbox", "dev_mail"}
)
OPEN_ADDRESSES: Final = ("/api/v1/auth/",)
# Reading which windows there are: so that a refused program can find out.
WINDOWS: Final = "/api/v1/maintenance-windows"


class Maintenance:
    """After it is known who asks, and before anything is done for them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """Refuse before the view, and before Django's CSRF check: whoever is refused anyway needn't hear of tokens."""
        match = request.resolver_match
        if (match and match.url_name in OPEN_PAGES) or request.path_info.startswith(OPEN_ADDRESSES):
            return None
        if request.path_info == WINDOWS and request.method in ("GET", "HEAD"):
            return None
        try:
            require_open(request)
        except Problem as problem:
            return problem_response(request, problem)
        return None
