"""The development mailbox: what a mail server would have got, for this machine's eyes alone."""

from __future__ import annotations

import httpx
import pytest

from tests.people import Cast


@pytest.mark.parametrize("header", [{"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}])
def test_a_proxied_request_never_reaches_it(cast: Cast, header: dict[str, str]) -> None:
    address = str(cast.nobody.base_url).replace("/api/v1/", "/dev/mailbox")
    assert httpx.get(address).status_code == 200
    assert httpx.get(address, headers=header).status_code == 404
