"""Every attack on the way in by OpenID Connect is refused with its own code, and each would succeed if its check were gone."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import tenantry.sso.oidc
from tenantry.sso.oidc import checks
from tenantry.sso.refused import Refused

from . import claims, descriptions, flows, logouts, signatures
from .case import Case, weaken
from .stage import SECRET, VERIFIER, Stage

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")

CASES: list[Case] = [*claims.CASES, *signatures.CASES, *flows.CASES, *descriptions.CASES, *logouts.CASES]
BITING = [case for case in CASES if case.weak]
LIBRARY = Path(tenantry.sso.oidc.__file__).parent


def _name(case: Case) -> str:
    return re.sub(rf"[^{string.ascii_letters}{string.digits}]+", "-", case.name)


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_each_attack_is_refused_with_its_own_code(case: Case) -> None:
    with pytest.raises(Refused) as refused:
        case.attack()
    assert refused.value.code == case.code
    assert len(refused.value.detail) < 600 and refused.value.detail.isprintable()


@pytest.mark.parametrize("case", BITING, ids=_name)
def test_each_attack_succeeds_against_the_weakened_library(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the case above would show nothing: something else would have refused it, or it is no attack."""
    weaken(monkeypatch, case.weak)
    case.attack()


def test_the_corpus_is_whole() -> None:
    """Each check is switched off by a case, each code is expected by one, and what has no check says why."""
    names = {name for name, check in vars(checks).items() if callable(check) and getattr(check, "__module__", "") == checks.__name__}
    assert names - {path.removeprefix("checks.") for case in CASES for path in case.weak} == set()
    written = {code for path in LIBRARY.glob("*.py") for code in re.findall(r'"(oidc_[a-z_]+)"', path.read_text())}
    assert len(written) > 60
    assert written - {case.code for case in CASES} == set()
    explained = re.findall(r"^\| `(oidc_[a-z_]+)` \|", (LIBRARY.parents[2] / "docs/security/oidc.md").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(written)
    assert [case.name for case in CASES if bool(case.weak) == bool(case.why)] == []
    assert len({_name(case) for case in CASES}) == len(CASES)
    assert len(BITING) > len(CASES) * 3 / 4


@pytest.mark.parametrize("number", range(len(flows.ECHOES)))
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_no_sentence_repeats_a_secret(number: int, method: str) -> None:
    with pytest.raises(Refused) as refused:
        Stage().exchange(flows.ECHOES[number], method=method)
    told = f"{refused.value} {refused.value.detail}"
    assert "no: " in told
    assert not any(secret in told for secret in (SECRET, "a-code", VERIFIER, "s3cret"))


def test_the_honest_ones_pass() -> None:
    stage = Stage(iss_parameter_supported=True)
    assert stage.callback() == "a-code"
    assert stage.read(stage.token()).subject
    assert stage.read_logout(stage.logout_token()).jti
    assert stage.discover().issuer == Stage.ISSUER
