"""The wizard's memory before there is anybody to remember: a sealed cookie, for an hour, for ``/install`` alone."""

from __future__ import annotations

import base64
import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tenantry.kit import crypto
from tenantry.kit.cookies import cookie_name, put_cookie

PATH, SECONDS = "/install", 3600
COOKIE = cookie_name("tenantry_install", path=PATH)
_CONTEXT = "install wizard"


def recall(request: HttpRequest) -> dict[str, Any]:
    """The answers so far; empty for a cookie that is none of ours."""
    try:
        sealed = base64.urlsafe_b64decode(request.COOKIES.get(COOKIE, ""))
        found: dict[str, Any] = json.loads(crypto.unseal(sealed, keys=settings.SECRETS_KEYS, context=_CONTEXT))
    except (crypto.Unreadable, ValueError):
        return {}
    return found


def keep(response: HttpResponse, answers: dict[str, Any]) -> None:
    """Remember these, in place of what was. Nobody but this server can read or change them."""
    sealed = crypto.seal(json.dumps(answers).encode(), keys=settings.SECRETS_KEYS, context=_CONTEXT)
    put_cookie(response, COOKIE, base64.urlsafe_b64encode(sealed).decode(), path=PATH, max_age=SECONDS)
