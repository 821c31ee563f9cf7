"""No other code than ``organizations/membership.py`` writes a membership."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from . import source
from .source import Code, Function

DOOR = "tenantry.organizations.membership"
TABLE = "organizations_membership"


def intruders(code: Code) -> list[str]:
    """Functions elsewhere that make, save, change or delete memberships."""
    return sorted(
        name
        for name, found in code.functions.items()
        if found.module.name != DOOR and any(_touches(found, code, call) for call in found.writes())
    )


def _touches(function: Function, code: Code, call: ast.Call) -> bool:
    if function.statement(call) == TABLE:
        return True
    if not isinstance(call.func, ast.Attribute):
        return False
    return _is_of_members(call.func.value, set(_members(function, code)))


def _is_of_members(node: ast.expr, names: set[str]) -> bool:
    """Whether an expression is a membership, or a set of them: it says so, or begins with a name that holds one."""
    words = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} | {
        part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)
    }
    return bool(words & {"Membership", "memberships", "membership_set"}) or (isinstance(root := _root(node), ast.Name) and root.id in names)


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node


def _members(function: Function, code: Code) -> Iterator[str]:
    """Names in a function that hold memberships: parameters of that type, and what is assigned from one or from a call that gives one."""
    arguments = function.node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if argument.annotation and "Membership" in ast.unparse(argument.annotation):
            yield argument.arg
    names: set[str] = set()
    for node in ast.walk(function.node):
        targets, value = _binding(node)
        if value is not None and (_is_of_members(value, names) or _gives_members(function, code, value)):
            found = {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
            names |= found
            yield from found


def _binding(node: ast.AST) -> tuple[list[ast.expr], ast.expr | None]:
    if isinstance(node, ast.Assign):
        return node.targets, node.value
    if isinstance(node, ast.AnnAssign | ast.NamedExpr):
        return [node.target], node.value
    if isinstance(node, ast.For | ast.comprehension):
        return [node.target], node.iter
    return [], None


def _gives_members(function: Function, code: Code, value: ast.expr) -> bool:
    if not isinstance(value, ast.Call):
        return False
    called = code.functions.get(function.named(value.func))
    return called is not None and called.node.returns is not None and "Membership" in ast.unparse(called.node.returns)


def test_one_module_writes_memberships() -> None:
    assert intruders(source.code()) == []


def test_the_door_is_where_the_linter_looks() -> None:
    door = source.code().modules[DOOR]
    assert any(next(found.writes(), None) is not None for found in door.functions.values())


SAMPLE = """
from tenantry.organizations.models import Membership
SQL = "update organizations_membership set role = 'owner'"
def makes(): Membership(role="owner").save()
def creates(): Membership.objects.create(role="owner")
def changes(): rows = Membership.objects.filter(id=1); rows.update(role="owner")
def given(member: Membership): member.role = "owner"; member.save()
def through(user): user.memberships.all().delete()
def each(rows):
    for row in Membership.objects.all(): row.delete()
def loads(): return member_of(1)
def member_of(key) -> Membership: return Membership.objects.get(id=key)
def loaded(): found = member_of(1); found.save(update_fields=["role"])
def states(cursor): cursor.execute(SQL)
def reads(): return list(Membership.objects.filter(id=1))
def writes_others(member: Membership, user): user.name = member.role; user.save()
"""


def test_the_linter_notices() -> None:
    names = ["changes", "creates", "each", "given", "loaded", "makes", "states", "through"]
    assert intruders(source.of(sample=SAMPLE)) == [f"sample.{name}" for name in names]
