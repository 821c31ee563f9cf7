"""The code as syntax trees, for the linters beside this file: who calls whom, and who writes rows."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Definition = ast.FunctionDef | ast.AsyncFunctionDef
_MANAGER = frozenset("create bulk_create bulk_update update_or_create get_or_create raw_delete".split())
_CHANGES = re.compile(r"\s*(insert\s+into|update|delete\s+from|truncate)\s+\"?(\w+)", re.IGNORECASE)


@lru_cache
def tracked(pattern: str = "") -> tuple[Path, ...]:
    """The files under version control (in a copy without it: all but what is hidden), perhaps only ``*.py``."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    names = done.stdout.splitlines() if done.returncode == 0 else [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")]
    shown = (ROOT / name for name in names if not any(part.startswith(".") and part != ".ci" for part in Path(name).parts))
    return tuple(sorted(path for path in shown if path.is_file() and (not pattern or path.match(pattern))))


@dataclass
class Module:
    """One module: ``name`` is its dotted name, ``imports`` what its local names stand for."""

    name: str
    text: str
    path: Path = ROOT

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def package(self) -> str:
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    @cached_property
    def imports(self) -> dict[str, str]:
        """``{"record": "tenantry.audit.services.record", "limits": "tenantry.entitlements.limits"}``, wherever they stand."""
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                base = self._from(node)
                found |= {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                found |= {alias.asname: alias.name for alias in node.names if alias.asname}
        return found

    def _from(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.package.split(".")
        return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])

    @cached_property
    def constants(self) -> dict[str, str]:
        """Texts that the module names at its top level."""
        found = {}
        for node in self.tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
            value = getattr(node, "value", None)
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found |= {target.id: value.value for target in targets if isinstance(target, ast.Name)}
        return found

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Functions and methods by dotted name; what is defined inside one belongs to it."""
        found = {}
        for node in self.tree.body:
            if isinstance(node, Definition):
                found[f"{self.name}.{node.name}"] = Function(f"{self.name}.{node.name}", node, self)
            elif isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, Definition):
                        name = f"{self.name}.{node.name}.{method.name}"
                        found[name] = Function(name, method, self, node.name)
        return found


@dataclass
class Function:
    """A function or method."""

    name: str
    node: Definition
    module: Module = field(repr=False)
    of_class: str = ""

    @property
    def public(self) -> bool:
        return not self.node.name.startswith("_")

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call in it with the dotted name of what is called, as far as that is one of ours or imported."""
        for node in ast.walk(self.node):
            if isinstance(node, ast.Call):
                yield node, self.named(node.func)

    def named(self, node: ast.expr) -> str:
        """The dotted name that an expression stands for, or an empty string."""
        if isinstance(node, ast.Name):
            return self.module.imports.get(node.id, f"{self.module.name}.{node.id}")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "self" and self.of_class:
                return f"{self.module.name}.{self.of_class}.{node.attr}"
            if node.value.id in self.module.imports:
                return f"{self.module.imports[node.value.id]}.{node.attr}"
        return ""

    def writes(self) -> Iterator[ast.Call]:
        """The calls in it that write rows: of a model, a queryset, or a statement of the module's."""
        for node, name in self.calls():
            if isinstance(node.func, ast.Attribute) and self._writes(node, node.func, name):
                yield node

    def _writes(self, call: ast.Call, method: ast.Attribute, name: str) -> bool:
        attribute = method.attr.removeprefix("a") if method.attr in ("asave", "adelete", "aupdate", "acreate") else method.attr
        if self.statement(call):
            return True
        if isinstance(method.value, ast.Name) and self.module.imports.get(method.value.id, "").startswith("tenantry.") and name:
            imported = self.module.imports[method.value.id]
            if imported.rpartition(".")[2][:1].islower():  # another module's function of that name
                return False
        if attribute == "save":  # a picture is saved to something, a row is not
            return not call.args
        if attribute == "update":  # a dictionary's takes another one
            return not call.args and bool(call.keywords)
        if attribute == "delete":
            return not call.args and not call.keywords
        return attribute in _MANAGER and (attribute != "create" or "objects" in ast.unparse(method.value))

    def statement(self, call: ast.Call) -> str:
        """The table that an ``execute`` changes, or an empty string."""
        if not (isinstance(call.func, ast.Attribute) and call.func.attr.startswith("execute") and call.args):
            return ""
        first = call.args[0]
        text = self.module.constants.get(first.id, "") if isinstance(first, ast.Name) else getattr(first, "value", "")
        found = _CHANGES.match(text) if isinstance(text, str) else None
        return found[2] if found else ""


class Code:
    """Some modules with their graph of calls."""

    def __init__(self, modules: Mapping[str, Module]) -> None:
        self.modules = modules
        self.functions: dict[str, Function] = {name: found for module in modules.values() for name, found in module.functions.items()}

    @cached_property
    def called(self) -> dict[str, set[str]]:
        """What each function calls, among ours."""
        return {name: {target for _, target in found.calls() if target in self.functions} for name, found in self.functions.items()}

    @cached_property
    def callers(self) -> dict[str, set[str]]:
        """Who calls each function."""
        found: dict[str, set[str]] = {name: set() for name in self.functions}
        for name, targets in self.called.items():
            for target in targets - {name}:
                found[target].add(name)
        return found

    def reach(self, name: str) -> set[str]:
        """A function and all that it leads to."""
        seen, waiting = set(), [name]
        while waiting:
            if (present := waiting.pop()) not in seen:
                seen.add(present)
                waiting += self.called.get(present, ())
        return seen


def of(**texts: str) -> Code:
    """Code made up for a linter's own test: ``of(rooms="def f(): …")``."""
    return Code({name: Module(name, text) for name, text in texts.items()})


@lru_cache
def code() -> Code:
    """All of ``tenantry`` but migrations and tests."""
    found = {}
    for path in tracked("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] == "tenantry" and not {"migrations", "tests"} & set(parts):
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Module(name, path.read_text(), path)
    return Code(found)
