"""Messages for the next page, kept by the browser until it shows them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponseBase


class Toasts(CookieStorage):
    """Django's signed cookie under the house's rules for cookies: of one workspace, out of reach of scripts, cleared as it was set."""

    cookie_name = f"{settings.COOKIE_PREFIX}tenantry_messages"

    def _update_cookie(self, encoded_data: str, response: Any) -> None:
        if not encoded_data and self.cookie_name not in self.request.COOKIES:
            return  # there is nothing to clear
        assert isinstance(response, HttpResponseBase)
        response.set_cookie(
            self.cookie_name, encoded_data or "", max_age=None if encoded_data else 0, path=getattr(self.request, "cookie_path", "/"),
            httponly=True, samesite="Lax", secure=settings.SECURE_COOKIES,
        )  # fmt: skip
