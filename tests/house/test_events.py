"""Every event that is recorded is in the catalogue, and every one in the catalogue is recorded somewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from . import source
from .source import Code

# Functions that are handed the name: where the names stand.
HANDED = {
    "tenantry.organizations.services.transition": "_EVENT",
    "tenantry.organizations.membership.settle": "Act",
    "tenantry.organizations.membership.settle_all": "Act",
    "tenantry.organizations.invitations._close": "_ENDED",
}


def recorded(code: Code) -> Iterator[tuple[str, str]]:
    """``(function, event)`` of each call of ``record``; the event is empty where it isn't written out."""
    for name, found in code.functions.items():
        for call, target in found.calls():
            if target in ("tenantry.audit.services.record", "tenantry.audit.services.record_all"):
                first = call.args[0] if call.args else None
                yield name, str(first.value) if isinstance(first, ast.Constant) else ""


def _handed(code: Code) -> set[str]:
    """Names that stand in a table or in the acts, for the functions in ``HANDED``."""
    found = set()
    for name, holder in HANDED.items():
        for node in ast.walk(code.functions[name].module.tree):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == holder and isinstance(node.value, ast.Dict):
                found |= {str(ast.literal_eval(value)) for value in node.value.values}
            if isinstance(node, ast.Call) and ast.unparse(node.func) == holder:
                found.add(str(ast.literal_eval(node.args[0])))
    return found


def test_what_is_recorded_is_what_the_catalogue_has() -> None:
    from tenantry.audit.catalogue import event_types

    code = source.code()
    named = {event for _, event in recorded(code) if event} | _handed(code)
    assert named == {kind.name for kind in event_types()}


def test_names_are_written_out() -> None:
    """So that a reader finds where an event comes from by searching for it."""
    unclear = {name for name, event in recorded(source.code()) if not event}
    assert unclear == set(HANDED)


def test_names_and_meanings_have_the_form_of_the_house() -> None:
    from tenantry.audit.catalogue import CATEGORIES, event_types
    from tenantry.audit.forms import CATEGORY_LABELS

    for kind in event_types():
        noun, _, deed = kind.name.partition(".")
        assert noun.isidentifier() and deed.isidentifier() and kind.name == kind.name.lower(), kind.name
        assert kind.meaning[0].isupper() and kind.meaning.endswith("."), kind.meaning
        assert len(kind.name) <= 60
    assert set(CATEGORY_LABELS) == set(CATEGORIES)


def test_the_linter_notices() -> None:
    sample = "from tenantry.audit.services import record\ndef f(): record('no.such', actor=None)\ndef g(name): record(name, actor=None)\n"
    assert list(recorded(source.of(sample=sample))) == [("sample.f", "no.such"), ("sample.g", "")]
