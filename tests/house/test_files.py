"""What no file of ours may have."""

from __future__ import annotations

import ast
import re
import tokenize
from pathlib import Path

import pytest

from . import source
from .source import ROOT

LINES = 400
MARKS = "TO" + "DO|FIX" + "ME"  # in two parts, so that this file isn't one of those it looks for
HOSTS = "pypi" + r"\.org|files\.python" + "hosted|npm" + "js|index" + "-url|arti" + "factory|nex" + "us"
PLACES = "/wo" + r"rk/|/ho" + r"me/[a-z]+/|/Users/[a-z]+/|/roo" + "t/"
BINARY = {".png", ".ico", ".woff2", ".jpg", ".webp", ".gif", ".pdf"}
# Reads pip's own setting of the host at run time, and keeps it out of what is written.
NAMES_NO_HOST = {"bin/lock"}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _texts() -> list[tuple[str, str]]:
    return [(_name(path), path.read_text(errors="replace")) for path in source.tracked() if path.suffix not in BINARY]


def _lines(pattern: str, *, but: frozenset[str] | set[str] = frozenset()) -> list[str]:
    found = re.compile(pattern)
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in _texts()
        if name not in but
        for number, line in enumerate(text.splitlines(), start=1)
        if found.search(line)
    ]


def test_files_are_short() -> None:
    long = {_name(path): count for path in source.tracked("*.py") if "migrations" not in path.parts and (count := _count(path)) > LINES}
    assert long == {}


def _count(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_nothing_is_called_by_what_it_is_not() -> None:
    assert [_name(path) for path in source.tracked("*.py") if re.fullmatch(r"(utils?|helpers?|common|misc)\.py", path.name)] == []


def test_what_is_typed_into_looks_like_it() -> None:
    other = "hidden|radio|checkbox|color|file"
    pattern = rf"""<(input|textarea|select)\b(?![^>]*type="({other})")(?![^>]*class="[^"]*\binput\b)[^>]*>"""
    found = re.compile(pattern)
    pages = [path for path in source.tracked("*.html") if "templates" in path.parts]
    assert [f"{_name(path)}: {each[0][:80]}" for path in pages for each in found.finditer(path.read_text())] == []


def test_nothing_is_left_to_do() -> None:
    assert _lines(rf"\b({MARKS}|XXX)\b", but={"tests/house/test_files.py"}) == []


def test_no_registry_and_no_place_of_one_machine() -> None:
    assert _lines(rf"\b({HOSTS})\b", but=NAMES_NO_HOST) == []
    assert _lines(rf"(^|[\s\"'`(=:])({PLACES})") == []


_EXCEPTION = re.compile(r"# ?(noqa|type: ?ignore|nosec|pragma)\b[^#]*(?P<reason>#.*)?$")


def test_exceptions_say_why() -> None:
    """``# noqa: S106  # a sentence``: a reason stands beside each exception from a rule."""
    bare = []
    for path in source.tracked("*.py"):
        with path.open("rb") as file:
            comments = [token for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]
        bare += [
            f"{_name(path)}:{c.start[0]}: {c.string}" for c in comments if (found := _EXCEPTION.match(c.string)) and not found["reason"]
        ]
    assert bare == []


@pytest.mark.parametrize("pattern", [r"\sstyle\s*=", r"<script(?![^>]*\bsrc=)", r"\son[a-z]+\s*=\s*[\"']", r"javascript:", r"<style",
    r"<script(?![^>]*\bnonce=\"{{ csp_nonce }}\")"])  # fmt: skip
def test_pages_have_nothing_inline(pattern: str) -> None:
    """The content security policy forbids it, and a script without the page's nonce; mails are no pages."""
    pages = [path for path in source.tracked("*.html") if "mail" not in path.relative_to(source.ROOT).parts]
    assert len(pages) > 20
    assert [_name(path) for path in pages if re.search(pattern, path.read_text(), re.IGNORECASE)] == []


def test_cookies_are_set_and_cleared_in_one_place() -> None:
    """With the attributes of docs/security/headers.md, and the same ones both times."""
    setting = {name for name, module in source.code().modules.items() if re.search(r"\.(set|delete)_cookie\(", module.text)}
    assert setting == {"tenantry.kit.cookies"}


def test_pages_load_nothing_from_elsewhere() -> None:
    pages = [path for path in source.tracked() if path.suffix in (".html", ".css") and "mail" not in path.relative_to(source.ROOT).parts]
    assert [
        _name(path) for path in pages if re.search(r"(src|href)=[\"'](https?:)?//|@import|url\([\"']?(https?:)?//", path.read_text())
    ] == []


MONEY = re.compile(r"amount|price|money|minor|rate_|_rate|tax_|total_(?!timeout)|balance|fee", re.IGNORECASE)


def floats_of_money(text: str) -> list[str]:
    """Calls of ``float`` and float fields that have to do with money: it is whole numbers of minor units, or ``Decimal``."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called == "FloatField" or (called == "float" and MONEY.search(ast.unparse(node))):
                found.append(ast.unparse(node))
        if isinstance(node, ast.AnnAssign) and "float" in ast.unparse(node.annotation) and MONEY.search(ast.unparse(node.target)):
            found.append(ast.unparse(node))
        if isinstance(node, ast.arg) and node.annotation and "float" in ast.unparse(node.annotation) and MONEY.search(node.arg):
            found.append(node.arg)
    return found


def test_money_is_no_float() -> None:
    faults = {name: found for name, module in source.code().modules.items() if (found := floats_of_money(module.text))}
    assert faults == {}
    assert len(floats_of_money("a = float(row.amount)\nclass M:\n    price: float\ndef f(fee: float): pass\nx = models.FloatField()")) == 4


def test_modules_of_ours_have_docstrings() -> None:
    """And their public functions and classes: what they are for, in a sentence."""
    bare = []
    for name, module in source.code().modules.items():
        if module.path.name in ("__init__.py", "apps.py") or name.startswith("tenantry.tests"):
            continue
        if not ast.get_docstring(module.tree):
            bare.append(name)
        bare += [f"{name}.{node.name}" for node in module.tree.body if _is_bare(node)]
    assert bare == []


def _is_bare(node: ast.stmt) -> bool:
    public = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    return public and not ast.get_docstring(node)


@pytest.mark.parametrize("ways", ["deploy/Dockerfile", "deploy/systemd/*"])
def test_where_python_may_not_write_the_code_is_compiled_beforehand(ways: str) -> None:
    text = "".join(path.read_text() for path in ROOT.glob(ways))
    assert "PYTHONDONTWRITEBYTECODE=1" in text and "-m compileall" in text


def test_a_folding_cell_of_two_lines_holds_one_thing() -> None:
    """On a phone each thing in such a cell stands beside the others, and a ``<br>`` between them counts for nothing."""
    cells = (
        (name, cell)
        for name, text in _texts()
        if name.endswith(".html")
        for cell in re.findall(r"<td[^>]*data-label[^>]*>(.*?)</td>", text)
    )
    assert [f"{name}: {cell[:60]}" for name, cell in cells if "<br>" in cell and not re.fullmatch(r"<(span|div)>.*</\1>", cell)] == []
