"""Properties that hold for any value, found by trying many."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tenantry.kit import crypto, ids
from tenantry.kit.emails import normalize
from tenantry.kit.paging import cut, decode_cursor, encode_cursor
from tenantry.kit.problems import Problem
from tenantry.organizations import bulk
from tenantry.tenancy.addresses import safe_path

UUIDS = st.integers(0, 2**128 - 1).map(lambda number: UUID(int=number))
PREFIXES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
KEYS = ["newest master secret", "older master secret"]


@given(PREFIXES, UUIDS)
def test_an_identifier_is_its_uuid(prefix: str, value: UUID) -> None:
    text = ids.encode(prefix, value)
    assert ids.decode(prefix, text) == value
    assert len(text) == len(prefix) + 27
    with pytest.raises(ValueError, match="identifier"):
        ids.decode(prefix + "x", text)


@given(UUIDS, UUIDS)
def test_identifiers_sort_as_their_uuids(one: UUID, other: UUID) -> None:
    assert (ids.encode("x", one) < ids.encode("x", other)) == (one < other)


@given(st.text(max_size=40))
@example("org_8zzzzzzzzzzzzzzzzzzzzzzzzz")
@example("org_01H455VB4PEX5VSKNK084SN02Q")
@example("org_01h455vb4pex5vsknk084sn02i")
def test_what_decodes_encodes_to_the_same(text: str) -> None:
    """One identifier, one spelling: no second text names the same row."""
    try:
        value = ids.decode("org", text)
    except ValueError:
        return
    assert ids.encode("org", value) == text


def test_the_specification_s_own_example() -> None:
    """From the TypeID specification v0.3."""
    value = UUID("01889c89-df6b-7f1c-a388-91396ec314bc")
    assert ids.encode("prefix", value) == "prefix_01h2e8kqvbfwea724h75qc655w"


def test_new_ids_only_ever_grow_and_are_uuid_version_seven() -> None:
    made = [ids.new_id() for _ in range(5000)]
    assert made == sorted(set(made))
    assert {value.version for value in made} == {7}


@given(st.binary(max_size=500), st.text(min_size=1, max_size=40))
def test_what_is_sealed_opens_with_any_of_the_keys_and_nowhere_else(plain: bytes, context: str) -> None:
    sealed = crypto.seal(plain, keys=KEYS[1:], context=context)
    assert crypto.unseal(sealed, keys=KEYS, context=context) == plain
    assert plain not in sealed or len(plain) < 4
    for keys, other in ((KEYS, context + "!"), (KEYS[:1], context)):
        with pytest.raises(crypto.Unreadable):
            crypto.unseal(sealed, keys=keys, context=other)


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_touched_seal_does_not_open(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(crypto.seal(plain, keys=KEYS, context="x"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(bytes(sealed), keys=KEYS, context="x")
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(bytes(sealed[: data.draw(st.integers(0, len(sealed) - 1))]), keys=KEYS, context="x")


@given(st.emails() | st.text(max_size=40) | st.builds("{}@x.example".format, st.text(max_size=12)))
@example("=cmd|' /C calc'!A0@contoso.example")
@example(" Spaced@Contoso.Example ")
def test_an_address_has_one_reading(text: str) -> None:
    try:
        address = normalize(text)
    except Problem as problem:
        assert (problem.status, problem.members["errors"][0]["pointer"]) == (422, "/email")
        return
    assert normalize(address) == address
    assert normalize(f" {address.upper()} ") == normalize(address.upper())
    assert address == address.strip()
    assert len(address) <= 254
    assert address[0] not in "=+-@"


@given(st.lists(st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=20), min_size=1, max_size=4))
def test_a_cursor_gives_back_what_it_was_made_of(values: list[str]) -> None:
    assert decode_cursor(encode_cursor(values), len(values)) == values
    with pytest.raises(Problem):
        decode_cursor(encode_cursor(values), len(values) + 1)


@given(st.text(max_size=60))
def test_no_text_is_a_cursor_by_accident(text: str) -> None:
    try:
        values = decode_cursor(text, 1)
    except Problem as problem:
        assert problem.code == "cursor_invalid"
    else:
        assert isinstance(values[0], str)


@given(st.lists(st.integers(), max_size=30), st.integers(1, 30))
def test_a_cut_page_has_no_more_than_its_limit(rows: list[int], limit: int) -> None:
    page = cut(rows[: limit + 1], limit, lambda row: [row])
    assert list(page.rows) == rows[:limit]
    assert (page.next_cursor is not None) == (len(rows) > limit)


@given(st.text(max_size=80) | st.builds("/{}".format, st.text(alphabet="/\\.:@a%09 \t\r\n?#", max_size=12)))
@example("//evil.example")
@example("/\\evil.example")
@example("/\t/evil.example")
@example("https:/evil.example")
@example("/ok?next=//evil.example")
def test_a_safe_path_stays_here(text: str) -> None:
    from urllib.parse import urljoin, urlsplit

    path = safe_path(text)
    assert path in (text, "")
    if path:
        # As browsers read it: backslashes are slashes, tabs and line ends are nothing.
        read = "".join(character for character in path if character not in "\t\r\n").replace("\\", "/")
        assert urlsplit(urljoin("http://here.example/x", read)).netloc == "here.example"
        assert not read.startswith("//")


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b'email\n"unclosed')
@example(b'"a@b.example\n' * 3)
@example(b"email," * 500 + b"\n" + b"a@b.example," * 500)
def test_the_reader_of_lists_refuses_or_reads(data: bytes) -> None:
    try:
        rows = bulk.parse_csv(data)
    except Problem as problem:
        assert problem.status == 422
        return
    assert [row.row for row in rows] == list(range(1, len(rows) + 1))
    assert all(isinstance(row.email, str) and row.role for row in rows)


def test_a_field_longer_than_the_reader_takes_is_refused() -> None:
    """Python's csv stops at 131,072 characters in a field with an error of its own."""
    with pytest.raises(Problem) as refused:
        bulk.parse_csv(b"email\n" + b"a" * 200_000 + b"@x.example\n")
    assert refused.value.code == "csv_unreadable"


@given(st.text(max_size=120))
def test_only_a_key_looks_like_a_key(text: str) -> None:
    from tenantry.access.bearer import LIVE, well_formed

    assert not well_formed(text)
    body = LIVE + (text.encode().hex() + "x" * 43)[:43]
    key = body + crypto.checksum(body)
    assert well_formed(key)
    assert not well_formed(key[:-1] + ("a" if key[-1] != "a" else "b"))
