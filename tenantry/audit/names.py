"""What the organizations and people in the record are called: known to higher rooms, which hand it in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from uuid import UUID

_names: Callable[[Collection[UUID]], Mapping[UUID, str]] = lambda ids: {}  # noqa: E731  # replaced at start-up

_people: Callable[[Collection[UUID]], Mapping[UUID, str]] = lambda ids: {}  # noqa: E731  # replaced at start-up


def use_organization_names(loader: Callable[[Collection[UUID]], Mapping[UUID, str]]) -> None:
    """The organizations room hands in how they are called, deleted ones too."""
    global _names
    _names = loader


def use_people_names(loader: Callable[[Collection[UUID]], Mapping[UUID, str]]) -> None:
    """The people room hands in what staff who spoke as others are called."""
    global _people
    _people = loader


def people_names(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Addresses by id; one that is gone is missing."""
    return _people(ids) if ids else {}


def organization_names(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Names by id; one that is gone is missing."""
    return _names(ids) if ids else {}
