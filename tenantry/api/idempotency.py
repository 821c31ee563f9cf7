"""``Idempotency-Key`` on every POST: the same key and body replays the first answer for 24 hours.

The key's row is written in the request's own transaction: of two at once the second waits for the first and then
replays it; a refused request leaves no row, so it may be tried again with the same key. A request that interrupts its
transaction (``tenancy.scope.outside``) has committed a row without an answer; meanwhile the same key is told to wait.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from tenantry.access.principal import principal_of
from tenantry.kit import crypto
from tenantry.kit.answers import problem_json
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem, conflict
from tenantry.tenancy.scope import aside, current

from .models import Replay

LIFETIME = timedelta(hours=24)
# Longer than anybody's call to another server may take; an older row without an answer is of a process that died.
IN_PROGRESS = timedelta(minutes=2)


class Idempotency:
    """Innermost middleware; asks nothing of views."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        key = request.headers.get("Idempotency-Key")
        principal = principal_of(request)
        if key is None or request.method != "POST" or not request.path_info.startswith("/api/") or not principal.known:
            return self.get_response(request)
        try:
            return self._once(request, key, principal.caller)
        except Problem as problem:
            return problem_json(problem)

    def _once(self, request: HttpRequest, key: str, caller: str) -> HttpResponseBase:
        if not 1 <= len(key) <= 255 or not key.isprintable():
            raise Problem(400, "idempotency_key_invalid", "An Idempotency-Key has 1 to 255 printable characters.")
        fingerprint = hashlib.sha256(f"{request.path_info}\n".encode() + request.body).digest()
        over = Q(created_at__lte=now() - LIFETIME) | Q(created_at__lte=now() - IN_PROGRESS, status=None)
        Replay.objects.filter(over, caller=caller, key=key).delete()
        row = Replay(caller=caller, key=key, fingerprint=fingerprint)
        Replay.objects.bulk_create([row], ignore_conflicts=True)
        held = Replay.objects.select_for_update().get(caller=caller, key=key)
        if held.id != row.id:
            if bytes(held.fingerprint) != fingerprint:
                raise conflict("idempotency_key_reused", "This key was used for another request. Make a new one.")
            return _replayed(held)
        response = self.get_response(request)
        if response.status_code < 400 and isinstance(response, HttpResponse):
            _keep(row, response)
        elif current().interrupted:  # the row is committed, and the roll-back of this refusal won't take it away
            with aside():
                Replay.objects.filter(id=row.id).delete()
        return response


def _keep(row: Replay, response: HttpResponse) -> None:
    answer = {"body": response.content.decode(), "type": response.get("Content-Type", ""), "etag": response.get("ETag", "")}
    sealed = crypto.seal(json.dumps(answer).encode(), keys=settings.SECRETS_KEYS, context=f"replay {row.id}")
    Replay.objects.filter(id=row.id).update(status=response.status_code, sealed_answer=sealed)


def _replayed(row: Replay) -> HttpResponse:
    if row.status is None or row.sealed_answer is None:
        wait = {"Retry-After": "5"}
        raise Problem(409, "idempotency_key_in_progress", "The first request with this key is still at work.", headers=wait)
    answer = json.loads(crypto.unseal(bytes(row.sealed_answer), keys=settings.SECRETS_KEYS, context=f"replay {row.id}"))
    response = HttpResponse(answer["body"], status=row.status, content_type=answer["type"])
    response["Idempotent-Replayed"] = "true"
    if answer["etag"]:
        response["ETag"] = answer["etag"]
    return response
