"""The API keeps to its document, whatever is sent: no 5xx, no status, code, media type or shape that isn't written there.

Schemathesis makes the requests from the OpenAPI document, with identifiers that exist in the tenant. The seed is fixed, and
each operation gets a few requests that conform and one that doesn't.
"""

from __future__ import annotations

import os
import unittest
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from tenantry.kit import ids

from ..people import Cast, Client, ok
from .test_reference import described

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = {GenerationMode.POSITIVE: 3, GenerationMode.NEGATIVE: 1}
# Where identifiers of each kind are listed.
LISTS = {
    "org": "/organizations", "usr": "/users", "stf": "/staff", "key": "/keys", "whe": "/webhook-endpoints", "msg": "/mail/messages",
    "sup": "/mail/suppressions", "mtw": "/maintenance-windows", "mem": "{org}/members", "inv": "{org}/invitations",
}  # fmt: skip
KNOWN: dict[str, list[str]] = defaultdict(list)


def _identifier(prefix: str) -> st.SearchStrategy[str]:
    """One that exists, mostly; which ones exist is looked up at the moment of drawing."""

    def pick(number: int) -> str:
        found = KNOWN[prefix]
        return found[number % len(found)] if found and number < 9 else ids.encode(prefix, ids.new_id())

    return st.integers(0, 9).map(pick)


for _prefix in (*LISTS, "ses", "whd"):
    schemathesis.openapi.format(f"typeid:{_prefix}", _identifier(_prefix))


class _Key(requests.auth.AuthBase):
    """The same key with every request: a missing one is the isolation's business, and answers 401 before anything else is asked."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.key}"
        return request


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("who", ["admin", "organization"])
def test_the_api_keeps_to_its_document(cast: Cast, who: str) -> None:
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "soon@elsewhere.example", "role": "learner"}), 201)
    client = cast.admin if who == "admin" else cast.tenant.organization_key(cast.contoso)
    _look_around(cast, spared=client)
    schema = schemathesis.openapi.from_dict(ok(cast.nobody.get("/openapi.json")))
    codes = {found["operationId"]: _codes(found) for found in described(cast).values()}
    faults: list[str] = []
    asked = 0
    with requests.Session() as session:
        session.auth = _Key(client.key)
        for operation in _in_order(schema):
            for mode, count in EXAMPLES.items():
                asked += _ask(operation, mode, count, session, codes, faults)
    assert not faults, f"{len(faults)} of {asked}:\n" + "\n".join(faults)
    assert asked > 250


def _look_around(cast: Cast, *, spared: Client) -> None:
    """Note what exists, but not the key that asks: nobody saws off the branch they sit on."""
    KNOWN.clear()
    own = ok(spared.get("/auth/whoami"))["key"]["id"]
    for prefix, place in LISTS.items():
        with suppress(AssertionError):  # a list that isn't this caller's
            rows = ok(cast.admin.get(place.format(org=cast.org)))["data"]
            KNOWN[prefix] = [row["id"] for row in rows if row["id"] != own]
    KNOWN["org"].sort(key=lambda found: found != cast.contoso.public_id)


def _codes(operation: dict[str, Any]) -> dict[int, set[str]]:
    return {int(status): set(found["x-codes"]) for status, found in operation["responses"].items() if "x-codes" in found}


def _in_order(schema: Any) -> Iterator[Any]:
    """Reading, making, changing, and only then what takes away. What is the installation's would use up what others test."""
    order = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    found = [result.ok() for result in schema.get_all_operations()]
    yield from sorted(
        (operation for operation in found if not operation.definition.raw.get("x-installation")),
        key=lambda operation: (order.index(operation.method.upper()), "deactivation" in operation.path, operation.path),
    )


def _ask(operation: Any, mode: GenerationMode, count: int, session: requests.Session, codes: dict[str, Any], faults: list[str]) -> int:
    """Send so many requests to one operation, and note what is not as it is written. Returns how many were sent."""
    asked = 0

    @settings(
        max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        nonlocal asked
        asked += 1
        response = case.call(base_url=os.environ["TENANTRY_TEST_URL"], session=session, timeout=30)
        try:
            case.validate_response(response, checks=CHECKS)
            _code_is_known(response, codes[operation.definition.raw["operationId"]])
        except (AssertionError, FailureGroup) as failure:
            whole = [str(each).split("\n")[0] for each in getattr(failure, "exceptions", [failure])]
            faults.append(f"{operation.label} {response.status_code} {'; '.join(whole)} — {response.text[:300]} — {case.body!r:.200}")

    with suppress(Unsatisfiable, unittest.SkipTest):  # nothing about it can be sent wrongly
        send()
    return asked


def _code_is_known(response: Any, codes: dict[int, set[str]]) -> None:
    if response.status_code >= 400:
        code = response.json()["code"]
        assert code in codes.get(response.status_code, ()), f"the code {code} is not in the document"
