"""Changes of many people in one Bulk (scim/together.py), and of each alone: two ways, one outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tenantry.audit.services import CLI
from tenantry.entitlements.models import Tally
from tenantry.entitlements.services import set_limit
from tenantry.organizations.authority import SYSTEM_AUTHORITY
from tenantry.organizations.membership import CHANGE_ROLE, REACTIVATE, SUSPEND, settle
from tenantry.organizations.models import Membership
from tenantry.organizations.services import found, transition
from tenantry.people.models import Session
from tenantry.webhooks.services import create_endpoint, pause_endpoint

from ..people import Cast, ok, queries
from .directory import BULK, GROUP, USER, Directory
from .written import plain, written

Sent = dict[str, Any]


def _patch(*operations: Sent, **more: Any) -> Callable[[str], Sent]:
    return lambda name: {"method": "PATCH", "data": {"Operations": list(operations)}, **more}


def _replace(path: str, value: Any) -> Sent:
    return {"op": "replace", "path": path, "value": value}


OFF, ON, NAMED = _replace("active", "False"), _replace("active", True), _replace("displayName", "Ada L.")
# By what becomes of them; those after None go alone.
CASES: dict[str, Callable[[str], Sent]] = {
    "named": _patch(NAMED),
    "met": _patch(NAMED, _replace("title", "Countess"), version='W/"1"', bulkId="met"),
    "same": _patch(_replace("displayName", "Ada")),
    "off": _patch(OFF),
    "offnamed": _patch(OFF, NAMED),
    "signedin": _patch(OFF),
    "suspended": _patch(OFF),
    "away": _patch(NAMED),
    "back": _patch({"op": "replace", "value": {"active": True}}),
    "backnamed": _patch(ON, NAMED),
    "promotedback": _patch(ON),
    "put": lambda name: {
        "method": "PUT",
        "data": {"userName": f"{name}@contoso.example", "displayName": "Ada K.", "emails": [_mail(name)]},
    },
    "gone": lambda name: {"method": "DELETE"},
    "goneaway": lambda name: {"method": "DELETE"},
}
ALONE: dict[str, Callable[[str], Sent]] = {
    "stale": _patch(NAMED, version='W/"7"'),
    "bad": _patch(_replace("emails[", "x")),
    "away2": _patch(OFF),
    "again": _patch(OFF),
    "againback": _patch(ON),
    "asideback": _patch(ON),
    "newlyaside": _patch(ON),
    "mail": lambda name: _patch(_replace('emails[type eq "work"].value', f"new-{name}@contoso.example"))(name),
    "external": lambda name: _patch(_replace("externalId", f"e-{name}"))(name),
    "owner": _patch(OFF),
}


def _mail(name: str) -> Sent:
    return {"value": f"{name}@contoso.example", "type": "work", "primary": True}


def _made(cast: Cast, directory: Directory, stem: str) -> dict[str, str]:
    """A person for each case, as far as it begins with something; their ids."""
    names = {case: f"{stem}x{case}" for case in (*CASES, *ALONE)}
    data = {
        case: {"schemas": [USER], "userName": f"{name}@contoso.example", "displayName": "Ada", "emails": [_mail(name)]}
        for case, name in names.items()
    }
    made = _bulk(directory, *({"method": "POST", "path": "/Users", "bulkId": case, "data": each} for case, each in data.items()))
    ids = {case: each["location"].rpartition("/")[2] for case, each in zip(names, made, strict=True)}
    with cast.tenant.scope():
        promoted = Membership.objects.select_related("user").get(user__email=f"{names['promotedback']}@contoso.example").user
        settle(CHANGE_ROLE, organization=cast.contoso, user=promoted, role="manager", authority=SYSTEM_AUTHORITY, actor=CLI)
        aside = Membership.objects.select_related("user").get(user__email=f"{names['asideback']}@contoso.example").user
        settle(SUSPEND, organization=cast.contoso, user=aside, authority=SYSTEM_AUTHORITY, actor=CLI)
    away = ("away", "away2", "again", "againback", "asideback", "newlyaside", "back", "backnamed", "promotedback", "goneaway")
    _bulk(directory, *({"path": f"/Users/{ids[case]}", **_patch(OFF)("")} for case in away))
    members = [{"value": ids[case]} for case in ("gone", "off")]
    ok(directory.post("/Groups", json={"schemas": [GROUP], "displayName": stem, "members": members}), 201)
    cast.tenant.sign_in(f"{names['signedin']}@contoso.example")
    with cast.tenant.scope():
        people = {
            case: Membership.objects.select_related("user").get(user__email=f"{names[case]}@contoso.example").user
            for case in ("owner", "suspended", "again", "againback", "newlyaside")
        }
        settle(CHANGE_ROLE, organization=cast.contoso, user=people["owner"], role="owner", authority=SYSTEM_AUTHORITY, actor=CLI)
        for case in ("again", "againback", "newlyaside"):
            settle(REACTIVATE, organization=cast.contoso, user=people[case], authority=SYSTEM_AUTHORITY, actor=CLI)
        for case in ("suspended", "newlyaside"):
            settle(SUSPEND, organization=cast.contoso, user=people[case], authority=SYSTEM_AUTHORITY, actor=CLI)
    return ids


def _bulk(directory: Directory, *operations: Sent, **more: Any) -> list[Sent]:
    done: list[Sent] = ok(directory.post("/Bulk", json={"schemas": [BULK], "Operations": list(operations), **more}))["Operations"]
    return done


def test_many_changes_do_and_tell_what_each_does_alone(cast: Cast, directory: Directory) -> None:
    with cast.tenant.scope():
        for events in (["member.suspended"], ["member.reactivated", "member.suspended"]):
            endpoint, _ = create_endpoint(url="https://example.com/", events=events, organization_id=cast.contoso.id, actor=CLI)
            pause_endpoint(endpoint=endpoint, actor=CLI)
    told: dict[str, list[Sent]] = {}
    stored: dict[str, dict[str, Any]] = {}
    for stem in ("lone", "many"):
        ids = _made(cast, directory, stem)
        cases = {**CASES, **ALONE}
        sent = [{"path": f"/Users/{ids[case]}", **ask(f"{stem}x{case}")} for case, ask in cases.items()]
        sent.append({"path": f"/Users/{ids['off'][:-4]}0000", **_patch(NAMED)("")})
        told[stem] = _bulk(directory, *sent) if stem == "many" else [each for one in sent for each in _bulk(directory, one)]
        stored[stem] = {case: written(cast, directory, f"{stem}x{case}@contoso.example", stem) for case in cases}
        shown = {case: directory.get(f"/Users/{ids[case]}") for case in CASES}
        moments = {answer.json()["meta"]["lastModified"] for case, answer in shown.items() if case != "same" and answer.status_code == 200}
        assert (len(moments) == 1) is (stem == "many"), "together is at one moment"
        assert {case for case, answer in shown.items() if answer.status_code == 404} == {"gone", "goneaway"}
        group = directory.find("Groups", f'displayName eq "{stem}"')[0]
        assert [each["value"] for each in group["members"]] == [ids["off"]]
        assert group["meta"]["version"] == 'W/"2"', "without one of its members it is another"
        with cast.tenant.scope():
            assert not Session.objects.filter(user__email=f"{stem}xsignedin@contoso.example", ended_at=None).exists()
            active = Membership.objects.filter(organization=cast.contoso, status="active", seat_assigned_at__isnull=False).count()
            assert Tally.objects.get(organization_id=cast.contoso.id, resource_type="seat:total").used == active
    assert [plain(each, "many") for each in told["many"]] == [plain(each, "lone") for each in told["lone"]]
    for case in stored["lone"]:
        assert stored["many"][case] == stored["lone"][case], case
    statuses = dict(zip([*CASES, *ALONE, "unknown"], (each["status"] for each in told["many"]), strict=True))
    assert statuses == dict.fromkeys(statuses, "200") | {"gone": "204", "goneaway": "204", "stale": "412", "bad": "400", "unknown": "404"}
    aside = [case for case in cases if case.endswith(("aside", "back")) and stored["many"][case]["member"][0]["status"] == "suspended"]
    assert aside == ["asideback", "newlyaside"], "what a person suspended, a person lifts"
    assert stored["many"]["off"]["member"][0]["status"] == "suspended" and len(stored["many"]["off"]["deliveries"]) == 2


def test_what_many_may_not_do_is_not_done_to_any_of_them(cast: Cast, directory: Directory) -> None:
    made = [directory.user() for _ in range(4)]
    paths = [f"/Users/{each['id']}" for each in made]

    def send(*asks: Callable[[str], Sent], **more: Any) -> list[str]:
        return [
            each["status"]
            for each in _bulk(directory, *({"path": path, **ask("")} for path, ask in zip(paths, asks, strict=False)), **more)
        ]

    bad = _patch(_replace("emails[", "x"))
    assert send(_patch(OFF), bad, _patch(OFF), failOnErrors=1) == ["200", "400"]
    assert ok(directory.get(paths[2]))["active"] is True, "what comes after an error isn't done"
    twice = [{"path": paths[2], **_patch(ask)("")} for ask in (OFF, _replace("title", "Dr"), ON)]
    assert [each["status"] for each in _bulk(directory, *twice)] == ["200"] * 3
    assert ok(directory.get(paths[2]))["meta"]["version"] == 'W/"4"', "one after the other"

    assert send(_patch(OFF), _patch(OFF), _patch(OFF)) == ["200"] * 3
    with cast.tenant.scope():
        used = Tally.objects.get(organization_id=cast.contoso.id, resource_type="seat:total").used
        set_limit(organization_id=cast.contoso.id, resource_type="seat:total", limit=used + 1, actor=CLI)
    assert send(_patch(ON), _patch(ON)) == ["200", "403"], "the seat that was free"
    with cast.tenant.scope():
        set_limit(organization_id=cast.contoso.id, resource_type="seat:total", limit=1_000, actor=CLI)
    ok(cast.owner.put(f"{cast.org}/scim-settings", json={"default_role": "manager"}))
    assert send(_patch(NAMED), _patch(ON), _patch(ON)) == ["200"] * 3
    roles = [member.role for each in made if (member := directory.member(each["userName"]))]
    assert roles == ["learner", "manager", "manager", "learner"], "who comes back comes with the role that is given now"
    ok(cast.owner.put(f"{cast.org}/scim-settings", json={"provision": False}))
    assert send(_patch(OFF), _patch(OFF)) == ["200"] * 2
    assert send(_patch(ON), _patch(ON)) == ["403"] * 2
    ok(cast.owner.put(f"{cast.org}/scim-settings", json={"provision": True, "default_role": "learner"}))
    ok(cast.owner.put(f"{cast.org}/scim-group-mappings", json=[{"group": "Heads", "role": "manager"}]))
    ok(directory.post("/Groups", json={"schemas": [GROUP], "displayName": "Heads", "members": [{"value": made[0]["id"]}]}), 201)
    assert send(_patch(ON), _patch(ON)) == ["200"] * 2
    assert [getattr(directory.member(each["userName"]), "role", "") for each in made[:2]] == ["manager", "learner"]
    with cast.tenant.scope():
        transition(organization=cast.contoso, act="suspend", reason="unpaid", actor=CLI)
    assert send(_patch(NAMED), _patch(NAMED), _patch(OFF), lambda name: {"method": "DELETE"}) == ["403", "403", "200", "204"]


def test_the_first_people_of_an_organization_that_has_nobody_come_together(cast: Cast) -> None:
    with cast.tenant.scope():
        made = found(values={"name": "New", "country": "IN", "default_currency": "INR"}, owner=None, actor=CLI)
        made = transition(organization=made, act="approve", actor=CLI)
    new = [{"method": "POST", "path": "/Users", "bulkId": f"n{n}", "data": {"userName": f"n{n}@new.example"}} for n in range(20)]
    with Directory(cast.tenant, made) as directory:
        answer = directory.post("/Bulk", json={"schemas": [BULK], "Operations": new})
    assert [each["status"] for each in ok(answer)["Operations"]] == ["201"] * 20
    assert queries(answer) < 40, "one by one they are some hundreds"
