"""What each operation's code can refuse, read from the graph of calls: ``tenantry/api/refusals.json`` is made of it."""

from __future__ import annotations

import json
import re

from . import source
from .test_errors import ELSEWHERE, PAGE, raised
from .test_operations import operations

# What stands around every operation, in the order in which a request comes by; tenantry/api/refusals.py has rules for it.
AROUND = {
    "tenancy.middleware.TenantScope.__call__",
    "people.middleware.Authentication.__call__",
    "maintenance.middleware.Maintenance.process_view",
    "access.middleware.RateLimits.__call__",
    "api.idempotency.Idempotency.__call__",
    "api.root.KeyOrSession.__call__",
    "api.root.JsonOnly.parse_body",
    "api.root.on_validation",
    "api.root.on_http_error",
    "api.root.on_exception",
}
# Said around, and of no operation in the document: a defect, what the framework refuses, and addresses that aren't in it.
OF_NO_OPERATION = {"internal_error", "http_error", "tenant_slug_missing"}

# Functions that call what stands in a table of another module's, or of their own: they reach every function of it.
BY_TABLE = {"organizations.fields.clean": "organizations.fields"}


def of_functions(code: source.Code) -> dict[str, set[tuple[int, str]]]:
    """``(status, code)`` that each function raises itself."""
    found: dict[str, set[tuple[int, str]]] = {}
    for name, problem, status in raised(code):
        elsewhere = ELSEWHERE.get(name.removeprefix("tenantry."))
        pairs = {(status, problem)} if elsewhere is None else {(each, other) for other, statuses in elsewhere.items() for each in statuses}
        found.setdefault(name, set()).update(pairs)
    return found


def reached(name: str, code: source.Code, own: dict[str, set[tuple[int, str]]]) -> set[tuple[int, str]]:
    """What a function and all that it leads to can raise."""
    functions = code.reach(f"tenantry.{name}")
    for caller, module in BY_TABLE.items():
        if f"tenantry.{caller}" in functions:
            functions |= {each for each in code.functions if each.rpartition(".")[0] == f"tenantry.{module}"}
    return {pair for function in functions for pair in own.get(function, ())}


def meanings() -> dict[str, str]:
    """What docs/errors.md says of each code."""
    return {row[1]: row[2] for row in re.finditer(r"^\| `(\w+)` \| [\d, any]+ \| (.+?) \| .+ \|$", PAGE.read_text(), re.MULTILINE)}


def document() -> str:
    """The text of the file: a line for each code and each operation."""
    code = source.code()
    own = of_functions(code)
    lines = {}
    for operation in operations(code):
        by_status: dict[str, list[str]] = {}
        for status, problem in sorted(reached(operation.name, code, own)):
            if problem not in OF_NO_OPERATION:
                by_status.setdefault(str(status), []).append(problem)
        lines[f"tenantry.{operation.name}".replace(".", "_")] = by_status
    return '{\n"codes": {\n' + _lines(meanings()) + '\n},\n"operations": {\n' + _lines(lines) + "\n}\n}\n"


def _lines(found: dict[str, object]) -> str:
    return ",\n".join(f"{json.dumps(name)}: {json.dumps(found[name], ensure_ascii=False)}" for name in sorted(found))
