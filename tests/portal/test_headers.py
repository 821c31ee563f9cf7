"""Whatever is answered, by whichever part of the house: the browser is told what to refuse."""

from __future__ import annotations

import io
import re

import httpx
from django.test import Client as Inside
from django.test import override_settings
from django.urls import clear_script_prefix, path
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..people import Cast, Client, ok


def _picture() -> bytes:
    out, more = io.BytesIO(), PngInfo()
    more.add_text("Comment", "secret place")
    Image.new("RGB", (8, 8), "teal").save(out, "PNG", pnginfo=more)
    return out.getvalue()


def _faults(name: str, answer: httpx.Response) -> list[str]:
    """What an answer lacks, in words."""
    headers, wrong = answer.headers, []
    policy = headers.get("content-security-policy", "")
    page = headers.get("content-type", "").startswith("text/html")
    wanted = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-frame-options": "DENY",
    }
    wrong += [f"{header} is {headers.get(header)}" for header, value in wanted.items() if headers.get(header) != value]
    wrong += [
        f"the policy lacks {part}" for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'") if part not in policy
    ]
    if "unsafe" in policy or "*" in policy or "http" in policy or ("sandbox" in policy) == page:
        wrong.append(f"the policy is {policy}")
    if "camera=()" not in headers.get("permissions-policy", "") or "access-control-allow-origin" in headers:
        wrong.append("is open to other sites, or asks for cameras")
    if page and "report-to csp" not in policy:
        wrong.append("a page whose violations nobody hears of")
    return [f"{name} ({answer.status_code} {headers.get('content-type')}): {fault}" for fault in wrong]


def test_every_kind_of_answer_has_the_headers(cast: Cast) -> None:
    owner, admin, url, root = cast.owner, cast.admin, cast.tenant.url, cast.tenant.url.partition("/t/")[0]
    ok(owner.put(f"{cast.org}/logo", content=_picture(), headers={"Content-Type": "image/png"}), 204)
    check, question = "/access/check", {"user": cast.learner.id, "organization": cast.contoso.public_id, "permission": "members:read"}
    crowded = {f"field{number}": "x" for number in range(1001)}
    kinds: dict[str, tuple[int, httpx.Response]] = {
        "a page": (200, owner.get(f"{url}/o/contoso/members")),
        "sign-in": (200, cast.nobody.get(f"{url}/sign-in")),
        "a redirect": (302, cast.nobody.get(f"{url}/account")),
        "a refused form": (422, owner.post(f"{url}/o/contoso/invitations/new", data={"email": "x"})),
        "a page that isn't there": (404, owner.get(f"{url}/nowhere")),
        "a page of others": (404, cast.outsider.get(f"{url}/o/contoso/")),
        "a page that isn't allowed": (403, cast.learner.get(f"{url}/o/contoso/settings")),
        "a method that isn't taken": (405, owner.get(f"{url}/sign-out")),
        "too many fields": (400, owner.post(f"{url}/account", data=crowded)),
        "no workspace": (404, httpx.get(f"{root}/t/nobody-here/")),
        "no prefix": (400, httpx.get(f"{root}/directory")),
        "JSON": (200, owner.get("/me")),
        "the document": (200, owner.get("/openapi.json")),
        "the reference": (200, owner.get("/docs")),
        "a problem, 401": (401, cast.nobody.get("/me")),
        "a problem, bad key": (401, owner.get("/me", headers={"Authorization": "Bearer x"})),
        "a problem, 404": (404, owner.get("/nowhere")),
        "a problem, 422": (422, owner.post("/organizations", json={})),
        "nothing": (204, owner.delete(f"{cast.org}/banner")),
        "a picture": (200, owner.get(f"{url}/o/contoso/logo.png")),
        "a style sheet of ours": (200, owner.get(f"{url}/o/contoso/theme.css")),
        "a file": (200, owner.get(f"{cast.org}/audit-events/export?format=csv")),
        "a static file": (200, httpx.get(f"{root}/static/portal/portal.js")),
        "a static file that isn't there": (404, httpx.get(f"{root}/static/portal/nothing.js")),
        "the old icon's name": (301, httpx.get(f"{root}/favicon.ico")),
        "health": (200, httpx.get(f"{root}/healthz")),
        "a report": (204, httpx.post(f"{root}/csp-report")),
        "the edge": (200, admin.post(check, json=question)),
        "the edge, no such key": (401, Client(cast.tenant.api, key="tk_live_x").post(check, json=question)),
        "the edge, no JSON": (400, admin.post(check, content=b"{")),
        "the edge, too much": (413, admin.post(check, content=b"x" * 20_000)),
        "the edge, no workspace": (404, Client(f"{root}/t/nobody-here/api/v1", key=admin.key).post(check, json=question)),
        "beside the edge": (200, admin.post("/access/check-batch", json={"checks": [question]})),
    }
    assert {name: answer.status_code for name, (_, answer) in kinds.items()} == {name: status for name, (status, _) in kinds.items()}
    assert [fault for name, (_, answer) in kinds.items() for fault in _faults(name, answer)] == []
    assert kinds["a file"][1].headers["content-disposition"].startswith("attachment;")


def explode(request: object) -> None:
    """A view with a defect."""
    raise RuntimeError("a defect")


urlpatterns = [path("explode", explode, name="explode"), path("api/explode", explode)]
handler500 = "tenantry.portal.errors.failure"


def test_a_defect_has_them_too(cast: Cast) -> None:
    with override_settings(ROOT_URLCONF=__name__, LOGIN_URL="/sign-in"):
        for name in ("explode", "api/explode"):
            answer = Inside().get(f"/t/{cast.tenant.slug}/{name}")
            assert _faults(name, httpx.Response(500, headers=dict(answer.items()))) == []
            assert answer.status_code == 500
            assert b"a defect" not in answer.content
    clear_script_prefix()  # the workspace's, which the request left in this thread


def test_scripts_carry_a_nonce_that_nobody_can_foresee(cast: Cast) -> None:
    seen = set()
    for _ in range(2):
        answer = cast.owner.get(f"{cast.tenant.url}/o/contoso/members")
        (nonce,) = re.findall(r"script-src 'nonce-([\w-]{20,})';", answer.headers["content-security-policy"])
        scripts = re.findall(r"<script[^>]*>", answer.text)
        assert len(scripts) >= 3
        assert all(f'nonce="{nonce}"' in script for script in scripts)
        seen.add(nonce)
    assert len(seen) == 2
    assert "nonce" not in cast.owner.get("/me").headers["content-security-policy"]


def test_a_picture_is_made_anew_and_can_be_nothing_else(cast: Cast) -> None:
    upload = {"headers": {"Content-Type": "image/png"}}
    ok(cast.owner.put(f"{cast.org}/logo", content=_picture(), **upload), 204)
    answer = cast.owner.get(f"{cast.tenant.url}/o/contoso/logo.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == 'inline; filename="picture.png"'
    assert answer.content.startswith(b"\x89PNG") and b"secret place" not in answer.content
    for disguised in (
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        b"<html><script>1</script>",
        b"GIF89a" + b"x" * 99,
    ):
        refused = cast.owner.put(f"{cast.org}/logo", content=disguised, **upload)
        assert (refused.status_code, refused.json()["code"]) == (422, "image_unreadable")
