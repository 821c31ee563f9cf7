"""Path converters for identifiers: ``path("staff/users/<usr:user_id>", …)`` gives the view a UUID.

A malformed identifier matches no address, so it answers 404 like one that doesn't exist. ``reverse`` takes a UUID
or the identifier itself (``row.public_id``). A module of urls calls ``register_identifiers()`` before its paths.
"""

from __future__ import annotations

from uuid import UUID

from django.urls import register_converter
from django.urls.converters import get_converters

from . import ids

PREFIXES = tuple("usr stf ses org mem inv key sct whe whd msg sup mtw dev psk dom jrq con idn imp".split())


def _converter(prefix: str) -> type:
    class Identifier:
        regex = rf"{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}"

        def to_python(self, value: str) -> UUID:
            return ids.decode(prefix, value)

        def to_url(self, value: UUID | str) -> str:
            return ids.encode(prefix, value) if isinstance(value, UUID) else ids.encode(prefix, ids.decode(prefix, value))

    return Identifier


def register_identifiers() -> None:
    """Make ``<usr:…>``, ``<mem:…>`` and the like known to Django. Safe to repeat."""
    for prefix in PREFIXES:
        if prefix not in get_converters():
            register_converter(_converter(prefix), prefix)
