"""``POST /csp-report``: where browsers tell what a page's security policy refused, as one line of the log each.

Anybody can send anything here. So nothing of it is stored, nothing is believed, and the line holds no personal data: which page and
file, by their names in the code; of other addresses the origin alone.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .middleware import client_ip

log = structlog.get_logger("tenantry.csp")
MAX_BODY: Final = 16 * 1024
MAX_REPORTS: Final = 5  # of one request: browsers gather several
PER_MINUTE: Final = 20  # of one address
PER_MINUTE_OF_ALL: Final = 300
TYPES: Final = ("application/csp-report", "application/reports+json", "application/json")
_DIRECTIVE: Final = re.compile(r"[a-z-]{3,40}")
_WORDS: Final = frozenset("inline eval wasm-eval data blob filesystem self trusted-types-policy trusted-types-sink report-only".split())
_HOST: Final = re.compile(r"[a-z0-9.-]{1,120}(:[0-9]{1,5})?")


class Throttle:
    """How many in the present minute, of one address and of all, in this process: what floods the log is turned away early."""

    def __init__(self, one: int, all_: int) -> None:
        self.one, self.all = one, all_
        self._minute, self._counts, self._sum, self._lock = 0, dict[str, int](), 0, Lock()

    def takes(self, address: str) -> bool:
        """Count one, and say whether it is still within both bounds."""
        minute = int(time.monotonic() // 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts, self._sum = minute, {}, 0
            if self._sum >= self.all or self._counts.get(address, 0) >= self.one:
                return False
            self._counts[address], self._sum = self._counts.get(address, 0) + 1, self._sum + 1
            return True


_throttle = Throttle(PER_MINUTE, PER_MINUTE_OF_ALL)


@csrf_exempt
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """Log what the browser reports. The answer is 204 whatever was sent: who made it up learns nothing."""
    if request.content_type in TYPES and _length(request) <= MAX_BODY and _throttle.takes(client_ip(request) or ""):
        for found in list(_reports(request.read(MAX_BODY + 1)))[:MAX_REPORTS]:
            log.warning("csp_violation", **_line(found, request.headers.get("Host", "")))
    return HttpResponse(status=204)


def _length(request: HttpRequest) -> int:
    given = request.headers.get("Content-Length", "")
    return int(given) if given.isdecimal() else 0


def _reports(body: bytes) -> Iterator[dict[str, Any]]:
    """Both forms as one: ``{"csp-report": {…}}`` (CSP 2) and ``[{"type": "csp-violation", "body": {…}}]`` (Reporting API)."""
    try:
        given = json.loads(body) if len(body) <= MAX_BODY else None
    except (ValueError, RecursionError):
        return
    if isinstance(given, dict) and isinstance(found := given.get("csp-report"), dict):
        yield found
    for entry in given if isinstance(given, list) else ():
        if isinstance(entry, dict) and entry.get("type") == "csp-violation" and isinstance(found := entry.get("body"), dict):
            yield found


def _line(report: dict[str, Any], host: str) -> dict[str, Any]:
    """The few words of a report that may stand in a log. The sample of the code, the referrer and all queries are left out."""

    def given(*names: str) -> str:
        return next((value for name in names if isinstance(value := report.get(name), str)), "")

    directive = given("effectiveDirective", "effective-directive", "violated-directive").partition(" ")[0]
    line = report.get("lineNumber", report.get("line-number"))
    return {
        "directive": directive if _DIRECTIVE.fullmatch(directive) else "unknown",
        "blocked": _place(given("blockedURL", "blocked-uri"), host),
        "page": _place(given("documentURL", "document-uri"), host),
        "source": _place(given("sourceFile", "source-file"), host),
        "line": line if isinstance(line, int) and not isinstance(line, bool) and 0 <= line < 10**7 else None,
    }


def _place(address: str, host: str) -> str:
    """An address of ours by its name in the code (a path may hold a token), another one by its origin, a keyword as it is."""
    if not address or address in _WORDS:
        return address
    try:
        parts = urlsplit(address[:2000])
        if parts.scheme and not parts.netloc:
            return parts.scheme if re.fullmatch(r"[a-z-]{2,30}", parts.scheme) else "unknown"
        if parts.netloc != host:
            origin = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
            return f"{parts.scheme}://{origin}" if parts.scheme and _HOST.fullmatch(origin) else "unknown"
    except ValueError:
        return "unknown"
    if re.fullmatch(r"/static/[\w./-]{1,120}", parts.path):
        return parts.path
    try:
        return resolve(re.sub(r"^/t/[a-z0-9-]{3,30}(?=/)", "", parts.path)).url_name or "api"
    except Resolver404:
        return "unknown"
