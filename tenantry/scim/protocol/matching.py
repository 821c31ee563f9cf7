"""Whether a resource fits a filter. A filter is bound to a type of resource once and then asked of many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from tenantry.scim.refusals import invalid_filter

from .attributes import Attribute, ResourceType
from .filters import And, Compare, Filter, Has, Not, Or, names
from .paths import Target, resolve

Test = Callable[[dict[str, Any]], bool]
_BOOLEANS: Final = {"true": True, "false": False}
_TEXT_ONLY: Final = frozenset({"co", "sw", "ew"})
_ORDER: Final = frozenset({"gt", "ge", "lt", "le"})


def bind(tree: Filter, kind: ResourceType, *, elsewhere: tuple[ResourceType, ...] = ()) -> Test:
    """The filter as a function of a resource of this type. An attribute that only a type ``elsewhere`` has is absent here.

    Raises Problem 400 ``invalidFilter`` for attributes that nothing has, and for comparisons that make no sense.
    """
    for name in names(tree):
        if resolve(name, kind) is None and not any(resolve(name, other) for other in elsewhere):
            raise invalid_filter(f"There is no attribute {name[:80]}.")
    return _bind(tree, kind)


def _bind(tree: Filter, kind: ResourceType) -> Test:
    if isinstance(tree, And | Or):
        tests = [_bind(part, kind) for part in tree.parts]
        together = all if isinstance(tree, And) else any
        return lambda resource: together(test(resource) for test in tests)
    if isinstance(tree, Not):
        inner = _bind(tree.inner, kind)
        return lambda resource: not inner(resource)
    target = resolve(tree.path, kind)
    if target is None:
        absent = isinstance(tree, Compare) and _of_nothing(tree)
        return lambda resource: absent
    if isinstance(tree, Has):
        return _has(tree, target)
    if target.attribute is None:
        if tree.op != "pr":
            raise invalid_filter("A schema as a whole can only be asked for its presence.")
        return lambda resource: bool(target.value(resource))
    test = _compare(tree, _compared(target))
    sub = target.sub
    if sub is None and target.attribute.complex and tree.op == "pr":
        return lambda resource: bool(target.value(resource))
    name = sub.name if sub else "value" if target.attribute.complex else ""
    return lambda resource: test(_values(target.value(resource), name))


def _of_nothing(tree: Compare) -> bool:
    """What a comparison says of an attribute that the resource can't have."""
    return (tree.op == "ne") is (tree.value is not None) and tree.op in ("eq", "ne")


def _compared(target: Target) -> Attribute:
    """The attribute whose values are compared: a complex one is compared by its ``value``."""
    found = target.leaf
    assert found is not None
    if found.complex:
        value = found.child("value")
        return value or found
    return found


def _values(held: Any, name: str) -> list[Any]:
    """What an attribute holds, as a list of simple values."""
    each = held if isinstance(held, list) else [] if held is None else [held]
    if name:
        each = [item.get(name) for item in each if isinstance(item, dict)]
    return [item for item in each if item is not None]


def _has(tree: Has, target: Target) -> Test:
    attribute = target.attribute
    if attribute is None or not attribute.complex or target.sub is not None:
        raise invalid_filter(f"{tree.path[:80]} holds no values with parts, so no brackets follow it.")
    inner = element_test(tree.inner, attribute)
    then: Callable[[list[Any]], bool] | None = None
    name = ""
    if tree.then is not None:
        child = attribute.child(tree.sub)
        if child is None:
            raise invalid_filter(f"{attribute.name} has no part {tree.sub[:80]}.")
        name, then = child.name, _compare(tree.then, child)

    def test(resource: dict[str, Any]) -> bool:
        held = target.value(resource)
        items = [item for item in (held if isinstance(held, list) else [held]) if isinstance(item, dict) and inner(item)]
        if then is None:
            return bool(items)
        return any(then(_values(item, name)) for item in items)

    return test


def element_test(tree: Filter, attribute: Attribute) -> Test:
    """A filter within brackets, as a function of one value of the attribute. Raises Problem 400 ``invalidFilter``."""
    if isinstance(tree, And | Or):
        tests = [element_test(part, attribute) for part in tree.parts]
        together = all if isinstance(tree, And) else any
        return lambda item: together(test(item) for test in tests)
    if isinstance(tree, Not):
        inner = element_test(tree.inner, attribute)
        return lambda item: not inner(item)
    if isinstance(tree, Has):
        raise invalid_filter("Brackets don't stand within brackets.")
    child = attribute.child(tree.path.rpartition(".")[2] if tree.path.lower().startswith(attribute.name.lower() + ".") else tree.path)
    if child is None:
        raise invalid_filter(f"{attribute.name} has no part {tree.path[:80]}.")
    test = _compare(tree, child)
    return lambda item: test(_values(item, child.name))


def _compare(tree: Compare, attribute: Attribute) -> Callable[[list[Any]], bool]:
    """A comparison as a function of the values that are there. Of several values one that fits is enough (RFC 7644 §3.4.2.2)."""
    op, wanted = tree.op, tree.value
    if op == "pr":
        return bool
    if wanted is None:
        if op not in ("eq", "ne"):
            raise invalid_filter("null can only be asked with eq and ne.")
        return (lambda held: not held) if op == "eq" else bool
    wanted = _typed(op, wanted, attribute)
    test = _TESTS[op]
    if op == "ne":
        return lambda held: not held or any(_comparable(value, attribute) != wanted for value in held)
    return lambda held: any(
        type(mine := _comparable(value, attribute)) is type(wanted) and test(mine, wanted) for value in held
    )  # fmt: skip


_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda mine, wanted: mine == wanted,
    "ne": lambda mine, wanted: mine != wanted,
    "co": lambda mine, wanted: wanted in mine,
    "sw": lambda mine, wanted: mine.startswith(wanted),
    "ew": lambda mine, wanted: mine.endswith(wanted),
    "gt": lambda mine, wanted: mine > wanted,
    "ge": lambda mine, wanted: mine >= wanted,
    "lt": lambda mine, wanted: mine < wanted,
    "le": lambda mine, wanted: mine <= wanted,
}


def _typed(op: str, wanted: Any, attribute: Attribute) -> Any:
    if attribute.type == "boolean":
        if isinstance(wanted, str):
            wanted = _BOOLEANS.get(wanted.lower(), wanted)
        if not isinstance(wanted, bool) or op not in ("eq", "ne"):
            raise invalid_filter(f"{attribute.name} is true or false, and asked with eq or ne.")
        return wanted
    if attribute.type == "complex":
        raise invalid_filter(f"{attribute.name} has parts; ask for one of them.")
    if attribute.type == "binary" and op in _ORDER:
        raise invalid_filter(f"{attribute.name} has no order.")
    if isinstance(wanted, bool) or (not isinstance(wanted, str) and (op in _TEXT_ONLY or attribute.type == "dateTime")):
        raise invalid_filter(f"{attribute.name} is compared with a text in double quotes.")
    if attribute.type == "dateTime" and op not in _TEXT_ONLY:
        found = moment(wanted)
        if found is None:
            raise invalid_filter(f"“{wanted[:40]}” is no moment like 2026-05-13T04:42:34Z.")
        return found
    return fold(str(wanted), attribute)


def _comparable(value: Any, attribute: Attribute) -> Any:
    if isinstance(value, str):
        if attribute.type == "dateTime":
            return moment(value) or value
        return fold(value, attribute)
    return value


def fold(text: str, attribute: Attribute) -> str:
    """A text as it is compared: letter case counts only where the schema says so."""
    return text if attribute.case_exact else text.casefold()


def moment(text: str) -> datetime | None:
    """A dateTime (RFC 7643 §2.3.5), in UTC; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
