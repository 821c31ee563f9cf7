"""Signing out on one side ends the session on the other, by SAML and the built-in provider."""

from __future__ import annotations

import re
from html import unescape

from ..people import Cast
from .walking import Walk, code_of, connected

SUBJECT = "learner@contoso.example"


def test_single_logout_both_ways(cast: Cast) -> None:
    made = connected(cast)
    start, ours = made["ours"]["start_url"], made["ours"]
    walk, other = Walk(cast.tenant), Walk(cast.tenant)
    assert walk.back(start, email=SUBJECT).status_code == 302
    assert other.back(start, email="expert@contoso.example").status_code == 302

    # The provider ends it: only the named person's, and its word counts once.
    stranger = Walk(cast.tenant)
    told = stranger.http.post(f"{cast.tenant.url}/test-provider/end", data={"audience": ours["entity_id"], "subject": SUBJECT})
    request = told.headers["location"]
    assert request.startswith(f"{ours['slo_url']}?SAMLRequest=")
    unsigned = request.partition("&SigAlg=")[0]
    assert code_of(stranger.get(unsigned)) == "saml_logout_unsigned"
    assert walk.http.get("/me").status_code == 200
    answer = stranger.get(request)
    assert "/test-provider/saml/slo?SAMLResponse=" in answer.headers["location"]
    assert "has ended its session" in stranger.get(answer.headers["location"]).text
    assert walk.http.get("/me").status_code == 401
    assert other.http.get("/me").status_code == 200
    assert code_of(stranger.get(request)) == "sso_replayed"

    # We end it: the provider is asked to end its own, and the browser comes back.
    page = other.post("/sign-out")
    found = re.search(r'href="([^"]+/farewell/[^"]+)"', page.text)
    assert found, page.text
    asked = other.get(unescape(found[1])).headers["location"]
    assert "/test-provider/saml/slo?SAMLRequest=" in asked
    back = other.get(asked).headers["location"]
    assert back.startswith(f"{ours['slo_url']}?SAMLResponse=")
    for answered, words in ((back, "here and at your identity provider"), (back.partition("&SigAlg")[0], "you may still be signed in")):
        assert other.get(answered).headers["location"].endswith("/sign-in")
        assert words in other.get("/sign-in").text, "what the provider has said, if it was the provider"
    assert other.http.get("/me").status_code == 401
