"""Which attributes an answer has (RFC 7644 §3.9, RFC 7643 §7 “returned”)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tenantry.scim.refusals import invalid_value

from .attributes import ResourceType
from .paths import resolve


@dataclass(frozen=True, slots=True)
class Projection:
    """What ``attributes`` or ``excludedAttributes`` ask for; only one of the two is used in a request."""

    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    everything: bool = False  # also what is returned on request only: for filters

    def asks(self, name: str, part: str, kind: ResourceType) -> bool:
        """Whether a part that is returned on request only is asked for."""
        found = (resolve(text, kind) for text in self.only)
        named = any(each and each.attribute and each.sub and (each.attribute.name, each.sub.name) == (name, part) for each in found)
        return self.everything or named

    def wants(self, name: str, kind: ResourceType) -> bool:
        """Whether an attribute of the core is in the answer at all: for what costs a query."""
        named = {found.attribute.name for text in self.only or self.without if (found := resolve(text, kind)) and found.attribute}
        if self.only:
            return name in named
        return not any(
            found.attribute.name == name and found.sub is None
            for text in self.without
            if (found := resolve(text, kind)) and found.attribute
        )

    def of(self, resource: dict[str, Any], kind: ResourceType) -> dict[str, Any]:
        """The resource as the answer shows it; what is always returned stays."""
        if self.only:
            return _picked(resource, _tree(self.only, kind), kind)
        if self.without:
            return _left(resource, _tree(self.without, kind), kind)
        return resource


@dataclass(slots=True)
class _Named:
    """Names asked for, by extension (``""``: the core): whole attributes, and parts of attributes."""

    whole: set[tuple[str, str]] = field(default_factory=set)
    parts: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    extensions: set[str] = field(default_factory=set)


def read_projection(attributes: str | Iterable[str] | None, excluded: str | Iterable[str] | None) -> Projection:
    """From the query's commas or a search's lists. Raises Problem 400 when both are given."""
    only, without = _split(attributes), _split(excluded)
    if only and without:
        raise invalid_value("“attributes” and “excludedAttributes” exclude each other.")
    return Projection(only, without)


def _split(given: str | Iterable[str] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    items = given.split(",") if isinstance(given, str) else list(given)
    if not all(isinstance(item, str) for item in items):
        raise invalid_value("“attributes” and “excludedAttributes” are lists of names.")
    return tuple(item.strip() for item in items if item.strip())[:200]


def _tree(names: Iterable[str], kind: ResourceType) -> _Named:
    found = _Named()
    for name in names:
        target = resolve(name, kind)
        if target is None:
            continue  # of another type of resource, or nobody's: it asks for nothing
        if target.attribute is None:
            found.extensions.add(target.extension)
        elif target.sub is None:
            found.whole.add((target.extension, target.attribute.name))
        else:
            found.parts.setdefault((target.extension, target.attribute.name), set()).add(target.sub.name)
    return found


def _always(kind: ResourceType) -> set[str]:
    return {each.name for each in kind.root.values() if each.returned == "always"}


def _picked(resource: dict[str, Any], named: _Named, kind: ResourceType) -> dict[str, Any]:
    always, shown = _always(kind), {}
    for name, value in resource.items():
        if name.lower() in kind.by_urn:
            inner = value if name in named.extensions else _pick(value, name, named)
            if inner:
                shown[name] = inner
        elif name in always or ("", name) in named.whole:
            shown[name] = value
        elif parts := named.parts.get(("", name)):
            shown[name] = _parts(value, parts.__contains__)
    return shown


def _pick(value: dict[str, Any], extension: str, named: _Named) -> dict[str, Any]:
    found = {}
    for name, item in value.items():
        if (extension, name) in named.whole:
            found[name] = item
        elif parts := named.parts.get((extension, name)):
            found[name] = _parts(item, parts.__contains__)
    return found


def _left(resource: dict[str, Any], named: _Named, kind: ResourceType) -> dict[str, Any]:
    always, shown = _always(kind), {}
    for name, value in resource.items():
        if name.lower() in kind.by_urn:
            if name not in named.extensions and (inner := _leave(value, name, named)):
                shown[name] = inner
        elif name in always or ("", name) not in named.whole:
            parts = named.parts.get(("", name), set())
            shown[name] = value if name in always or not parts else _parts(value, lambda part, gone=parts: part not in gone)
    return shown


def _leave(value: dict[str, Any], extension: str, named: _Named) -> dict[str, Any]:
    found = {}
    for name, item in value.items():
        if (extension, name) not in named.whole:
            parts = named.parts.get((extension, name), set())
            found[name] = _parts(item, lambda part, gone=parts: part not in gone) if parts else item
    return found


def _parts(value: Any, keep: Any) -> Any:
    if isinstance(value, list):
        return [{name: item for name, item in each.items() if keep(name)} for each in value if isinstance(each, dict)]
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if keep(name)}
    return value
