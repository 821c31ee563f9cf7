"""PATCH (RFC 7644 §3.5.2), as strict as it must be and as patient as connectors need it.

``read`` turns a body into operations; ``apply`` turns a resource and operations into the changed resource. All or nothing:
an operation that can't be carried out raises, and the resource that came in is as it was.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Final

from tenantry.kit.problems import Problem
from tenantry.scim.refusals import invalid_filter, invalid_path, invalid_syntax, invalid_value, mutability, no_target

from .attributes import SCHEMAS, Attribute, ResourceType
from .filters import And, Compare, Filter, parse_path
from .matching import element_test
from .paths import Target, resolve
from .values import MOST_VALUES, distinct, place_of, read_single, read_value, without_bare

MOST_OPERATIONS: Final = 1_000
OPERATIONS: Final = frozenset({"add", "remove", "replace"})
_OURS: Final = ("urn:ietf:params:scim:schemas:core:", *(schema.urn.lower() for schema in SCHEMAS))
_IGNORED: Final = frozenset({"id", "meta", "schemas", "groups"})  # echoed by connectors; of one that stays as it is nothing is to be done


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. ``target`` None: pathless. ``sub`` follows a filter: ``emails[type eq "work"].value``."""

    op: str
    target: Target | None
    where: Filter | None = None
    sub: str = ""
    value: Any = None


def read(body: dict[str, Any], kind: ResourceType) -> list[Operation]:
    """The operations of a PatchOp. Raises Problem 400 ``invalidSyntax``, ``invalidPath``, ``invalidFilter``."""
    listed = next((value for name, value in body.items() if name.lower() == "operations"), None)
    if isinstance(listed, dict):
        listed = [listed]
    if not isinstance(listed, list):  # an empty one changes nothing: Microsoft's SCIM Validator sends it
        raise invalid_syntax("A PATCH has “Operations”, a list.")
    if len(listed) > MOST_OPERATIONS:
        raise invalid_syntax(f"A PATCH has at most {MOST_OPERATIONS:,} operations.")
    return [_operation(each, kind) for each in listed]


def _operation(given: Any, kind: ResourceType) -> Operation:
    if not isinstance(given, dict):
        raise invalid_syntax("An operation is an object.")
    parts = {name.lower(): value for name, value in given.items()}
    op = parts.get("op")
    if not isinstance(op, str) or op.lower() not in OPERATIONS:
        raise invalid_syntax("“op” is add, remove or replace.")
    op, path = op.lower(), parts.get("path")
    if path is None or path == "":
        if op == "remove":
            raise no_target("A remove needs a path.")
        if not isinstance(parts.get("value"), dict):
            raise invalid_value("Without a path the value is an object of attributes.")
        return Operation(op, None, value=parts["value"])
    if not isinstance(path, str):
        raise invalid_path("“path” is a text.")
    if op != "remove" and "value" not in parts:
        raise invalid_value(f"“value” is missing for {path[:80]}.")
    if _of_another(path):
        return Operation(op, None, value={})
    target, where, sub = read_path(path, kind)
    return Operation(op, target, where, sub, parts.get("value"))


def _of_another(path: str) -> bool:
    """Whether a path is of an extension that isn't ours. POST and PUT leave such attributes out, and so does a PATCH: a connector maps
    them in the same request that deactivates somebody, which must not fail for their sake."""
    name = path.strip().lower()
    return name.startswith("urn:") and not name.startswith(_OURS)


def read_path(path: str, kind: ResourceType) -> tuple[Target, Filter | None, str]:
    """What a path means. Raises Problem 400 ``invalidPath`` when it means nothing."""
    try:
        name, where, sub = parse_path(path.strip())
    except Problem as problem:
        raise (problem if "[" in path else invalid_path(f"The path {path[:80]} can't be read.")) from None
    target = resolve(name, kind)
    if target is None:
        raise invalid_path(f"There is no attribute {path[:80]}.")
    if where is not None and (target.attribute is None or target.sub or not (target.attribute.multi and target.attribute.complex)):
        raise invalid_path(f"{name[:80]} holds no list of values with parts, so no brackets follow it.")
    if sub and (target.attribute is None or target.attribute.child(sub) is None):
        raise invalid_path(f"There is no part {sub[:80]} of {name[:80]}.")
    return target, where, sub


def apply(resource: dict[str, Any], operations: list[Operation], kind: ResourceType) -> dict[str, Any]:
    """The resource after all operations, in their order. Raises Problem 400; the one that came in stays untouched."""
    changed = copy.deepcopy(resource)
    for each in operations:
        if each.target is None:
            _pathless(changed, each, kind)
        else:
            _at(changed, each, each.target)
    for extension in kind.extensions:
        if extension.urn in changed and not changed[extension.urn]:
            del changed[extension.urn]
    return without_bare(changed, kind)


def _pathless(resource: dict[str, Any], each: Operation, kind: ResourceType) -> None:
    for path, value in pathless(each, kind):
        _at(resource, Operation(each.op, path.target, path.where, path.sub, value), path.target)


@dataclass(frozen=True, slots=True)
class _Key:
    target: Target
    where: Filter | None
    sub: str


def pathless(each: Operation, kind: ResourceType) -> list[tuple[_Key, Any]]:
    """What the keys of a pathless value mean: names, dotted names, URNs with names, an extension's object, even paths with filters.

    What is unknown or readOnly is left out: connectors echo such things.
    """
    found: list[tuple[_Key, Any]] = []
    for name, value in each.value.items():
        schema = kind.by_urn.get(name.lower())
        if schema is kind.core and schema is not None and isinstance(value, dict):
            found += pathless(Operation(each.op, None, value=value), kind)
            continue
        if name.lower() in _IGNORED or (schema is None and place_of(name, kind) is None and not set(name) & set(".:[")):
            continue
        try:
            target, where, sub = read_path(name, kind)
        except Problem:
            continue
        leaf = target.leaf
        if leaf is None or leaf.mutability != "readOnly":
            found.append((_Key(target, where, sub), value))
    return found


def _at(resource: dict[str, Any], each: Operation, target: Target) -> None:
    attribute = target.attribute
    if attribute is None:
        _extension(resource, each, target)
        return
    leaf = attribute.child(each.sub) if each.sub else target.leaf
    assert leaf is not None
    if "readOnly" in (attribute.mutability, leaf.mutability) or attribute.name == "schemas":
        if attribute.name == "schemas" or (attribute.name in _IGNORED and each.op != "remove"):
            return  # “replace id” with the id that it has, as Okta sends it: the id stays in any case
        if attribute.mutability != "readOnly":
            return  # manager.displayName, which is the manager's own
        raise mutability(f"{attribute.name} can't be changed by a directory.")
    if each.op == "remove" and each.where is None and each.sub == "" and target.sub is None and attribute.required:
        raise mutability(f"{attribute.name} is required and can't be removed.")
    holder = target.holder(resource, make=each.op != "remove")
    if holder is None:
        return
    if each.where is not None:
        _where(holder, each, attribute)
    elif target.sub is not None:
        _sub(holder, each, attribute, target.sub)
    elif attribute.multi:
        _multi(holder, each, attribute)
    else:
        _single(holder, each, attribute)


def _extension(resource: dict[str, Any], each: Operation, target: Target) -> None:
    if each.op == "remove":
        resource.pop(target.extension, None)
        return
    if not isinstance(each.value, dict):
        raise invalid_value(f"Below {target.extension} stands an object.")
    if each.op == "replace":
        resource.pop(target.extension, None)
    for name, value in each.value.items():
        part = resolve(f"{target.extension}:{name}", _kind_of(target))
        if part is not None and part.attribute is not None:
            _at(resource, Operation("add" if each.op == "add" else "replace", part, value=value), part)


def _kind_of(target: Target) -> ResourceType:
    from .attributes import TYPES

    return next(kind for kind in TYPES if target.extension.lower() in kind.by_urn)


def _single(holder: dict[str, Any], each: Operation, attribute: Attribute) -> None:
    if each.op == "remove":
        holder.pop(attribute.name, None)
        return
    if attribute.type == "boolean" and each.value is None:
        raise invalid_value(f"{attribute.name} is true or false.")
    value = read_value(attribute, each.value)
    if value is None:
        if attribute.required:
            raise invalid_value(f"{attribute.name} is required.")
        holder.pop(attribute.name, None)
    elif attribute.complex and isinstance(holder.get(attribute.name), dict) and isinstance(each.value, dict):
        # RFC 7644 §3.5.2.3: the parts that are given are set, the others stay; a part that is null goes.
        empty = {name.lower() for name, item in each.value.items() if item is None or item == ""}
        kept = {name: item for name, item in holder[attribute.name].items() if name.lower() not in empty}
        holder[attribute.name] = kept | value
    else:
        holder[attribute.name] = value


def _sub(holder: dict[str, Any], each: Operation, attribute: Attribute, sub: Attribute) -> None:
    """``name.givenName``; of a list, the part of each of its values."""
    value = None if each.op == "remove" else read_single(sub, each.value[0] if isinstance(each.value, list) and each.value else each.value)
    if attribute.multi:
        items = holder.get(attribute.name) or []
        if not items and value is not None:
            items = [{}]
        for item in items:
            _set(item, sub, value)
        if sub.name == "primary" and value and len(items) > 1:
            raise invalid_value("At most one value is primary.")
        _keep(holder, attribute, items)
        return
    part = dict(holder.get(attribute.name) or {})
    _set(part, sub, value)
    if part:
        holder[attribute.name] = part
    else:
        holder.pop(attribute.name, None)


def _set(item: dict[str, Any], sub: Attribute, value: Any) -> None:
    if value is None:
        item.pop(sub.name, None)
    else:
        item[sub.name] = value


def _multi(holder: dict[str, Any], each: Operation, attribute: Attribute) -> None:
    held: list[Any] = holder.get(attribute.name) or []
    if each.op == "remove":
        if each.value is None or each.value == "":  # an empty list names nobody
            holder.pop(attribute.name, None)
            return
        unwanted = read_value(attribute, each.value) or []
        _keep(holder, attribute, [item for item in held if not any(_covers(other, item) for other in unwanted)])
        return
    given = read_value(attribute, each.value) or []
    if each.op == "replace":
        _keep(holder, attribute, given)
        return
    _yield_primary(held, given)
    known = {_key(item) for item in given}
    merged = [item for item in held if _key(item) not in known] + given if held else given
    _keep(holder, attribute, merged)


def _key(item: dict[str, Any]) -> tuple[Any, Any] | str:
    """Two values are the same when value and type are; without a value, when all of it is."""
    if "value" in item:
        return str(item["value"]), str(item.get("type", "")).lower()
    return repr(sorted((name, part) for name, part in item.items() if name != "primary"))


def _covers(unwanted: dict[str, Any], item: dict[str, Any]) -> bool:
    """Whether a value of a Remove's list means this one: what it says of it is true."""
    return all(item.get(name) == part for name, part in unwanted.items() if name in ("value", "type") or "value" not in unwanted)


def _yield_primary(held: list[dict[str, Any]], given: list[dict[str, Any]]) -> None:
    """Who brings a new primary value takes that away from the others (RFC 7644 §3.5.2)."""
    if any(item.get("primary") for item in given):
        for item in held:
            if item.get("primary"):
                item["primary"] = False


def _keep(holder: dict[str, Any], attribute: Attribute, items: list[Any]) -> None:
    items = distinct([item for item in items if item])
    if len(items) > MOST_VALUES:
        raise invalid_value(f"{attribute.name} takes at most {MOST_VALUES} values.")
    if items:
        holder[attribute.name] = items
    else:
        holder.pop(attribute.name, None)


def _where(holder: dict[str, Any], each: Operation, attribute: Attribute) -> None:
    assert each.where is not None
    held: list[dict[str, Any]] = holder.get(attribute.name) or []
    test = element_test(each.where, attribute)
    found = [item for item in held if test(item)]
    if each.op == "remove" or (not each.sub and each.value in (None, "", [])):  # nothing in its place: it goes
        if each.sub:
            child = attribute.child(each.sub)
            for item in found:
                _set(item, child, None) if child else None
            _keep(holder, attribute, held)
        else:
            _keep(holder, attribute, [item for item in held if item not in found])
        return
    if not found:
        made = _described(each.where, attribute)
        if made is None:
            raise no_target(f"No value of {attribute.name} fits the filter.")
        held, found = [*held, made], [made]
    for item in found:
        _change(item, each, attribute)
    if any(item.get("primary") for item in found):
        _yield_primary([item for item in held if item not in found], found)
        if sum(bool(item.get("primary")) for item in found) > 1:
            raise invalid_value("At most one value is primary.")
    _keep(holder, attribute, held)


def _change(item: dict[str, Any], each: Operation, attribute: Attribute) -> None:
    if each.sub:
        child = attribute.child(each.sub)
        assert child is not None
        given = each.value[0] if isinstance(each.value, list) and each.value else each.value
        _set(item, child, read_single(child, given.get(child.name) if isinstance(given, dict) else given))
        return
    given = each.value[0] if isinstance(each.value, list) and len(each.value) == 1 else each.value
    value = read_single(attribute, given)
    if not isinstance(value, dict):
        raise invalid_value(f"A value of {attribute.name} has parts: it is an object.")
    if each.op == "replace":
        kept = {name: part for name, part in item.items() if name == "type" and name not in value}
        item.clear()
        item.update(kept)
    item.update(value)


def _described(where: Filter, attribute: Attribute) -> dict[str, Any] | None:
    """The value that a filter describes wholly (``type eq "work" and primary eq true``), or None when it says anything else."""
    parts = where.parts if isinstance(where, And) else (where,)
    found: dict[str, Any] = {}
    for part in parts:
        if not isinstance(part, Compare) or part.op != "eq" or part.value is None:
            return None
        child = attribute.child(part.path)
        if child is None:
            raise invalid_filter(f"{attribute.name} has no part {part.path[:80]}.")
        found[child.name] = read_single(child, part.value)
    return found
