"""The sink for what browsers refused: it takes anything, keeps nothing, and logs a line without anybody in it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tenantry.portal.reports import MAX_BODY, PER_MINUTE, Throttle, _line, _reports

from ..people import Tenant

TOKEN = "R" * 43
OLD = {
    "csp-report": {
        "document-uri": "http://teams.example/t/acme/invitations/" + TOKEN + "?q=ada@contoso.example",
        "referrer": "http://teams.example/o/contoso/members?q=ada",
        "violated-directive": "script-src-elem 'nonce-x'",
        "blocked-uri": "https://evil.example/x.js?user=ada",
        "source-file": "http://teams.example/static/portal/portal.js",
        "line-number": 7,
        "script-sample": "alert('ada')",
    }
}
NEW = [
    {"type": "deprecation", "body": {"id": "x"}},
    {
        "type": "csp-violation",
        "user_agent": "Ada's browser",
        "body": {
            "documentURL": "http://teams.example/o/contoso/members/mem_01h455vb4pex5vsknk084sn02q",
            "effectiveDirective": "style-src-attr",
            "blockedURL": "inline",
            "sourceFile": "chrome-extension://abc/content.js",
            "lineNumber": 3,
        },
    },
]


def _lines(body: Any) -> list[dict[str, Any]]:
    return [_line(found, "teams.example") for found in _reports(json.dumps(body).encode())]


def test_a_line_names_page_and_file_and_nobody() -> None:
    assert _lines(OLD) == [
        {
            "directive": "script-src-elem",
            "blocked": "https://evil.example",
            "page": "invitation",
            "source": "/static/portal/portal.js",
            "line": 7,
        }
    ]
    assert _lines(NEW) == [
        {"directive": "style-src-attr", "blocked": "inline", "page": "member", "source": "chrome-extension://abc", "line": 3}
    ]


@pytest.mark.parametrize(
    "junk",
    [
        [], {}, None, 5, "x", {"csp-report": []}, [[]], [{"type": "csp-violation"}],
        [{"type": "csp-violation", "body": {"documentURL": 5}}],
        {"csp-report": {"violated-directive": "\nlevel=error", "blocked-uri": "http://[", "document-uri": "//x /", "line-number": True}},
        {"csp-report": {"blocked-uri": "ada@contoso.example:x", "source-file": "https://a\nb/", "document-uri": "http://teams.example/o/ada"}},
    ],
)  # fmt: skip
def test_what_somebody_made_up_writes_no_line_of_their_own(junk: Any) -> None:
    for line in _lines(junk):
        text = json.dumps(line)
        assert "ada" not in text and "\\n" not in text, text


def test_the_sink_answers_204_whatever_comes_and_a_flood_leaves_few_lines(tenant: Tenant) -> None:
    root, log = tenant.url.partition("/t/")[0], Path(os.environ["TENANTRY_TEST_LOG"])
    before = log.stat().st_size
    host = root.partition("//")[2]
    body = json.dumps(OLD).replace("teams.example", host)
    for address in (f"{root}/csp-report", f"{tenant.url}/csp-report"):
        for kind, content in (
            ("application/csp-report", body),
            ("application/reports+json", json.dumps(NEW)),
            ("application/csp-report", "{"),
            ("application/csp-report", "x" * (MAX_BODY + 1)),
            ("text/plain", body),
            ("application/csp-report", "[" * 15_000),
        ):
            answer = httpx.post(address, content=content, headers={"Content-Type": kind})
            assert (answer.status_code, answer.content) == (204, b""), kind
            assert "server-timing" not in answer.headers or 'desc="0 queries"' in answer.headers["server-timing"]
    with httpx.Client() as client:
        for _ in range(PER_MINUTE + 20):
            assert client.post(f"{root}/csp-report", content=body, headers={"Content-Type": "application/csp-report"}).status_code == 204
    until, lines = time.monotonic() + 5, []
    while not lines and time.monotonic() < until:
        lines = [line for line in log.read_bytes()[before:].decode(errors="replace").splitlines() if "csp_violation" in line]
    assert any("page=invitation" in line and "blocked=https://evil.example" in line for line in lines)
    assert len(lines) <= 2 * PER_MINUTE  # a new minute may begin meanwhile
    for secret in (TOKEN, "=ada", "ada@", "127.0.0.1", "user="):
        assert not [line for line in lines if secret in line], secret


def test_one_address_cant_use_up_what_the_others_have() -> None:
    throttle = Throttle(3, 5)
    assert [throttle.takes("a") for _ in range(4)] == [True, True, True, False]
    assert [throttle.takes("b") for _ in range(3)] == [True, True, False]
