"""The small parts that everything stands on: the clock, identifiers under threads, tags, problems, addresses, pictures, words."""

from __future__ import annotations

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from tenantry.kit import clock, crypto, etags, ids
from tenantry.kit.answers import problem_json, problem_response
from tenantry.kit.context import request_id_of
from tenantry.kit.converters import PREFIXES, register_identifiers
from tenantry.kit.emails import normalize
from tenantry.kit.paging import decode_cursor
from tenantry.kit.problems import Problem, conflict, forbidden, invalid, not_found
from tenantry.organizations import services
from tenantry.organizations.fields import RESERVED_SLUGS, slug
from tenantry.organizations.images import BOX, reencode
from tenantry.portal import times
from tenantry.tenancy.addresses import safe_path

CONTROLS = [chr(code) for code in (*range(32), 127, 0x85, 0x2028)]


def test_identifiers_made_by_many_threads_never_repeat_and_grow_in_each() -> None:
    with ThreadPoolExecutor(8) as pool:
        series = list(pool.map(lambda _: [ids.new_id() for _ in range(1500)], range(8)))
    made = [value for values in series for value in values]
    assert len(set(made)) == len(made)
    assert all(values == sorted(values) for values in series)


def test_an_identifier_holds_the_time_of_its_making() -> None:
    moment = datetime.now(UTC).timestamp() * 1000
    assert abs((ids.new_id().int >> 80) - moment) < 60_000


def test_identifiers_grow_though_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ids.new_id()
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1_000_000_000)
    after = [ids.new_id() for _ in range(3)]
    assert [before, *after] == sorted({before, *after})


@pytest.mark.parametrize("prefix", PREFIXES)
def test_paths_take_an_identifier_of_their_kind_and_nothing_else(prefix: str) -> None:
    from django.urls.converters import get_converters

    register_identifiers()
    converter, value = get_converters()[prefix], ids.new_id()
    text = ids.encode(prefix, value)
    assert re.fullmatch(converter.regex, text)
    assert converter.to_python(text) == value
    assert converter.to_url(value) == converter.to_url(text) == text
    other = ids.encode("org" if prefix != "org" else "mem", value)
    for wrong in (other, text[:-1], text + "0", text.upper(), f"{prefix}_8{text[5:]}", f"{prefix}_{'u' * 26}", str(value)):
        assert not re.fullmatch(converter.regex, wrong)
        with pytest.raises(ValueError, match="identifier"):
            converter.to_python(wrong)


def test_the_clock_is_moved_in_this_context_alone() -> None:
    before = clock.set_offset(timedelta(days=15))
    try:
        assert timedelta(days=14, hours=23) < clock.now() - datetime.now(UTC) < timedelta(days=15, hours=1)
        with ThreadPoolExecutor(1) as pool:
            assert abs(pool.submit(clock.now).result() - datetime.now(UTC)) < timedelta(minutes=1)
    finally:
        assert clock.set_offset(before) == timedelta(days=15)
    assert clock.now().tzinfo is UTC


@given(st.text(max_size=70))
@example("a" * 64)
@example("short")
@example("two\nlines-of-it")
@example("ends-with-a-line-end\n")
def test_a_request_id_is_theirs_or_ours_and_never_breaks_a_log_line(text: str) -> None:
    made = request_id_of(text)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{8,64}", made)
    assert (made == text) == bool(re.fullmatch(r"[A-Za-z0-9_.-]{8,64}", text))


def test_tags_are_versions() -> None:
    def given_tag(tag: str | None) -> int | None:
        return etags.expected_version(RequestFactory().get("/", headers={"If-Match": tag} if tag is not None else {}))

    response = HttpResponse()
    etags.set_etag(response, 7)
    assert response["ETag"] == '"v7"'
    assert given_tag(response["ETag"]) == 7
    assert given_tag(None) is given_tag("*") is None
    for foreign in ('W/"v7"', "v7", '"7"', '"v7", "v8"', '"v9999999999"', '"v-1"', '"abc"'):
        with pytest.raises(Problem) as refused:
            given_tag(foreign)
        assert (refused.value.status, refused.value.code) == (412, "version_stale")


def test_problems_have_one_shape() -> None:
    body = Problem(402, "entitlement_limit_reached", "All are taken.", resource_type="seat:member", current=3, limit=3).body()
    assert body == {
        "type": "https://tenantry.dev/problems/entitlement_limit_reached", "title": "Entitlement limit reached", "status": 402,
        "detail": "All are taken.", "code": "entitlement_limit_reached", "resource_type": "seat:member", "current": 3, "limit": 3,
    }  # fmt: skip
    assert invalid("Wrong.", pointer="/email").body()["errors"] == [{"pointer": "/email", "detail": "Wrong."}]
    assert not_found("key").body()["detail"] == not_found("key").detail
    assert (forbidden("members:write").status, forbidden("members:write").body()["permission"]) == (403, "members:write")
    assert (conflict("slug_taken", "Taken.", slug="x").status, conflict("slug_taken", "Taken.", slug="x").body()["slug"]) == (409, "x")


def test_a_problem_is_answered_with_its_headers_and_a_challenge() -> None:
    answer = problem_json(Problem(429, "rate_limited", "Wait.", headers={"Retry-After": "7"}))
    assert (answer.status_code, answer["Content-Type"], answer["Retry-After"]) == (429, "application/problem+json", "7")
    assert json.loads(answer.content)["code"] == "rate_limited"
    refused = Problem(401, "unauthenticated", "Sign in.")
    assert problem_json(refused)["WWW-Authenticate"] == "Bearer"
    asked = RequestFactory()
    assert problem_response(asked.get("/o/contoso/members", {"a": "b&c"}), refused)["Location"].endswith(
        "?next=%2Fo%2Fcontoso%2Fmembers%3Fa%3Db%2526c"
    )
    part = problem_response(asked.get("/o/contoso/members", headers={"HX-Request": "true"}), refused)
    assert (part.status_code, "HX-Redirect" in part) == (401, True)
    assert problem_response(asked.get("/api/v1/me"), refused).status_code == 401


@given(st.emails())
@example("Straße@Exämple.example")
def test_an_address_is_one_whatever_its_case(text: str) -> None:
    with _unless_refused():
        address = normalize(text)
        if text.isascii():
            assert normalize(text.upper()) == normalize(text.lower()) == address
        assert address == address.lower()


def _unless_refused() -> Any:
    import contextlib

    return contextlib.suppress(Problem)


@pytest.mark.parametrize("text", ["=cmd@x.example", "+1@x.example", "-1@x.example", "|x@x.example", " =cmd@x.example"])
def test_addresses_that_a_spreadsheet_would_run_are_refused(text: str) -> None:
    with pytest.raises(Problem) as refused:
        normalize(text, pointer="/rows/3/email")
    assert refused.value.code == "email_invalid"
    assert refused.value.members["errors"][0]["pointer"] == "/rows/3/email"


@given(st.sampled_from(CONTROLS), st.sampled_from(["/{}/evil.example", "/{}evil.example", "{}//evil.example", "/a{}b", "//{}evil.example"]))
def test_no_control_character_leads_away(character: str, form: str) -> None:
    path = safe_path(form.format(character))
    if path:
        # WHATWG URL: tabs and line ends are taken out, leading controls and blanks are cut off, a backslash is a slash.
        read = re.sub(r"[\t\r\n]", "", path).strip("".join(map(chr, range(33)))).replace("\\", "/")
        assert read.startswith("/")
        assert not read.startswith("//")


AWAY = [
    "", "x", "//", "/\\", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
    "/\n/evil.example", "\t//e.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "https://evil.example",
    "http:evil.example", "/" + "a" * 400, "\x00/x",
]  # fmt: skip


@pytest.mark.parametrize("path", AWAY)
def test_what_leads_away_leads_nowhere(path: str) -> None:
    assert safe_path(path) == ""


@pytest.mark.parametrize("path", ["/", "/o/contoso/members?cursor=a%2Fb&x=1#top", "/o/x?next=https://evil.example", "/t/acme/o/x"])
def test_what_stays_here_is_kept_as_it_is(path: str) -> None:
    assert safe_path(path) == path


def _cursor(value: Any) -> str:
    import base64

    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=6)
)
@example(["x", "y"])
@example([1])
@example({"a": 1})
def test_json_that_is_no_cursor_of_this_list_is_refused(value: Any) -> None:
    fits = isinstance(value, list) and len(value) == 1 and isinstance(value[0], str)
    with nullcontext() if fits else pytest.raises(Problem, match="cursor") as refused:
        decode_cursor(_cursor(value), 1)
    if refused is not None:
        assert (refused.value.status, refused.value.code) == (400, "cursor_invalid")


def test_keys_are_turned_over_one_by_one() -> None:
    """The newest seals, older ones still open; a key that was taken off opens nothing any more."""
    old, new = "master of last year", "master of this year"
    before = crypto.seal(b"kept", keys=[old], context="mail 1")
    after = crypto.seal(b"kept", keys=[new, old], context="mail 1")
    assert crypto.unseal(before, keys=[new, old], context="mail 1") == b"kept"
    assert crypto.unseal(after, keys=[new], context="mail 1") == b"kept"
    for sealed, keys, context in (
        (before, [new], "mail 1"),
        (after, [old], "mail 1"),
        (after, [new, old], "mail 2"),
        (after, [], "mail 1"),
    ):
        with pytest.raises(crypto.Unreadable):
            crypto.unseal(sealed, keys=keys, context=context)
    assert crypto.seal(b"kept", keys=[new], context="mail 1") != after, "no nonce is used twice"
    assert crypto.derive(new, "seal") != crypto.derive(new, "other purpose")


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["", "PNG", "JPEG", "WEBP"]), st.integers(0, 300))
def test_any_bytes_are_a_picture_or_a_refusal(noise: bytes, form: str, at: int) -> None:
    data = noise
    if form:  # a real one with a wound
        out = io.BytesIO()
        Image.new("RGB", (40, 30), "teal").save(out, form)
        whole = out.getvalue()
        data = whole[: min(at, len(whole))] + noise + whole[min(at, len(whole)) + len(noise) :]
    try:
        made = reencode(data, kind="logo")
    except Problem as problem:
        assert (problem.status, problem.code) in ((422, "image_unreadable"), (422, "image_too_large"))
    else:
        with Image.open(io.BytesIO(made)) as opened:
            assert opened.format == "PNG"
            assert opened.width <= BOX["logo"][0]


@given(st.text(max_size=130))
@example("Łódź Plant")
@example("Straße")
@example("日本")
@example("New")
@example("  --  ")
def test_any_name_makes_an_address(name: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(services, "_slugs_like", lambda stem: [])  # whether it is taken is the database's to say
        made = services.slug_for(name)
    assert slug(made) == made
    assert made not in RESERVED_SLUGS


def test_names_make_the_address_that_one_expects() -> None:
    taken = ["contoso", "contoso-2"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(services, "_slugs_like", lambda stem: taken)
        made = {name: services.slug_for(name) for name in ("Łódź Plant", "Straße & Söhne", "日本", "New", "Contoso")}
    assert made == {
        "Łódź Plant": "lodz-plant", "Straße & Söhne": "strasse-sohne", "日本": "organization", "New": "new-1", "Contoso": "contoso-3",
    }  # fmt: skip


def test_instants_read_as_people_say_them() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    today = clock.now().astimezone(kolkata).replace(hour=9, minute=14, second=0, microsecond=0)
    said = {days: times.human((today + timedelta(days=days)).astimezone(UTC), zone=kolkata) for days in (-2, -1, 0, 1, 2)}
    assert (said[-1], said[0], said[1]) == ("Yesterday, 09:14", "Today, 09:14", "Tomorrow, 09:14")
    assert said[2] == f"{times.day((today + timedelta(days=2)).date())}, 09:14"
    assert re.fullmatch(r"\d{1,2} [A-Z][a-z]{2} \d{4}, 09:14", said[-2])
    assert times.human(today, zone=kolkata, dates_only=True) == "Today"
    assert times.day(datetime(2026, 11, 2, tzinfo=UTC).date()) == "2 Nov 2026"
    assert times.zone("Asia/Kolkata") == kolkata
    for unknown in ("", "Mars/Olympus", "../../etc/passwd"):
        assert times.zone(unknown).utcoffset(today) == timedelta(0)


def test_identifiers_of_another_kind_are_refused() -> None:
    text = ids.encode("org", UUID(int=5))
    for wrong in (
        "mem_" + text[4:],
        text[4:],
        "_" + text[4:],
        "org" + text[4:],
        text + " ",
        " " + text,
        "",
        "org_",
        text.replace("0", "٠"),
    ):
        with pytest.raises(ValueError, match="identifier"):
            ids.decode("org", wrong)
