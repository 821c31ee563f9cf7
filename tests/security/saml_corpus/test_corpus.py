"""Every attack is refused with its own code, and each of them would get somewhere if its check weren't there."""

from __future__ import annotations

import pytest

from tenantry.sso.saml.reasons import REASONS

from . import weakened
from .case import EVIL, NAME, Case, outcome
from .content import CONTENT
from .messages import AS_SUCH, STATUSES
from .signing import ENCRYPTION, SIGNATURES
from .wrapping import FIRST_IN_DOCUMENT, FORMS, RELATIVES

CORPUS = [*FORMS, *RELATIVES, *AS_SUCH, *STATUSES, *SIGNATURES, *ENCRYPTION, *CONTENT]
# Codes of what isn't a response (test_metadata.py, test_logout.py), and of what takes a database to see.
ELSEWHERE = {code for code in REASONS if code.startswith(("saml_logout_", "saml_metadata_", "saml_not_a_logout"))} | {
    "saml_not_a_request", "saml_query", "saml_certificate_unreadable", "saml_replayed",
}  # fmt: skip


@pytest.mark.parametrize("case", CORPUS, ids=str)
def test_it_is_refused_with_its_own_code(case: Case) -> None:
    assert outcome(case) == case.code


@pytest.mark.parametrize("case", CORPUS, ids=str)
def test_it_bites_where_its_check_is_off(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, replacement in weakened.WEAKER[case.off]:
        monkeypatch.setattr(module, name, replacement)
    found = outcome(case)
    assert found == (case.then or f"accepted {case.named}")


@pytest.mark.parametrize("case", FORMS, ids=str)
def test_a_naive_reader_lets_the_attacker_in(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, replacement in weakened.naive(first_in_document=case.name in FIRST_IN_DOCUMENT):
        monkeypatch.setattr(module, name, replacement)
    assert outcome(case) == f"accepted {EVIL}" != f"accepted {NAME}"


def test_every_check_and_every_code_has_a_case() -> None:
    assert {case.off for case in CORPUS} == weakened.WEAKER.keys()
    assert {case.code for case in CORPUS} == REASONS.keys() - ELSEWHERE
    assert len({case.name for case in CORPUS}) == len(CORPUS)
