"""What an organization asks of its members' sign-in: the strictest of several, from the next request on, and no way to lock oneself out."""

from __future__ import annotations

from datetime import timedelta

from tenantry.audit.services import CLI
from tenantry.kit.clock import now
from tenantry.organizations import sign_in_policy
from tenantry.organizations.authority import SYSTEM_AUTHORITY
from tenantry.organizations.membership import JOIN, settle
from tenantry.organizations.models import Organization
from tenantry.people.models import Session
from tenantry.people.rules import Rules, rules_of

from .. import factories
from ..people import Cast, ok, problem, queries, race
from ..threads import Threads, until_waited_for

HOME, ELSEWHERE = "127.0.0.0/8", "203.0.113.0/24"


def _fabrikam(cast: Cast) -> str:
    return f"/organizations/{cast.fabrikam.public_id}/sign-in-policy"


def test_owners_set_it_and_two_editors_do_not_undo_each_other(cast: Cast) -> None:
    at = f"{cast.org}/sign-in-policy"
    nothing = {
        "second_factor": "off", "grace_days": 14, "required_since": None, "session_lifetime_hours": None, "idle_minutes": None,
        "allowed_networks": [],
    }  # fmt: skip
    first = cast.maintainer.get(at)
    assert ok(first) == nothing
    for role in ("maintainer", "manager", "learner"):
        problem(cast[role].put(at, json={"idle_minutes": 30}), 403, "permission_denied")
    problem(cast.learner.get(at), 403, "permission_denied")
    for wrong in ({"idle_minutes": 4}, {"session_lifetime_hours": 337}, {"grace_days": 91}, {"second_factor": "maybe"}, {"idle": 5}):
        problem(cast.owner.put(at, json=wrong), 422, "validation_failed")
    body = problem(cast.owner.put(at, json={"allowed_networks": [HOME, "nonsense"]}), 422, "network_invalid")
    assert body["errors"][0]["pointer"] == "/allowed_networks/1"
    # The first policy of all, by several at once, each of whom saw none.
    tag = {"If-Match": first.headers["etag"]}
    answers = race(*(lambda n=n: cast.owner.put(at, json={"idle_minutes": n}, headers=tag).status_code for n in (30, 31, 32, 33)))
    assert sorted(answers) == [200, 412, 412, 412]
    seen = {"If-Match": cast.outsider.get(_fabrikam(cast)).headers["etag"]}
    with Threads(1) as pool:
        with cast.tenant.scope() as entered:
            sign_in_policy.save(organization=cast.fabrikam, values={"idle_minutes": 29}, exempt=True, actor=CLI)
            second = pool.submit(cast.outsider.put, _fabrikam(cast), json={"idle_minutes": 30}, headers=seen)
            until_waited_for(entered.using)
        problem(second.result(), 412, "version_stale")
    changed = ok(cast.owner.put(at, json={"idle_minutes": None, "session_lifetime_hours": 8}))
    assert changed == {**nothing, "session_lifetime_hours": 8}  # what is left out stays as it is
    with cast.tenant.scope():  # long after the last proof of identity
        Session.objects.filter(user=cast.owner.me).update(proved_at=now() - timedelta(minutes=20))
    problem(cast.owner.put(at, json={"idle_minutes": 30}), 403, "reauthentication_required")
    page = cast.owner.post(f"{cast.tenant.url}/o/contoso/sign-in", data={"second_factor": "off", "grace_days": "14"})
    assert page.status_code == 302 and "/prove?" in page.headers["location"]


def test_sessions_follow_the_strictest_of_all_organizations(cast: Cast) -> None:
    tenant, at = cast.tenant, f"{cast.org}/sign-in-policy"
    with tenant.scope():
        factories.member(cast.fabrikam, cast.learner.email)
    before = queries(cast.learner.get("/me"))
    ok(cast.owner.put(at, json={"idle_minutes": 60, "session_lifetime_hours": 48}))
    ok(cast.outsider.put(_fabrikam(cast), json={"idle_minutes": 600, "session_lifetime_hours": 12}))
    with tenant.scope():
        assert rules_of(cast.learner.me.id) == Rules(timedelta(hours=12), timedelta(hours=1))
        bounds = {
            row.user_id: (row.lifetime_seconds, row.idle_seconds)
            for row in Session.objects.filter(user__in=[cast.learner.me, cast.owner.me, cast.outsider.me])
        }
    hour = 3600
    assert bounds == {
        cast.learner.me.id: (12 * hour, hour), cast.owner.me.id: (48 * hour, hour), cast.outsider.me.id: (12 * hour, 10 * hour),
    }  # fmt: skip
    ok(cast.learner.get("/me"))
    assert queries(cast.learner.get("/me")) <= before  # the rule stands on the session: a request asks nothing for it
    newcomer = tenant.sign_in("newcomer@elsewhere.example")
    tenant.move_clock(minutes=59)
    ok(cast.learner.get("/me"))
    late = tenant.sign_in(cast.manager.email)
    tenant.move_clock(minutes=121)
    problem(cast.learner.get("/me"), 401, "unauthenticated")  # unused for more than an hour
    problem(late.get("/me"), 401, "unauthenticated")  # made after the rule, and bound by it as well
    assert ok(cast.admin.get(f"/users/{cast.learner.id}/sessions"))["data"] == []  # nor is one that has run out listed
    ok(newcomer.get("/me"))  # a member of neither
    ok(cast.outsider.get("/me"))
    tenant.move_clock(hours=13)
    problem(cast.outsider.get("/me"), 401, "unauthenticated")  # longer than 12 hours
    # Whoever becomes a member follows from the next request on: of a session that is 13 hours old, none.
    ok(newcomer.get("/me"))
    with tenant.scope():
        settle(JOIN, organization=cast.fabrikam, user=newcomer.me, role="learner", authority=SYSTEM_AUTHORITY, actor=CLI)
    problem(newcomer.get("/me"), 401, "unauthenticated")
    drifter = tenant.sign_in("drifter@elsewhere.example")
    tenant.move_clock(hours=24)
    with tenant.scope():
        settle(JOIN, organization=cast.fabrikam, user=drifter.me, role="learner", authority=SYSTEM_AUTHORITY, actor=CLI)
    for _ in "12":  # unused for more than 10 hours, and asking again doesn't make it used
        problem(drifter.get("/me"), 401, "unauthenticated")
    newcomer.close()
    late.close()


def test_the_grace_of_a_second_factor_begins_with_the_rule_or_the_membership(cast: Cast) -> None:
    tenant, at = cast.tenant, f"{cast.org}/sign-in-policy"
    ok(cast.owner.put(at, json={"second_factor": "required", "grace_days": 10}))
    since = ok(cast.owner.get(at))["required_since"]
    tenant.move_clock(days=5)
    with tenant.scope():
        begun = now()
        late = factories.member(cast.contoso, "late@contoso.example")
        early, lately = rules_of(cast.learner.me.id), rules_of(late.user_id)
        assert early.asked_by == lately.asked_by == "Contoso" and rules_of(cast.outsider.me.id) == Rules()
        assert early.second_factor_from is not None and lately.second_factor_from is not None
        assert timedelta(days=4) < early.second_factor_from - begun < timedelta(days=5)
        assert timedelta(days=10) <= lately.second_factor_from - begun < timedelta(days=10, minutes=1)
        contoso = Organization.objects.filter(id=cast.contoso.id)
        contoso.update(state="deactivated")
        assert rules_of(cast.learner.me.id) == Rules(), "what is gone asks for nothing"
        contoso.update(state="active")
    ok(cast.admin.post(f"{cast.member_at('expert')}/suspension", json={"reason": "away"}))
    with tenant.scope():
        assert rules_of(cast["expert"].me.id) == Rules(), "nor is anything asked of who can't enter"
    with tenant.sign_in(cast.owner.email) as owner:
        ok(owner.put(at, json={"grace_days": 20}))  # longer, from the same moment on
        assert ok(owner.get(at))["required_since"] == since
        ok(owner.put(at, json={"second_factor": "off"}))
        assert ok(owner.get(at))["required_since"] is None
    with tenant.scope():
        assert rules_of(cast.learner.me.id) == Rules()


def test_members_and_keys_come_from_its_networks_only(cast: Cast) -> None:
    at, key = f"{cast.org}/sign-in-policy", cast.tenant.organization_key(cast.contoso)
    for client in (cast.owner, key):
        body = problem(client.put(at, json={"allowed_networks": [ELSEWHERE]}), 422, "would_lock_you_out")
        assert body["errors"][0]["pointer"] == "/allowed_networks" and "127.0.0.1" in body["detail"]
    kept = cast.owner.post(f"{cast.tenant.url}/o/contoso/sign-in",
                           data={"second_factor": "off", "grace_days": "14", "allowed_networks": ELSEWHERE})  # fmt: skip
    assert kept.status_code == 422 and "leaves out" in kept.text
    assert ok(cast.owner.put(at, json={"allowed_networks": [HOME, "2001:db8::1"]}))["allowed_networks"] == [HOME, "2001:db8::1"]
    ok(cast.learner.get(cast.org))
    ok(cast.admin.put(at, json={"allowed_networks": [ELSEWHERE]}))  # staff are bound by no network
    for client in (cast.owner, cast.learner, key):
        assert "203.0.113" not in problem(client.get(cast.org), 403, "network_not_allowed")["detail"]
        problem(
            client.put(at, json={"allowed_networks": []}), 403, "permission_denied" if client is cast.learner else "network_not_allowed"
        )
    page = cast.owner.get(f"{cast.tenant.url}/o/contoso/")
    assert page.status_code == 403 and "its own networks only" in page.text
    assert [row["name"] for row in ok(cast.owner.get("/organizations"))["data"]] == ["Contoso"]  # that it is theirs is no secret
    question = {"user": cast.learner.id, "organization": cast.contoso.public_id, "permission": "organization:read"}
    assert ok(key.post("/access/check", json=question))["allowed"] is True  # the product asks about its own people
    problem(cast.outsider.get(cast.org), 404, "not_found")
    ok(cast.admin.get(cast.org))
    lifting = f"{at}/lifting"
    problem(cast.owner.post(lifting, json={"reason": "x"}), 403, "permission_denied")
    problem(cast.admin.post(lifting, json={}), 422, "reason_missing")
    with cast.tenant.staff("sam@northwind.example", "support") as sam:
        page = sam.get(f"{cast.tenant.url}/staff/organizations/{cast.contoso.public_id}")
        assert "networks/lifting" in page.text
        assert ok(sam.post(lifting, json={"reason": "Their office moved"}))["allowed_networks"] == []
    problem(cast.admin.post(lifting, json={"reason": "again"}), 409, "state_conflict")
    ok(cast.owner.get(cast.org))
    key.close()
