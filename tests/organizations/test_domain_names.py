"""How domains are written, and which of a person's rules counts: pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenantry.organizations.domains.names import ascii_of, shown
from tenantry.people.rules import Rules, strictest


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Contoso.Example", "contoso.example"),
        ("  contoso.example. ", "contoso.example"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("localhost", None),
        ("", None),
        ("192.0.2.7", None),
        ("[2001:db8::1]", None),
        ("https://contoso.example", None),
        ("contoso..example", None),
        ("-contoso.example", None),
        ("con_toso.example", None),
        ("xn--.example", None),
        ("a." + "b" * 64 + ".example", None),
        (".".join(["abcdefgh"] * 32), None),
    ],
)
def test_a_domain_has_one_spelling(given: str, name: str | None) -> None:
    assert ascii_of(given) == name


def test_people_read_it_as_they_write_it() -> None:
    assert shown("xn--bcher-kva.example") == "bücher.example"
    assert shown("contoso.example") == "contoso.example"


def test_the_strictest_rule_counts_each_for_itself() -> None:
    soon, later = datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    one = Rules(timedelta(hours=8), None, later, "Contoso")
    two = Rules(timedelta(days=7), timedelta(minutes=30), soon, "Northwind")
    assert strictest([one, two, Rules()]) == Rules(timedelta(hours=8), timedelta(minutes=30), soon, "Northwind")
    assert strictest([]) == Rules()
