"""What the documents say of roles, permissions, events, fields, states and plans is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from . import documents


@pytest.mark.parametrize("path", documents.documents(), ids=lambda path: path.name)
def test_tables_are_those_of_the_code(path: Path) -> None:
    text = path.read_text()
    assert documents.renewed(text) == text, "Run: .venv/bin/python -m tests.house.documents"


def test_every_table_is_shown_somewhere() -> None:
    shown = {name for path in documents.documents() for name in re.findall(r"<!-- from the code: (\w+) -->", path.read_text())}
    assert shown == set(documents.PARTS)


def test_links_between_documents_lead_somewhere() -> None:
    root = documents.DOCS.parent
    broken = []
    for path in [
        *sorted(documents.DOCS.rglob("*.md")),
        *sorted(root.glob("*.md")),
        root / "bench" / "README.md",
        root / "deploy" / "README.md",
    ]:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text()):
            if not (path.parent / target).exists():
                broken.append(f"{path.relative_to(root)} → {target}")
    assert not broken
