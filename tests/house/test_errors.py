"""docs/errors.md has every code with its status, and none that is no more."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus

from . import source
from .source import Code, Function

PAGE = source.ROOT / "docs" / "errors.md"
DEFAULTS = {"invalid": ("validation_failed", 422), "not_found": ("not_found", 404), "forbidden": ("permission_denied", 403)}
# Where the code or the status isn't written out in the call, and what it can be.
_STATE = {"organization_pending": {403}, "organization_suspended": {403}, "organization_deactivated": {403}}
_PASSED_ON: dict[str, set[int]] = {}  # a problem that was raised elsewhere, told anew
ELSEWHERE = {
    "organizations.queries.require_state": _STATE,
    "organizations.membership._state_allows": _STATE,
    "people.steps.unfinished_problem": {"second_factor_required": {401}, "second_factor_setup_required": {401}, "terms_required": {401}},
    "organizations.invitations._open": {"invitation_closed": {409, 410}},
    "api.root.on_http_error": {"json_invalid": {400}, "http_error": {0}},
    "organizations.api.access_questions._answers": _PASSED_ON,
    "organizations.views.staff.staff_organization_new": _PASSED_ON,
    "organizations.fields.clean": _PASSED_ON,
    "entitlements.views._in_page_words": _PASSED_ON,
    "access.keys_views._in_page_words": _PASSED_ON,
    "kit.problems.Problem.pointing": _PASSED_ON,
    "kit.problems.invalid": _PASSED_ON,
    "kit.problems.conflict": _PASSED_ON,
}
# Said in a row of a report, which is a success.
OF_ROWS = {"already_invited"}


def raised(code: Code) -> Iterator[tuple[str, str, int]]:
    """``(function, code, status)`` of each problem; the code is empty, or the status 0, where it isn't written out."""
    for name, found in code.functions.items():
        for call, target in found.calls():
            if target.startswith("tenantry.kit.problems."):
                yield from ((name, *pair) for pair in _problem(found, call, target.rpartition(".")[2]))


def _problem(function: Function, call: ast.Call, kind: str) -> Iterator[tuple[str, int]]:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if kind == "Problem":
        yield _text(call.args[1]), _status(call.args[0])
    elif kind == "conflict":
        yield _text(call.args[0]), 409
    elif kind in DEFAULTS:
        code, status = DEFAULTS[kind]
        yield _text(given["code"]) if "code" in given else code, _status(given["status"]) if "status" in given else status


def _text(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _status(node: ast.expr) -> int:
    if isinstance(node, ast.Constant):
        return int(node.value)
    name = ast.unparse(node)
    return int(HTTPStatus[name.removeprefix("HTTPStatus.")]) if name.startswith("HTTPStatus.") else 0


def _in_code() -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for name, code, status in raised(source.code()):
        if name.removeprefix("tenantry.") not in ELSEWHERE:
            found.setdefault(code, set()).add(status)
    for codes in ELSEWHERE.values():
        for code, statuses in codes.items():
            found.setdefault(code, set()).update(statuses)
    for code in OF_ROWS:
        found.setdefault(code, set()).add(200)
    return found


def _in_docs() -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for line in PAGE.read_text().splitlines():
        if row := re.match(r"\| `(\w+)` \| ([\d, ]+|any) \| \S.* \| \S.* \|$", line):
            assert row[1] not in found, f"{row[1]} stands there twice"
            found[row[1]] = {0} if row[2] == "any" else {int(status) for status in row[2].split(", ")}
    return found


def test_every_code_is_explained_with_its_status() -> None:
    assert _in_docs() == _in_code()


def test_codes_are_written_out_or_listed() -> None:
    unclear = {name.removeprefix("tenantry.") for name, code, status in raised(source.code()) if not code or not status}
    assert unclear == set(ELSEWHERE)


def test_codes_of_states_are_those_of_the_table() -> None:
    from tenantry.organizations.states import ACTIVE, DEACTIVATED, PENDING, SUSPENDED, refusal

    states, permissions = (PENDING, ACTIVE, SUSPENDED, DEACTIVATED), ("members:write", "members:read", "billing:write")
    found = {refusal(state, permission, staff=staff) for state in states for permission in permissions for staff in (True, False)}
    assert found - {None} == _STATE.keys()


def test_codes_have_the_form_of_the_house() -> None:
    assert [code for code in _in_code() if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []


def test_codes_of_rows_stand_where_rows_are_judged() -> None:
    tree = source.code().modules["tenantry.organizations.bulk"].tree
    assert {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)} >= OF_ROWS


def test_the_linter_notices() -> None:
    sample = """
from http import HTTPStatus
from tenantry.kit.problems import Problem, conflict, invalid, not_found
def f(): raise Problem(HTTPStatus.GONE, "gone_now", "It is gone.")
def g(code): raise Problem(400, code, "?")
def h(): raise conflict("twice", "Again.")
def i(): raise invalid("Wrong.", pointer="/x", code="x_invalid", status=400)
def j(): raise invalid("Wrong.", pointer="/x")
def k(): return not_found()
"""
    found = {(name[-1], code, status) for name, code, status in raised(source.of(sample=sample))}
    assert found == {
        ("f", "gone_now", 410), ("g", "", 400), ("h", "twice", 409), ("i", "x_invalid", 400), ("j", "validation_failed", 422),
        ("k", "not_found", 404),
    }  # fmt: skip
