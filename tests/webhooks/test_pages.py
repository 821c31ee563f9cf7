"""The pages about webhooks, as forms that a browser sends: no script runs here."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx

from tenantry.audit.services import SYSTEM
from tenantry.webhooks.models import Endpoint
from tenantry.webhooks.services import create_endpoint, pause_endpoint

from ..people import Cast, Client, ok
from ..receivers import Receiver
from .test_api import AT, NOWHERE, PEOPLE, PLAIN, ended, make

CONTOSO = "o/contoso/webhooks"


def page(client: Client, cast: Cast, path: str, *, status: int = 200, **form: Any) -> str:
    """The text of a page, or of the answer to a form; redirects are followed as a browser does."""
    at = f"{cast.tenant.url}/{path}"
    answer: httpx.Response = client.post(at, data=form, follow_redirects=True) if form else client.get(at)
    assert answer.status_code == status, (answer.status_code, answer.text[:2000])
    return html.unescape(answer.text)


def test_an_endpoint_is_made_tried_and_taken_away_on_pages(cast: Cast) -> None:
    with Receiver(lambda request: (200, {}, b"<script>alert(1)</script>")) as receiver:
        form = {"url": receiver.url, "description": "CRM", "events": [PEOPLE, "member.added"]}
        headers = {"header_name": ["X-Token", "", ""], "header_value": ["herring-17", "", ""]}
        assert page(cast.owner, cast, f"{CONTOSO}/new", **form, **headers, more="1").count('name="header_name"') == 5
        made = page(cast.owner, cast, f"{CONTOSO}/new", **form, **headers)
        assert (shown := re.search(r"whsec_[A-Za-z0-9+/=]+", made)) is not None
        (row,) = ok(cast.owner.get(AT, params={"organization": cast.contoso.public_id}))["data"]
        assert (row["url"], row["events"], row["header_names"]) == (receiver.url, ["member.added", PEOPLE], ["X-Token"])
        at = f"{CONTOSO}/{row['id']}"

        tried = page(cast.owner, cast, f"{at}/test", event_type="member.added")
        assert "It arrived." in tried and '"_synthetic": true' in tried
        answer = cast.owner.post(f"{cast.tenant.url}/{at}/test", data={"event_type": "member.added"}).text
        assert "&lt;script&gt;alert(1)" in answer and "<script>alert" not in answer, "what was answered is text"
        assert receiver.received[0].headers["X-Token"] == "herring-17"

        edited = page(cast.owner, cast, f"{at}/edit")
        assert "herring" not in edited and "Kept as it is" in edited
        change = {"url": receiver.url, "events": [PEOPLE], "version": "1", "header_name": ["X-Token", "X-New"], "header_value": ["", "b"]}
        page(cast.owner, cast, f"{at}/edit", **change)
        assert "Load it again" in page(cast.owner, cast, f"{at}/edit", status=412, **change), "another editor was faster"
        page(cast.owner, cast, f"{at}/test", event_type="webhook.test")
        assert (receiver.received[-1].headers["X-Token"], receiver.received[-1].headers["X-New"]) == ("herring-17", "b")

        ok(cast.owner.patch(cast.member_at("learner"), json={"role": "manager"}))
        receiver.wait(4)
        (delivery,) = [entry for entry in ended(cast.owner, f"{AT}/{row['id']}") if not entry["synthetic"]]
        one = page(cast.owner, cast, f"{at}/deliveries/{delivery['id']}")
        assert cast.learner.email in one and "X-Token: …" in one
        page(cast.owner, cast, f"{at}/deliveries/{delivery['id']}/redelivery", yes="1")
        receiver.wait(5)
        assert PEOPLE not in page(cast.owner, cast, f"{at}?status=failed").partition('id="list"')[2].partition("</section>")[0]

        rotated = page(cast.owner, cast, f"{at}/rotation", yes="1")
        assert (new := re.search(r"whsec_[A-Za-z0-9+/=]+", rotated)) is not None and new[0] != shown[0]
        assert "Paused." in page(cast.owner, cast, f"{at}/pause", yes="1")
        assert "paused" in page(cast.owner, cast, f"{at}/replay", status=409, since="2026-01-01T00:00")
        assert "Active" in page(cast.owner, cast, f"{at}/resumption", yes="1")
        ended(cast.owner, f"{AT}/{row['id']}")
        assert "1 delivery goes out again" in page(cast.owner, cast, f"{at}/replay", since="2026-01-01T00:00", everything="on")
        receiver.wait(6)
        assert "Nobody listens yet" in page(cast.owner, cast, f"{at}/deletion", yes="1")


def test_what_the_pages_refuse_and_close(cast: Cast) -> None:
    for fields, words in (
        ({"url": "https://10.0.0.1/", "everything": "on"}, "The host is not one of the public internet."),
        ({"url": NOWHERE}, "Choose at least one event"),
        ({"url": NOWHERE, "everything": "on", "header_name": ["Host"], "header_value": ["x"]}, "Host can't be such a header"),
        ({"url": NOWHERE, "everything": "on", "header_name": ["X", "X"], "header_value": ["1", "2"]}, "The header X is there twice."),
        ({"url": NOWHERE, "everything": "on", "header_name": [""], "header_value": ["x"]}, "A header needs a name."),
    ):
        assert words in page(cast.owner, cast, f"{CONTOSO}/new", status=422, **fields)
    closed = page(cast.billing_admin, cast, f"{CONTOSO}/new")
    assert re.search(rf'value="{PEOPLE}" disabled', closed) and not re.search(rf'value="{PLAIN}" disabled', closed)
    assert 'name="everything"' not in closed
    for fields in ({"events": [PEOPLE]}, {"everything": "on"}):
        assert "webhooks:member_events" in page(cast.billing_admin, cast, f"{CONTOSO}/new", status=403, url=NOWHERE, **fields)
    people, of_tenant = make(cast.owner, NOWHERE, PEOPLE, organization=cast.contoso.public_id), make(cast.admin)
    delivery = ok(cast.owner.post(f"{AT}/{people['id']}/test", json={"event_type": PEOPLE}))["id"]
    page(cast.billing_admin, cast, f"{CONTOSO}/{people['id']}/edit", status=403)
    withheld = page(cast.billing_admin, cast, f"{CONTOSO}/{people['id']}/deliveries/{delivery}")
    assert "The bodies tell of people." in withheld and "adatum.example" not in withheld
    elsewhere = make(cast.outsider, organization=cast.fabrikam.public_id)
    nora = cast.tenant.staff("nora@northwind.example", "admin")
    for client in (cast.owner, nora):
        for stranger in (of_tenant, elsewhere):
            page(client, cast, f"{CONTOSO}/{stranger['id']}", status=404)
    listed = page(nora, cast, "staff/webhooks")
    assert listed.count("The workspace") == 1 and {"Contoso", "Fabrikam"} <= set(re.findall(r">(Contoso|Fabrikam)<", listed))
    for each in (people, of_tenant, elsewhere):
        assert NOWHERE in page(nora, cast, f"staff/webhooks/{each['id']}")
    made = page(nora, cast, "staff/webhooks/new", url=f"{NOWHERE}/2", everything="on")
    assert "whsec_" in made
    assert [row["events"] for row in ok(cast.admin.get(AT, params={"organization": "none"}))["data"]] == [["*"], ["webhook.test"]]
    nora.close()


def test_owners_are_mailed_when_tenantry_pauses_an_endpoint(cast: Cast) -> None:
    admin = cast.tenant.staff("nora@northwind.example", "admin")
    cast.tenant.staff("sam@northwind.example", "support").close()
    with cast.tenant.scope():
        for organization_id, reason in ((cast.contoso.id, Endpoint.PauseReason.GONE), (None, Endpoint.PauseReason.FAILING)):
            endpoint, _ = create_endpoint(url=NOWHERE, events=["*"], organization_id=organization_id, actor=SYSTEM)
            pause_endpoint(endpoint=endpoint, reason=reason, actor=SYSTEM)
            pause_endpoint(endpoint=endpoint, reason=reason, actor=SYSTEM)
        by_hand, _ = create_endpoint(url=NOWHERE, events=["*"], organization_id=cast.contoso.id, actor=SYSTEM)
        pause_endpoint(endpoint=by_hand, actor=SYSTEM)
    for client, words in ((cast.owner, "410"), (cast.maintainer, "410"), (admin, "For five days")):
        (mail,) = cast.tenant.mails_for(client.email)
        assert mail["template"] == "webhook_paused"
        for body in (mail["text"], mail["html"]):
            assert NOWHERE in body and words in body
        link = re.search(r"http\S+/webhooks/whe_\w+", mail["text"])
        assert link and client.get(link[0]).status_code == 200
    assert [cast.tenant.mails_for(address) for address in (cast.billing_admin.email, "sam@northwind.example")] == [[], []]
    admin.close()
