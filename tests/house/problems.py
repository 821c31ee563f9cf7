"""Every problem that the code can answer with, read from its syntax trees: ``{code: statuses}``."""

from __future__ import annotations

import ast
from http import HTTPStatus
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What each way of refusing says when nothing else is given: its status, where the code stands, and the code if it is fixed.
WAYS = {
    "Problem": (None, 1, None),
    "invalid": (422, None, "validation_failed"),
    "conflict": (409, 0, None),
    "not_found": (404, None, "not_found"),
    "forbidden": (403, None, "permission_denied"),
}
# Codes that don't stand beside their status: of the state table (organizations/states.py), of an invitation, which is gone
# by its link (410) and in the way from inside (409), and of a body that Ninja can't read.
APART = {
    "organization_pending": {403},
    "organization_suspended": {403},
    "organization_deactivated": {403},
    "invitation_closed": {409, 410},
    "json_invalid": {400},
}


def codes() -> dict[str, set[int]]:
    """All codes in ``tenantry/`` with their statuses. Raises AssertionError for one that can't be read."""
    found: dict[str, set[int]] = {code: set(statuses) for code, statuses in APART.items()}
    for path in sorted((ROOT / "tenantry").rglob("*.py")):
        if path.name == "problems.py" and path.parent.name == "kit":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (way := _name(node.func)) in WAYS:
                for code, status in _said(way, node, f"{path.relative_to(ROOT)}:{node.lineno}"):
                    found.setdefault(code, set()).add(status)
    return found


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


def _said(way: str, call: ast.Call, where: str) -> list[tuple[str, int]]:
    status, place, fixed = WAYS[way]
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    given = named.get("code") or (call.args[place] if place is not None and len(call.args) > place else None)
    if way == "Problem" and not call.args:
        return []
    if way in ("invalid", "Problem"):
        status = _status(named.get("status") if way == "invalid" else call.args[0]) or status
    texts = _texts(given) if given is not None else [fixed] if fixed else []
    if status is None or not texts:
        # A problem passed on as it came (its own status and code) or a state's code: both are counted where they are made.
        known = isinstance(given, ast.Attribute | ast.Name | ast.Subscript) or set(texts) <= set(APART)
        assert known, f"{where}: which problem is this?"
        return []
    return [(text, status) for text in texts]


def _texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    return []


def _status(node: ast.expr | None) -> int | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "HTTPStatus":
        return HTTPStatus[node.attr].value
    return None
