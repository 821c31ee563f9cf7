"""Another site's form, posted with somebody's cookies: refused at every address, before any view is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from tenantry.tenancy.middleware import of_installation

from ..isolation.document import operations, request
from ..people import Cast, Client, ok

# Take no cookie's word for anything: a browser's report, what identity providers send, and the test provider's own endpoints.
OPEN = {
    "csp_report": 204, "sso_acs": 404, "sso_slo": 404, "test_provider_slo": 400, "test_provider_sso_post": 400,
    "test_provider_oidc_token": 401, "test_provider_oidc_userinfo": 401, "test_provider_oidc_end_session": 200,
}  # fmt: skip
# What an operation that is open to nobody in particular says to a form: it takes JSON only, or asks for a secret that no cookie holds.
OPEN_REFUSES = ("media_type_unsupported", "report_secret_wrong")
SAMPLE = "01h455vb4pex5vsknk084sn02q"


def _addresses() -> Iterator[tuple[str, str]]:
    """Every named address outside the API, with values that fit."""

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            here = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                if pattern.namespace is None:
                    yield from walk(pattern.url_patterns, here)
            elif pattern.name:
                for name, converter in pattern.pattern.converters.items():
                    regex = converter.regex
                    value = f"{regex[:3]}_{SAMPLE}" if regex[3:5] == "_[" else "1" if regex == "[0-9]+" else "contoso"
                    here = re.sub(rf"<(\w+:)?{name}>", value, here)
                yield pattern.name, here

    return walk(get_resolver().url_patterns, "")


def _place(cast: Cast, address: str) -> str:
    """Where an address is: below the workspace's prefix, or the installation's own."""
    root = cast.tenant.url.partition("/t/")[0]
    return f"{root}/{address}" if of_installation(f"/{address}") else f"{cast.tenant.url}/{address}"


class Samples(dict[str, str]):
    """An identifier of any prefix."""

    def __missing__(self, prefix: str) -> str:
        return f"{prefix}_{SAMPLE}"


def test_no_form_is_taken_without_its_token(cast: Cast) -> None:
    staff = cast.tenant.staff("ada@northwind.example", "admin")
    for client in (staff, cast.owner):
        forged = Client(cast.tenant.api)
        forged.cookies = client.cookies
        del forged.headers["X-CSRFToken"]
        answers = {name: forged.post(_place(cast, address), data={"x": "y"}) for name, address in _addresses()}
        assert len(answers) > 60
        assert {name: answer.status_code for name, answer in answers.items() if answer.status_code != 403} == OPEN
        assert all("csrf_failed" in answer.text for name, answer in answers.items() if name not in OPEN)


def test_no_session_speaks_for_a_request_without_its_token(cast: Cast) -> None:
    """The API: what isn't reading. Those that need no session take JSON only, which no form can send."""
    document = ok(cast.nobody.get("/openapi.json"))
    forged = Client(cast.tenant.api)
    forged.cookies = cast.owner.cookies
    del forged.headers["X-CSRFToken"]
    ids = Samples(org=cast.contoso.public_id)
    wrong = []
    for operation in operations(document, prefix=f"/t/{cast.tenant.slug}/api/v1"):
        if operation.method != "GET":
            path, query, _ = request(operation, ids)
            whole = path[1:] if path.startswith("/api/v1/") else f"api/v1{path}"  # the installation's own aren't relative
            answer = forged.request(operation.method, _place(cast, whole), params=query, data={"x": "y"})
            refusals = {"csrf_failed", *(OPEN_REFUSES if operation.permission == "public" else ())}
            if answer.json().get("code") not in refusals:
                wrong.append(f"{operation}: {answer.status_code} {answer.text}")
    assert wrong == []
