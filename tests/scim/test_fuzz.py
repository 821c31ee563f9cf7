"""Whatever is sent to a live server: never a 5xx, and refusals always in SCIM's shape."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .directory import ENTERPRISE, ERROR, PATCH, USER, Directory

_NAMES = [
    "userName", "USERNAME", "active", "emails", "name", "name.givenName", "externalId", "displayName", "members", "schemas", "id", "meta",
    "groups", "password", "manager", "value", "type", "primary", "$ref", "title", "x509Certificates", "addresses", USER, ENTERPRISE,
    f"{ENTERPRISE}:manager", 'emails[type eq "work"].value', "urn:x:y", "colour", "",
]  # fmt: skip
_NAME = st.sampled_from(_NAMES)
_LEAF = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6)
    | st.sampled_from(["True", "a@b.example", "scu_0", "\x00", "\ud800", "x" * 300, "AAAA"])
)  # fmt: skip
_JSON = st.recursive(_LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAME, inner, max_size=3), max_leaves=6)
_BODY = st.dictionaries(_NAME, _JSON, max_size=5)
_OPERATION = st.fixed_dictionaries({"op": st.sampled_from(["add", "Remove", "REPLACE"]) | _LEAF, "path": _NAME | _JSON, "value": _JSON})
_PATCH = st.fixed_dictionaries({"schemas": st.just([PATCH]) | _JSON, "Operations": st.lists(_OPERATION | _JSON, max_size=3) | _JSON})
_QUERY = st.dictionaries(
    st.sampled_from(["filter", "startIndex", "count", "sortBy", "sortOrder", "attributes", "excludedAttributes", "cursor"]),
    st.text(max_size=12) | _NAME | st.sampled_from(['userName eq "a"', 'emails[type eq "work"', "not (title pr)", "-1", "0", "9" * 30]),
    max_size=3,
)  # fmt: skip


def test_nothing_that_is_sent_breaks_the_server(directory: Directory) -> None:
    made = directory.user("fuzz@contoso.example", emails=[{"value": "fuzz@contoso.example", "type": "work"}])
    group = directory.post("/Groups", json={"displayName": "Fuzz", "members": [{"value": made["id"]}]}).json()
    paths = [f"/Users/{made['id']}", f"/Groups/{group['id']}"]
    ways = st.one_of(
        st.tuples(st.sampled_from(["POST"]), st.sampled_from(["/Users", "/Groups", "/.search", "/Bulk"]), _BODY | _JSON, st.just({})),
        st.tuples(st.just("PUT"), st.sampled_from(paths), _BODY | _JSON, _QUERY),
        st.tuples(st.just("PATCH"), st.sampled_from(paths), _PATCH | _JSON, _QUERY),
        st.tuples(st.just("GET"), st.sampled_from([*paths, "/Users", "/Groups", "/Schemas"]), st.none(), _QUERY),
    )

    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(ways)
    def sent(way: tuple[str, str, Any, dict[str, str]]) -> None:
        method, path, body, query = way
        content = None if method == "GET" else json.dumps(body)
        answer = directory.request(
            method, path, content=content, params={name: value.encode("utf-8", "replace") for name, value in query.items()}
        )
        assert answer.status_code < 500, (way, answer.text)
        assert answer.headers["content-type"].startswith("application/scim+json"), way
        if answer.status_code >= 400:
            told = answer.json()
            assert told["schemas"] == [ERROR] and told["status"] == str(answer.status_code) and told["detail"], way

    sent()
