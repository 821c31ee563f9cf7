"""What an operation says of itself (``x-permission``) is what the guard inside asks for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import source
from .source import Code, Function

GUARDS = "tenantry.access.guards."
# Operations that ask for more than they say, or by another way: what their guards ask for, and why.
SPECIAL = {
    "organizations.api.members.remove_member": (
        {"organization:read", "members:write", "signed_in"},
        "one's own membership is left, another's is removed",
    ),
    "organizations.api.access_questions.check": ({"access:check", "signed_in"}, "an organization's key may ask about its own organization"),
    "organizations.api.access_questions.check_batch": ({"access:check", "signed_in"}, "as above"),
    "organizations.domains.api.invite_strangers": (
        {"identity:write", "invitations:write", "signed_in"},
        "of whom the domain tells, and whom one may invite",
    ),
    "organizations.api.invitations.accept": ({"person"}, "with a session as that person, without one as whoever holds the link"),
    "organizations.api.invitations.decline": (set(), "the link alone suffices"),
    "people.factors.api.get_factors": (set(), "doors.subject: the person, or who has to set a factor up before they are let in"),
    "people.factors.api.begin_totp": (set(), "as above"),
    "people.impersonation.api.begin": ({"impersonation:write", "person"}, "of a session, which a key has none of"),
    "people.impersonation.api.stop": ({"impersonation:write", "signed_in"}, "one's own, by the session that it is; else as staff"),
    "people.impersonation.api.raise_it": ({"impersonation:write", "signed_in"}, "by the session that looks"),
    "people.factors.api.confirm_totp": (set(), "as above"),
    "people.factors.passkey_api.registration_options": (set(), "as above"),
    "people.factors.passkey_api.add_passkey": (set(), "as above"),
    "webhooks.api.delete_endpoint": ({"webhooks:delete", "webhooks:write", "signed_in"}, "a key takes down what it made itself"),
    "webhooks.api.rotate_secret": ({"webhooks:rotate", "webhooks:write", "signed_in"}, "as above"),
}


@dataclass(frozen=True)
class Operation:
    """A route with what it says and what it asks for."""

    name: str
    says: str
    open_to_all: bool
    asks: frozenset[str]


def operations(code: Code) -> Iterator[Operation]:
    """Every function with a router's decorator."""
    for name, found in code.functions.items():
        for decorator in found.node.decorator_list:
            if (
                isinstance(decorator, ast.Call)
                and isinstance(method := decorator.func, ast.Attribute)
                and ast.unparse(method.value) == "router"
            ):
                yield Operation(name.removeprefix("tenantry."), _says(decorator), _open(decorator), frozenset(_asks(found, code)))


def _says(decorator: ast.Call) -> str:
    for keyword in decorator.keywords:
        if keyword.arg is None and isinstance(keyword.value, ast.Call) and ast.unparse(keyword.value.func) == "needs":
            return str(ast.literal_eval(keyword.value.args[0]))
    return ""


def _open(decorator: ast.Call) -> bool:
    return any(keyword.arg == "auth" and ast.unparse(keyword.value) == "None" for keyword in decorator.keywords)


def _asks(function: Function, code: Code) -> Iterator[str]:
    """The words of the guards in a function and in what it calls of its own module: a permission, ``signed_in`` or ``person``."""
    own = {name: code.functions[name] for name in code.reach(function.name) if code.functions[name].module is function.module}
    passing = {name: place for name, found in own.items() if (place := _passes_on(found)) is not None}
    for name, found in own.items():
        for call, target in found.calls():
            guard = target.removeprefix(GUARDS) if target.startswith(GUARDS) else ""
            if target in passing:
                yield str(ast.literal_eval(call.args[passing[target]]))
            elif guard in ("guard", "guard_tenant") and name not in passing:
                yield str(ast.literal_eval(call.args[1]))
            elif guard in ("signed_in", "person"):
                yield guard
            elif guard == "require_access_check":
                yield "access:check"


def _passes_on(function: Function) -> int | None:
    """Which argument a function hands to its guards, if it is one that asks for what its callers say."""
    names = [argument.arg for argument in function.node.args.args]
    words = {ast.unparse(call.args[1]) for call, target in function.calls() if target in (f"{GUARDS}guard", f"{GUARDS}guard_tenant")}
    return names.index(*words) if len(words) == 1 and words <= set(names) else None


def untrue(found: Operation, special: dict[str, tuple[set[str], str]]) -> str:
    """What is wrong with an operation, or an empty string. ``signed_in`` beside a permission asks no more than the guard does."""
    asks = found.asks if found.name in special else found.asks - {"signed_in"} if found.says not in ("signed_in",) else found.asks
    if not found.says:
        return f"{found.name} says nothing"
    if found.open_to_all != (found.says == "public"):
        return f"{found.name} says {found.says} but is {'open' if found.open_to_all else 'closed'} to nobody in particular"
    wanted = special[found.name][0] if found.name in special else set() if found.says == "public" else {found.says}
    return "" if asks == wanted else f"{found.name} says {found.says} and asks for {sorted(asks)}"


def test_every_operation_asks_for_what_it_says() -> None:
    assert [fault for found in operations(source.code()) if (fault := untrue(found, SPECIAL))] == []


def test_every_operation_of_the_document_was_looked_at() -> None:
    from tenantry.install.wizard.api import api

    described = sum(len(methods) for methods in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].values())
    assert len(list(operations(source.code()))) == described > 60


def namesakes(schemas: Iterable[type]) -> list[str]:
    """Schemas that share a name: in the document's components one would stand for the other."""
    found: dict[str, set[str]] = {}
    for schema in schemas:
        found.setdefault(schema.__name__, set()).add(f"{schema.__module__}.{schema.__qualname__}")
    return sorted(name for places in found.values() if len(places) > 1 for name in places)


def _schemas(base: type) -> Iterator[type]:
    for schema in base.__subclasses__():
        if schema.__module__.startswith("tenantry.") and "[" not in schema.__name__:
            yield schema
        yield from _schemas(schema)


def test_schemas_of_all_rooms_have_names_of_their_own() -> None:
    from ninja import Schema

    import tenantry.install.wizard.api  # noqa: F401  # and by it every room's

    found = list(_schemas(Schema))
    assert len(found) > 100
    assert namesakes(found) == []
    double = type("Reason", (Schema,), {"__module__": "tests.house", "__qualname__": "Reason"})
    assert namesakes([*found, double]) == ["tenantry.organizations.api.shapes.Reason", "tests.house.Reason"]


def test_permissions_named_anywhere_are_registered() -> None:
    """A guard with a mistyped word would refuse everybody; one on a page would just hide something."""
    from tenantry.access.permissions import registered

    named = set()
    for module in source.code().modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if called in (
                    "guard",
                    "guard_tenant",
                    "is_open",
                    "may",
                    "require",
                    "lacking",
                    "require_state",
                    "forbidden",
                    "role_holds",
                    "staff_holds",
                ):
                    named |= {arg.value for arg in node.args if isinstance(arg, ast.Constant) and ":" in str(arg.value)}
    assert len(named) > 20
    assert named - registered().keys() == set()


SAMPLE = """
from ninja import Router
from tenantry.access.guards import guard, guard_tenant, person, signed_in
from tenantry.kit.operations import needs
router = Router()
@router.get("/good", **needs("things:read"))
def good(request): return _of(request)
def _of(request): return guard(request, "things:read", 1)
@router.get("/other", **needs("things:read"))
def other(request): guard_tenant(request, "things:write")
@router.get("/none", **needs("things:read"))
def none(request): signed_in(request)
@router.get("/dumb")
def dumb(request): guard(request, "things:read", 1)
@router.get("/open", auth=None, **needs("person"))
def opened(request): person(request)
@router.get("/through", **needs("things:read"))
def through(request): return _asked(request, "things:read")
@router.get("/astray", **needs("things:read"))
def astray(request): return _asked(request, "things:write")
def _asked(request, permission): return guard(request, permission, 1)
@router.post("/closed", **needs("public"))
def closed(request): pass
"""


def test_the_linter_notices() -> None:
    faults = {found.name: untrue(found, {}) for found in operations(source.of(sample=SAMPLE))}
    assert {name.removeprefix("sample.") for name, fault in faults.items() if fault} == {
        "other",
        "none",
        "dumb",
        "opened",
        "closed",
        "astray",
    }
