"""Settings: what is valid, who may change which field, and two editors at once."""

from __future__ import annotations

from typing import Any

from tenantry.organizations.fields import FIELDS

from ..people import Cast, ok, problem, race

VALID: dict[str, Any] = {
    "name": "Contoso India",
    "legal_name": "Contoso India Pvt Ltd",
    "size": "51-200",
    "industry": "Manufacturing",
    "description": "Makes things.\nMany of them.",
    "website": "https://contoso.example",
    "brand_colour": "#3b5bdb",
    "slug": "contoso-india",
    "country": "IN",
    "time_zone": "Asia/Kolkata",
    "default_currency": "INR",
    "can_sponsor": False,
    "can_host": False,
    "public": True,
    "tax_ids": {"gstin": "27AAPFU0939F1ZV", "pan": "AAPFU0939F", "udyam": "UDYAM-MH-01-0012345"},
    "requires_purchase_order": True,
    "billing_email": "ap@contoso.example",
    "billing_address": {"line1": "1 Road", "city": "Pune", "postal_code": "411001", "country": "IN"},
    "payment_terms_days": 45,
    "funding_mode": "wallet",
}


def test_every_field_can_be_set_and_is_shown(cast: Cast) -> None:
    assert set(VALID) == set(FIELDS), "a new field needs a valid value here"
    ok(cast.owner.patch(cast.org, json=VALID))
    shown = ok(cast.owner.get(cast.org))
    assert {name: shown[name] for name in VALID} == VALID
    event = ok(cast.owner.get(f"{cast.org}/audit-events", params={"action": "organization.updated"}))["data"][0]
    assert event["changes"]["name"] == {"before": "Contoso", "after": "Contoso India"}
    assert "can_host" not in event["changes"]
    ok(cast.owner.patch(cast.org, json=VALID))  # nothing changes, nothing is recorded
    assert cast.actions().count("organization.updated") == 1


WRONG: list[tuple[str, Any, str, str]] = [
    ("name", " ", "/name", "missing"),
    ("name", "x" * 121, "/name", "validation_failed"),
    ("name", "a\u0007b", "/name", "validation_failed"),
    ("size", "huge", "/size", "validation_failed"),
    ("website", "javascript:alert(1)", "/website", "website_invalid"),
    ("website", "ftp://x.example", "/website", "website_invalid"),
    ("brand_colour", "red", "/brand_colour", "colour_invalid"),
    ("brand_colour", "#12345;}", "/brand_colour", "colour_invalid"),
    ("slug", "Has Space", "/slug", "slug_invalid"),
    ("slug", "-x", "/slug", "slug_invalid"),
    ("slug", "new", "/slug", "slug_invalid"),
    ("country", "India", "/country", "country_unknown"),
    ("time_zone", "Mars/Base", "/time_zone", "time_zone_unknown"),
    ("default_currency", "XYZ", "/default_currency", "currency_unknown"),
    ("tax_ids", {"gstin": "27AAPFU0939F1ZW"}, "/tax_ids/gstin", "tax_id_invalid"),
    ("tax_ids", {"pan": "AAPF"}, "/tax_ids/pan", "tax_id_invalid"),
    ("tax_ids", {"udyam": "UDYAM-1"}, "/tax_ids/udyam", "tax_id_invalid"),
    ("tax_ids", {"vat": "DE136695976"}, "/tax_ids/vat", "tax_id_unknown"),
    ("tax_ids", {"gstin": "27AAPFU0939F1ZV", "pan": "ABCPE1234F"}, "/tax_ids/gstin", "tax_id_invalid"),
    ("billing_email", "nonsense", "/billing_email", "email_invalid"),
    ("billing_address", {"planet": "Mars"}, "/billing_address/planet", "validation_failed"),
    ("billing_address", {"country": "ZZ"}, "/billing_address/country", "country_unknown"),
    ("payment_terms_days", 31, "/payment_terms_days", "validation_failed"),
    ("funding_mode", "barter", "/funding_mode", "validation_failed"),
    ("default_currency", "", "/default_currency", "currency_unknown"),
]


def test_a_wrong_value_is_named_by_its_pointer(cast: Cast) -> None:
    for name, value, pointer, code in WRONG:
        body = problem(cast.owner.patch(cast.org, json={name: value}), 422, code)
        assert [entry["pointer"] for entry in body["errors"]] == [pointer]
    assert "organization.updated" not in cast.actions()


def test_all_wrong_values_are_named_at_once(cast: Cast) -> None:
    wrong = {"website": "x", "brand_colour": "x", "country": "x", "name": "Kept"}
    body = problem(cast.owner.patch(cast.org, json=wrong), 422, "website_invalid")
    assert {entry["pointer"] for entry in body["errors"]} == {"/website", "/brand_colour", "/country"}
    assert ok(cast.owner.get(cast.org))["name"] == "Contoso"


def test_vat_numbers_are_checked_where_it_is_known_how(cast: Cast) -> None:
    for country, number, kept in (
        ("DE", "DE 136 695 976", "136695976"),
        ("FR", "FR40303265045", "40303265045"),
        ("GB", "gb980780684", "980780684"),
    ):
        shown = ok(cast.owner.patch(cast.org, json={"country": country, "tax_ids": {"vat": number}}))
        assert shown["tax_ids"]["vat"].removeprefix(country) == kept


def test_a_vat_number_with_a_wrong_check_digit_is_refused(cast: Cast) -> None:
    problem(cast.owner.patch(cast.org, json={"country": "DE", "tax_ids": {"vat": "DE136695975"}}), 422, "tax_id_invalid")
    problem(cast.owner.patch(cast.org, json={"country": "DE", "tax_ids": {"gstin": "27AAPFU0939F1ZV"}}), 422, "tax_id_unknown")


def test_hosting_is_gated_on_the_server(cast: Cast) -> None:
    problem(cast.owner.patch(cast.org, json={"can_host": True}), 400, "host_orgs_gated")
    problem(cast.admin.patch(cast.org, json={"can_host": True}), 400, "host_orgs_gated")
    assert ok(cast.owner.get(cast.org))["can_host"] is False


# What a role may change: the letters of the permission map.
WRITERS = {
    "settings:write": {"owner", "maintainer"},
    "settings:write_owner_fields": {"owner"},
    "settings:write_billing_fields": {"owner", "billing_admin"},
    "billing:funding": {"owner", "billing_admin"},
}


def test_a_field_that_a_role_may_not_touch_is_named(cast: Cast) -> None:
    for role in ("owner", "maintainer", "billing_admin", "manager"):
        for name, (_, permission, _) in FIELDS.items():
            answer = cast[role].patch(cast.org, json={name: VALID[name]})
            if role in WRITERS[permission]:
                ok(answer)
            else:
                assert problem(answer, 403, "field_forbidden")["fields"] == [name]


def test_one_forbidden_field_refuses_all_and_each_is_named(cast: Cast) -> None:
    body = problem(cast.maintainer.patch(cast.org, json={"name": "N", "slug": "s", "billing_email": "a@b.example"}), 403, "field_forbidden")
    assert body["fields"] == ["billing_email", "slug"]
    assert ok(cast.owner.get(cast.org))["name"] == "Contoso"


def test_who_may_not_see_settings_may_not_send_any(cast: Cast) -> None:
    for role in ("learner", "expert", "support"):
        problem(cast[role].patch(cast.org, json={"name": "N"}), 403, "permission_denied")


MONEY = {"funding_mode", "billing_email", "billing_address", "payment_terms_days", "requires_purchase_order", "tax_ids"}


def test_what_is_shown_depends_on_who_asks(cast: Cast) -> None:
    for role in cast.ROLES:
        shown = set(ok(cast[role].get(cast.org)))
        if role in ("owner", "billing_admin", "manager"):
            assert shown >= {"country", "plan", "description"} | MONEY
        elif role == "maintainer":
            assert shown >= {"country", "plan", "description"}
        else:
            assert shown == {"id", "name", "slug", "state"}


def test_support_staff_see_no_money(cast: Cast) -> None:
    assert not MONEY & set(ok(cast.tenant.key("support").get(cast.org)))
    assert set(ok(cast.tenant.key("finance").get(cast.org))) >= MONEY


def test_an_unknown_member_is_a_mistake_that_one_hears_of(cast: Cast) -> None:
    body = problem(cast.owner.patch(cast.org, json={"nmae": "x"}), 422, "validation_failed")
    assert body["errors"][0]["pointer"] == "/nmae"
    problem(cast.owner.patch(cast.org, json={"state": "active"}), 422, "validation_failed")
    problem(cast.owner.patch(cast.org, content=b"{not json", headers={"content-type": "application/json"}), 400, "json_invalid")


def test_two_editors_do_not_undo_each_other(cast: Cast) -> None:
    seen = cast.owner.get(cast.org).headers["etag"]
    changed = cast.owner.patch(cast.org, json={"name": "First"}, headers={"If-Match": seen})
    ok(changed)
    problem(cast.maintainer.patch(cast.org, json={"name": "Second"}, headers={"If-Match": seen}), 412, "version_stale")
    ok(cast.maintainer.patch(cast.org, json={"name": "Second"}, headers={"If-Match": changed.headers["etag"]}))
    ok(cast.maintainer.patch(cast.org, json={"name": "Third"}, headers={"If-Match": "*"}))
    for foreign in ('"abc"', "v1", 'W/"v1"', '"v99999999999"'):
        problem(cast.owner.patch(cast.org, json={"name": "Fourth"}, headers={"If-Match": foreign}), 412, "version_stale")


def test_of_two_who_save_at_once_one_is_told(cast: Cast) -> None:
    seen = cast.owner.get(cast.org).headers["etag"]
    answers = race(
        *(lambda n=n: cast.owner.patch(cast.org, json={"name": f"Name {n}"}, headers={"If-Match": seen}).status_code for n in range(6))
    )
    assert sorted(answers) == [200] + [412] * 5


def test_a_slug_is_one_organizations_own(cast: Cast) -> None:
    body = problem(cast.owner.patch(cast.org, json={"slug": "fabrikam"}), 409, "slug_taken")
    assert body["errors"] == [{"pointer": "/slug", "detail": "Taken."}]
    assert ok(cast.owner.get(cast.org))["slug"] == "contoso"
