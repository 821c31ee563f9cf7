"""Addresses for machines that watch this installation: is it alive, can it work, what has it counted. None is a workspace's."""

from __future__ import annotations

from hmac import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_GET

from tenantry.kit.problems import Problem, not_found

from . import counting, health

TEXT = "text/plain; version=0.0.4; charset=utf-8"


@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """This process answers. It asks nobody else, so a failing database doesn't have it restarted."""
    return JsonResponse({"status": "live"})


@require_GET
def ready(request: HttpRequest) -> HttpResponse:
    """200 when every check is well, else 503; ``?exclude=mail`` leaves one out. Raises Problem 422 for an unknown one."""
    exclude = set(request.GET.getlist("exclude"))
    if unknown := exclude - health.CHECKS.keys():
        detail = f"There is no check {sorted(unknown)[0]}; there are {', '.join(health.CHECKS)}."
        raise Problem(422, "validation_failed", detail, errors=[{"pointer": "?exclude", "detail": detail}])
    well, checks = health.ready(settings.ENVIRONMENT, exclude=exclude)
    return JsonResponse({"status": "ready" if well else "not_ready", "checks": checks}, status=200 if well else 503)


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus's text format, for whoever has the token. Raises Problem 404 when no token is set, 401 for another one."""
    token = settings.ENVIRONMENT.metrics_token
    if token is None:
        raise not_found("page")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not compare_digest(given.strip().encode(), token.get_secret_value().encode()):
        raise Problem(401, "metrics_token_invalid", "Send the installation's metrics token as “Authorization: Bearer <token>”.")
    return HttpResponse(counting.exposition(settings.ENVIRONMENT), content_type=TEXT)


urlpatterns = [
    path("health/live", live, name="health_live"),
    path("health/ready", ready, name="health_ready"),
    path("metrics", metrics, name="metrics"),
]
