"""Where the bare address leads: to the wizard while nobody is in charge, and to one's workspaces where there are several."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from tenantry.kit.answers import wants_json
from tenantry.workspaces import installation

ENTRANCES = ("/", "/sign-in")


class FirstRun:
    """Only for somebody with a browser who comes to an entrance; every other address answers as it does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "GET" and request.path_info in ENTRANCES and not wants_json(request):
            if not installation.installed():
                return redirect("install")
            if settings.ENVIRONMENT.multi:
                return redirect("workspaces")
        return self.get_response(request)
