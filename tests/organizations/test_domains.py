"""Domains: claimed, proven by a record at a real name server, lost again, decided on by staff; and who gets one of two."""

from __future__ import annotations

import secrets
import ssl
import subprocess
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tenantry.kit import outgoing
from tenantry.kit.destinations import Refused
from tenantry.kit.outgoing import Answer, Unreachable
from tenantry.organizations.domains import covers, holder, proofs, public, tasks, verified
from tenantry.organizations.models import Organization

from .. import factories
from ..people import Cast, Client, ok, problem, race
from ..zones import forget, publish


def _name() -> str:
    """A domain that no other test has."""
    return f"d{secrets.token_hex(6)}.example"


def _claim(client: Client, at: str, name: str) -> dict[str, Any]:
    return dict(ok(client.post(f"{at}/domains", json={"domain": name}), 201))


def _verify(client: Client, at: str, claimed: dict[str, Any]) -> dict[str, Any]:
    return dict(ok(client.post(f"{at}/domains/{claimed['id']}/verification")))


def _outsider(cast: Cast) -> str:
    return f"/organizations/{cast.fabrikam.public_id}"


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("gmail.com", True), ("mail.yahoo.com", True), ("co.uk", True), ("com.au", True), ("github.io", True), ("web.de", True),
        ("contoso.com", False), ("contoso.co.uk", False), ("contoso.onmicrosoft.com", False), ("notgmail.com", False), ("co.com", False),
    ],
)  # fmt: skip
def test_what_everybody_may_have_is_nobodys(name: str, refused: bool) -> None:
    assert bool(public.refusal(name)) is refused


def test_the_file_is_read_strictly() -> None:
    def said(answer: Answer | Exception) -> proofs.Outcome:
        def fetch(url: str) -> Answer:
            assert url == "https://contoso.example/.well-known/tenantry-verification.txt"
            if isinstance(answer, Exception):
                raise answer
            return answer

        return proofs.in_file("contoso.example", "token", fetch)

    def body(text: bytes, status: int = 200) -> Answer:
        return Answer(status, {}, text, 1)

    assert said(body(b"tenantry-verification=token\n")).method == "file"
    assert said(body(b"\xef\xbb\xbftenantry-verification=token\r\n")).method == "file"
    for other in (b"tenantry-verification=tokem", b"x tenantry-verification=token", b"", b"tenantry-verification=token\nmore"):
        assert said(body(other)).failure == "The file has another content than yours."
    assert "status 404" in said(body(b"tenantry-verification=token", 404)).failure
    assert "redirects" in said(body(b"tenantry-verification=token", 301)).failure
    assert "no public" in said(Refused("It leads to no public address.")).failure
    assert "No connection" in said(Unreachable("No connection.")).failure


def test_the_file_is_fetched_from_a_real_server_by_https(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The guarded client reaches this machine only where it is told to, by the name ``localhost``: that is all that differs."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    asked: list[str] = []
    right = b"tenantry-verification=token\n"
    told: dict[str, Any] = {"status": 200, "body": right}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(told["status"])
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(told["body"])))
            self.end_headers()
            self.wfile.write(told["body"])

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def look() -> proofs.Outcome:
        return proofs.in_file(f"localhost:{server.server_address[1]}", "token", partial(proofs.fetch, allow_loopback=True))

    assert "certificate of localhost was not accepted" in look().failure and asked == []
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(outgoing, "_certificates", lambda: trusting)
    assert look().method == "file" and asked == [proofs.PATH]
    for status, body, failure in (
        (302, right, "redirects (status 302)"), (404, right, "status 404"), (200, right.replace(b"k", b"q"), "another content"),
        (200, right + b"y" * 5000, "another content"), (200, b"\xff\xfe" * 4000, "another content"),
    ):  # fmt: skip
        told.update(status=status, body=body)
        assert failure in look().failure, failure
    assert set(asked) == {proofs.PATH}, "a redirect leads nowhere"
    refused = proofs.in_file(f"localhost:{server.server_address[1]}", "token", proofs.fetch)
    assert refused.failure.startswith("The file can't be read:") and len(asked) == 6, "as it is asked outside of tests"
    server.shutdown()
    server.server_close()


def test_a_domain_is_claimed_proven_and_given_up(cast: Cast) -> None:
    name = _name()
    for given, code in (("localhost", "domain_invalid"), ("192.0.2.7", "domain_invalid"), ("a@b.example", "domain_invalid"),
                        ("https://b.example", "domain_invalid"), ("GMail.com", "domain_public"), ("co.uk", "domain_public")):  # fmt: skip
        body = problem(cast.owner.post(f"{cast.org}/domains", json={"domain": given}), 422, code)
        assert body["errors"][0]["pointer"] == "/domain"
    for role in ("maintainer", "manager", "learner"):
        problem(cast[role].post(f"{cast.org}/domains", json={"domain": name}), 403, "permission_denied")
    claimed = _claim(cast.owner, cast.org, f" {name.upper()}. ")
    assert (claimed["domain"], claimed["state"], claimed["auto_join"], claimed["method"]) == (name, "pending", "ask", None)
    value = claimed["dns_record"]["value"]
    assert claimed["dns_record"] == {"type": "TXT", "name": name, "value": value} and value.startswith("tenantry-verification=")
    assert claimed["file"] == {"url": f"https://{name}/.well-known/tenantry-verification.txt", "content": value}
    problem(cast.owner.post(f"{cast.org}/domains", json={"domain": name}), 409, "domain_claimed")
    assert ok(cast.maintainer.get(f"{cast.org}/domains"))["data"] == [claimed]
    problem(cast.learner.get(f"{cast.org}/domains"), 403, "permission_denied")
    at = f"{cast.org}/domains/{claimed['id']}"
    for client in (cast.outsider, cast.admin):  # staff see both organizations, and still it is the other's
        problem(client.get(f"{_outsider(cast)}/domains/{claimed['id']}"), 404, "not_found")
    with cast.tenant.scope():  # a claim brings nothing yet
        assert holder(name) is None and verified(cast.contoso.id) == [] and not covers(cast.contoso.id, f"a@{name}")

    assert f"The DNS has no domain {name}." in _verify(cast.owner, cast.org, claimed)["failure"]
    publish(name)
    assert "has no TXT record" in _verify(cast.owner, cast.org, claimed)["failure"]
    publish(name, "v=spf1 -all", value + "x")
    missed = _verify(cast.owner, cast.org, claimed)
    assert "with another value" in missed["failure"] and missed["state"] == "pending"
    publish(name, "v=spf1 -all", value)
    held = _verify(cast.owner, cast.org, claimed)
    assert (held["state"], held["method"], held["failure"]) == ("verified", "dns", None)
    with cast.tenant.scope(organizations=[cast.fabrikam.id]):
        found = holder(f"Somebody@{name.upper()}")
        assert found is not None and found.organization_id == cast.contoso.id
        assert holder(f"x@lab.{name}") is None and holder("nonsense") is None
    with cast.tenant.scope():
        assert verified(cast.contoso.id) == [name] and covers(cast.contoso.id, f"a@{name}") and not covers(cast.fabrikam.id, f"a@{name}")

    seen = cast.owner.get(at).headers["etag"]
    changed = cast.owner.patch(at, json={"auto_join": "off"}, headers={"If-Match": seen})
    assert ok(changed)["auto_join"] == "off"
    problem(cast.owner.patch(at, json={"auto_join": "allow"}, headers={"If-Match": seen}), 412, "version_stale")
    problem(cast.owner.patch(at, json={"auto_join": "maybe"}), 422, "validation_failed")
    problem(cast.owner.delete(at, headers={"If-Match": seen}), 412, "version_stale")
    ok(cast.owner.delete(at), 204)
    problem(cast.owner.get(at), 404, "not_found")
    with cast.tenant.scope():
        assert holder(name) is None
    assert [a for a in cast.actions() if a.startswith("domain.")] == [
        "domain.claimed", *["domain.check_failed"] * 3, "domain.verified", "domain.changed", "domain.removed",
    ]  # fmt: skip


def test_of_two_who_prove_it_at_once_one_gets_it(cast: Cast) -> None:
    name = _name()
    at = {cast.owner: cast.org, cast.outsider: _outsider(cast)}
    claims = {client: _claim(client, path, name) for client, path in at.items()}
    publish(name, *(claim["dns_record"]["value"] for claim in claims.values()))
    answers = race(
        *(lambda c=client: c.post(f"{at[c]}/domains/{claims[c]['id']}/verification") for client in (cast.owner, cast.outsider) * 3)
    )
    winners = {str(answer.request.url) for answer in answers if answer.status_code == 200}
    assert len(winners) == 1
    losing = [answer for answer in answers if str(answer.request.url) not in winners]
    assert len(losing) == 3
    for answer in losing:
        problem(answer, 409, "domain_taken")
    with cast.tenant.scope():
        held = holder(name)
    assert held is not None
    winner, loser = (cast.owner, cast.outsider) if held.organization_id == cast.contoso.id else (cast.outsider, cast.owner)
    ok(loser.delete(f"{at[loser]}/domains/{claims[loser]['id']}"), 204)
    problem(loser.post(f"{at[loser]}/domains", json={"domain": name}), 409, "domain_taken")  # it is taken, so it isn't even claimed
    # An organization that is gone holds it against nobody.
    with cast.tenant.scope():
        third, _ = factories.organization("Tailspin", {"owner": "owner@tailspin.example"})
    problem(winner.post(f"{at[loser]}/domains", json={"domain": name}), 404, "not_found")
    problem(cast.admin.post(f"/organizations/{third.public_id}/domains", json={"domain": name}), 409, "domain_taken")
    ok(winner.delete(at[winner]), 204)
    claimed = _claim(cast.admin, f"/organizations/{third.public_id}", name)
    publish(name, claimed["dns_record"]["value"])
    assert _verify(cast.admin, f"/organizations/{third.public_id}", claimed)["state"] == "verified"
    with cast.tenant.scope():
        found = holder(name)
        assert found is not None and found.organization_id == third.id
        Organization.objects.filter(id=third.id).update(state="deactivated")
        assert holder(name) is None


def test_a_proof_that_goes_missing_costs_the_domain_after_14_days(cast: Cast) -> None:
    name, tenant = _name(), cast.tenant
    claimed = _claim(cast.owner, cast.org, name)
    at, value = f"{cast.org}/domains/{claimed['id']}", claimed["dns_record"]["value"]
    publish(name, value)
    _verify(cast.owner, cast.org, claimed)

    def after(days: int) -> tuple[str, int]:
        tenant.move_clock(days=days)
        looked = tasks.recheck(tenant.id)
        with tenant.scope():
            return found.state if (found := holder(name)) else "nobody's", looked

    assert after(6) == ("verified", 0)
    assert after(8) == ("verified", 1)
    publish(name, "SERVFAIL")  # nobody answers: that says nothing yet
    assert after(16) == ("verified", 1)
    assert after(17) == ("lapsing", 1)  # but the day after it does
    publish(name, value)
    assert after(18) == ("verified", 1)
    forget(name)
    assert after(26) == ("lapsing", 1)
    assert after(26) == ("lapsing", 0)
    mail = tenant.mail_for(cast.owner.email, count=2)
    assert f"no domain {name}" in mail["text"] and name in mail["subject"]
    with tenant.sign_in(cast.owner.email) as owner:
        assert f"{name} needs confirming" in owner.get(f"{tenant.url}/o/contoso/").text
    publish(name, value)
    assert after(28) == ("verified", 1)
    forget(name)
    assert after(36) == ("lapsing", 1)
    assert after(49) == ("lapsing", 1)
    assert after(51) == ("nobody's", 1)
    assert "no longer confirmed" in tenant.mail_for(cast.owner.email, count=4)["subject"]
    tenant.move_clock(days=51)
    with tenant.sign_in(cast.owner.email) as owner:
        lapsed = ok(owner.get(at))
        assert (lapsed["state"], lapsed["lapses_at"]) == ("lapsed", None)
        publish(name, value)
        assert _verify(owner, cast.org, claimed)["state"] == "verified"
    assert [action.removeprefix("domain.") for action in cast.actions() if action.startswith("domain.")] == [
        "claimed", "verified", "confirmed", "check_failed", "lapsing", "verified", "lapsing", "verified", "lapsing", "check_failed",
        "lapsed", "verified",
    ]  # fmt: skip


def test_staff_decide_with_a_reason(cast: Cast) -> None:
    name = _name()
    claimed, rival = _claim(cast.owner, cast.org, name), _claim(cast.outsider, _outsider(cast), name)
    at = f"{cast.org}/domains/{claimed['id']}/decision"
    problem(cast.owner.post(at, json={"decision": "verify", "reason": "we say so"}), 403, "permission_denied")
    problem(cast.admin.post(at, json={"decision": "verify"}), 422, "reason_missing")
    problem(cast.admin.post(at, json={"decision": "revoke", "reason": "x"}), 409, "state_conflict")
    held = ok(cast.admin.post(at, json={"decision": "verify", "reason": "Seen the register"}))
    assert (held["state"], held["method"], held["reason"]) == ("verified", "staff", "Seen the register")
    other = f"{_outsider(cast)}/domains/{rival['id']}/decision"
    problem(cast.admin.post(other, json={"decision": "verify", "reason": "them too"}), 409, "domain_taken")
    cast.tenant.move_clock(days=30)
    assert tasks.recheck(cast.tenant.id) == 0  # there is no proof to look for
    ok(cast.admin.post(at, json={"decision": "revoke", "reason": "Sold"}))
    assert ok(cast.admin.post(other, json={"decision": "verify", "reason": "Bought"}))["state"] == "verified"
    with cast.tenant.scope():
        pending, _ = factories.organization("Tailspin", {"owner": "owner@tailspin.example"}, active=False)
    with cast.tenant.sign_in("owner@tailspin.example") as owner:
        problem(owner.post(f"/organizations/{pending.public_id}/domains", json={"domain": _name()}), 403, "organization_pending")
