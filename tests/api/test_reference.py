"""The API's reference: everything of the document once, for everybody, at the workspace's own address, with requests that work."""

from __future__ import annotations

import html
import re
import shlex
from typing import Any

import httpx
import pytest

from ..people import Cast, Client, ok, queries

ARTICLE = re.compile(r'<article class="card operation" id="([\w-]+)".*?</article>', re.DOTALL)
IDENTIFIER = re.compile(r'<code class="identifier">(\w+)</code>')
# The sample password, code and passkey are nobody's, and no sign-in waits for a second factor: understood all the same.
UNDERSTOOD = {"password_wrong", "sign_in_failed", "code_wrong", "passkey_refused", "unauthenticated", "person_required"}
IMAGE = b"\x89PNG\r\n\x1a\n"


def page(client: Client, **query: str) -> str:
    """The page as this client sees it."""
    answer = client.get("/docs", params=query, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


def articles(text: str) -> dict[str, str]:
    """Operation id → its part of the page."""
    found = {}
    for match in ARTICLE.finditer(text):
        (identifier,) = IDENTIFIER.findall(match[0])
        assert identifier not in found
        found[identifier] = match[0]
    return found


def described(cast: Cast) -> dict[str, dict[str, Any]]:
    """Operation id → what the document says of it, with its method and path."""
    document = ok(cast.nobody.get("/openapi.json"))
    return {
        found["operationId"]: {**found, "method": method.upper(), "path": path.partition("/api/v1")[2]}
        for path, methods in document["paths"].items()
        for method, found in methods.items()
    }


def test_every_operation_appears_once_with_what_it_needs(cast: Cast) -> None:
    shown, wanted = articles(page(cast.nobody)), described(cast)
    assert shown.keys() == wanted.keys()
    for identifier, operation in wanted.items():
        part = html.unescape(shown[identifier])
        assert f'<code class="permission">{operation["x-permission"]}</code>' in part, identifier
        assert operation["method"] in part
        assert f"<code>{operation['path']}</code>" in part, identifier
        assert operation["summary"] in part
        for limit in filter(None, operation.get("x-entitlement", "").split(", ")):
            assert f"<code>{limit}</code>" in part, identifier


def test_every_entry_of_the_contents_leads_to_something(cast: Cast) -> None:
    text = page(cast.nobody)
    places = re.findall(r'\bid="([^"]+)"', text)
    assert len(places) == len(set(places))
    contents = re.search(r'<nav class="toc".*?</nav>', text, re.DOTALL)
    assert contents
    links = re.findall(r'href="#([^"]+)"', contents[0])
    assert len(links) > len(described(cast))
    assert set(links) <= set(places)


def test_addresses_are_the_workspaces_own(cast: Cast) -> None:
    text = html.unescape(page(cast.nobody))
    prefix = f"/t/{cast.tenant.slug}/api/v1"
    assert f'href="{prefix}/openapi.json"' in text
    assert f'{prefix}/organizations"' in text
    assert "base.invalid" not in text
    assert "installation.invalid" not in text
    examples = re.findall(r"curl (?:-X \w+ )?\"([^\"]+)", text)
    above = {example for example in examples if f"{prefix}/" not in example}
    assert {example.rpartition("/api/v1")[2] for example in above} == {"/install", "/install/status", "/signup"}, "the installation's own"
    assert all(f"/t/{cast.tenant.slug}" not in example for example in above)
    other = html.unescape(page(cast.other_owner))
    assert cast.tenant.slug not in other
    assert f"/t/{cast.other_tenant.slug}/api/v1/organizations" in other


def test_it_is_for_everybody(cast: Cast) -> None:
    for client in (cast.nobody, cast.owner, cast.learner, cast.tenant.staff("nora@northwind.example", "admin")):
        assert len(articles(page(client))) == len(described(cast))
    answer = cast.nobody.get("/docs")
    assert queries(answer) <= queries(cast.nobody.get("/openapi.json")) + 1
    assert cast.nobody.post("/docs").status_code == 405


def test_nothing_in_it_offends_the_content_security_policy(cast: Cast) -> None:
    text = page(cast.owner)
    assert not re.search(r"\sstyle=|<style|\son\w+=\"", text)
    assert not re.search(r"<script(?![^>]*\bsrc=\"/)", text)


def test_searching_without_scripts(cast: Cast) -> None:
    found = articles(page(cast.nobody, q="invitations resend"))
    assert list(found) == ["tenantry_organizations_api_invitations_resend"]
    by_permission = articles(page(cast.nobody, q="staff:write"))
    assert by_permission.keys() == {name for name, one in described(cast).items() if one["x-permission"] == "staff:write"}
    assert articles(page(cast.nobody, q="SERVICE_ACCOUNT")).keys() == {"tenantry_organizations_api_members_add_member"}
    empty = page(cast.nobody, q='"><b>nothing')
    assert not articles(empty)
    assert "Nothing is called that" in empty
    assert "<b>nothing" not in empty


def _sent(command: str, cast: Cast) -> httpx.Response:
    """Do what a curl command of the page does, with the admin's key or the owner's session."""
    words = iter(shlex.split(command.replace("\\\n", " ")))
    assert next(words) == "curl"
    method, url, headers, body, client = "GET", "", {}, b"", cast.nobody
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words).encode()
        elif word == "--data-binary":
            assert next(words).startswith("@")
            body = IMAGE
        elif word == "-b":
            assert next(words).startswith("tenantry_session=$SESSION")
            client = cast.owner
        elif word == "-o":
            next(words)
        else:
            url = word
    if headers.pop("Authorization", ""):
        client = cast.admin
    headers.pop("X-CSRFToken", None)
    headers.pop("Idempotency-Key", None)
    return client.request(method, url, headers=headers, content=body)


@pytest.mark.timeout(180)
def test_every_example_is_understood(cast: Cast) -> None:
    wrong = []
    shown = sorted(articles(page(cast.nobody)).items(), key=lambda entry: "sign_out" in entry[0])  # it ends the owner's session
    for identifier, part in shown:
        (command,) = re.findall(r"<code>(curl .*?)</code></pre>", part, re.DOTALL)
        answer = _sent(html.unescape(command), cast)
        code = answer.json().get("code", "") if "json" in answer.headers.get("content-type", "") and answer.status_code >= 400 else ""
        refused = answer.status_code in (400, 401, 403, 405, 415, 422) or answer.status_code >= 500
        if refused and code not in UNDERSTOOD:
            wrong.append(f"{identifier}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
