"""Messages for the next page, kept by the browser until it shows them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponseBase

from tenantry.kit.cookies import cookie_name, put_cookie


class Toasts(CookieStorage):
    """Django's signed cookie under the house's rules for cookies: of one workspace, out of reach of scripts, cleared as it was set."""

    cookie_name = cookie_name("tenantry_messages", path="/t/" if settings.ENVIRONMENT.multi else "")

    def _update_cookie(self, encoded_data: str, response: Any) -> None:
        if not encoded_data and self.cookie_name not in self.request.COOKIES:
            return  # there is nothing to clear
        assert isinstance(response, HttpResponseBase)
        path = getattr(self.request, "cookie_path", "/")
        put_cookie(response, self.cookie_name, encoded_data or "", path=path, max_age=None if encoded_data else 0)
