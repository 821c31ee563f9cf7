"""From what a client calls an attribute to the attribute: any letter case, with or without the schema's URN, with a sub-attribute."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .attributes import Attribute, ResourceType, Schema

_NAME = re.compile(r"\$?[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Target:
    """An attribute of a resource: in the core (``extension`` empty) or below an extension's URN, perhaps a part of it.

    ``attribute`` None: the extension as a whole.
    """

    extension: str
    attribute: Attribute | None
    sub: Attribute | None = None

    @property
    def leaf(self) -> Attribute | None:
        return self.sub or self.attribute

    def holder(self, resource: dict[str, Any], *, make: bool = False) -> dict[str, Any] | None:
        """The dictionary in which the attribute stands: the resource, or its part of the extension."""
        if not self.extension:
            return resource
        found = resource.get(self.extension)
        if found is None and make:
            found = resource[self.extension] = {}
        return found

    def value(self, resource: dict[str, Any]) -> Any:
        """What the attribute holds in a resource, its sub-attribute left out of account; None when nothing."""
        holder = self.holder(resource)
        if holder is None or self.attribute is None:
            return holder
        return holder.get(self.attribute.name)


def resolve(text: str, kind: ResourceType) -> Target | None:
    """The target that a name means for this type of resource, or None. An enterprise attribute is found without its URN too."""
    schema, rest = _split(text, kind)
    if schema is None and ":" in text:
        return None
    if schema is not None and not rest:
        return Target(schema.urn, None) if schema is not kind.core else None
    name, dot, sub = rest.partition(".")
    if not _NAME.fullmatch(name) or (dot and not _NAME.fullmatch(sub)):
        return None
    for extension, attributes in _places(schema, kind):
        if (attribute := attributes.get(name.lower())) is not None:
            if not dot:
                return Target(extension, attribute)
            child = attribute.child(sub)
            return Target(extension, attribute, child) if child else None
    return None


def _split(text: str, kind: ResourceType) -> tuple[Schema | None, str]:
    """The schema whose URN a name begins with, and what follows it."""
    if text[:4].lower() != "urn:":
        return None, text
    lowered = text.lower()
    for urn, schema in kind.by_urn.items():
        if lowered == urn:
            return schema, ""
        if lowered.startswith(urn + ":"):
            return schema, text[len(urn) + 1 :]
    return None, text


def _places(schema: Schema | None, kind: ResourceType) -> Iterable[tuple[str, dict[str, Attribute]]]:
    if schema is None or schema is kind.core:
        yield "", kind.root
    for extension in kind.extensions:
        if schema is None or schema is extension:
            yield extension.urn, extension.by_name
