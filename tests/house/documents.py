"""Tables of the documents that are made from the code: ``.venv/bin/python -m tests.house.documents`` writes them.

Each stands between ``<!-- from the code: NAME -->`` and ``<!-- end -->``; ``test_documents.py`` compares.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenantry.audit.catalogue import PublicEvent

DOCS = Path(__file__).resolve().parents[2] / "docs"
_PART = re.compile(r"(<!-- from the code: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _table(head: str, rows: Iterable[Iterable[str]]) -> str:
    columns = head.split(" | ")
    lines = [head, " | ".join(["---"] * len(columns)), *(" | ".join(row) for row in rows)]
    return "".join(f"| {line} |\n" for line in lines)


def _names(found: Iterable[str], everybody: Iterable[str]) -> str:
    found = set(found)
    return "all" if found == set(everybody) else ", ".join(name for name in everybody if name in found) or "nobody"


def roles() -> str:
    """Roles of organizations by rank."""
    from tenantry.access.permissions import ROLES

    return _table("role | rank | seat | what it is for", ([f"`{r.name}`", str(r.rank), f"`{r.seat}`", r.meaning] for r in ROLES.values()))


def staff_roles() -> str:
    """Roles of staff."""
    from tenantry.access.permissions import STAFF_ROLES

    return _table("staff role | what it is for", ([f"`{name}`", meaning] for name, meaning in STAFF_ROLES.items()))


def permissions() -> str:
    """Every built-in permission with its holders."""
    from tenantry.access.permissions import ROLES, STAFF_ROLES, registered

    rows = ([f"`{p.name}`", p.meaning, _names(p.roles, ROLES), _names(p.staff, STAFF_ROLES)] for p in registered().values())
    return _table("permission | what it allows | roles | staff", rows)


def presets() -> str:
    """Bundles of scopes for keys; what no room registers yet in italics."""
    from tenantry.access.scopes import PRESETS, announced

    waiting = announced()
    rows = (
        [f"`{p.name}`", p.meaning, ", ".join(f"*`{name}`*" if name in waiting else f"`{name}`" for name in p.scopes)]
        for p in PRESETS.values()
    )
    return _table("preset | for | scopes", rows)


def events() -> str:
    """Every event that can be recorded."""
    from tenantry.audit.catalogue import event_types

    rows = sorted(event_types(), key=lambda kind: (kind.category, kind.name))
    return _table("event | category | meaning", ([f"`{kind.name}`", kind.category, kind.meaning] for kind in rows))


def public_events() -> str:
    """Every event that webhooks can tell."""
    from tenantry.audit.catalogue import public_events as found

    rows = ([f"[`{e.name}`](#{e.name.replace('.', '')})", e.meaning, e.when, "yes" if e.about_people else ""] for e in found().values())
    return _table("event | meaning | when | about people", rows)


def payloads() -> str:
    """A body of each public event, and the schema of what is its own."""
    from tenantry.audit.catalogue import public_events as found
    from tenantry.webhooks.schemas import payload_example

    def section(event: PublicEvent) -> str:
        example = json.dumps(payload_example(event), indent=2, ensure_ascii=False)
        schema = json.dumps(event.data.model_json_schema(mode="serialization"), indent=2, ensure_ascii=False)
        shown = f"<details><summary>JSON Schema of its <code>data</code></summary>\n\n```json\n{schema}\n```\n\n</details>\n"
        return f"### {event.name}\n\n{event.meaning} {event.when}\n\n```json\n{example}\n```\n\n{shown}"

    return "\n" + "\n".join(section(event) for event in found().values()) + "\n"


def retries() -> str:
    """When a delivery is tried."""
    from tenantry.webhooks.policy import JITTER, WAITS

    def words(minutes: int) -> str:
        return f"{minutes} minute{'s' if minutes > 1 else ''}" if minutes < 60 else f"{minutes // 60} hours"

    rows = [["1", "at once"], *([str(number), f"{words(int(wait.total_seconds() // 60))} after the one before, ±{JITTER:.0%}"]
                               for number, wait in enumerate(WAITS, start=2))]  # fmt: skip
    return _table("try | when", rows)


def fields() -> str:
    """The fields of an organization and the permission that each asks for."""
    from tenantry.access.permissions import ROLES, STAFF_ROLES, registered
    from tenantry.organizations.fields import FIELDS

    def row(name: str, permission: str) -> list[str]:
        held = registered()[permission]
        return [f"`{name}`", f"`{permission}`", _names(held.roles, ROLES), _names(held.staff, STAFF_ROLES)]

    return _table("field | permission | roles | staff", (row(name, permission) for name, (_, permission, _) in FIELDS.items()))


def transitions() -> str:
    """From which state an act leads to which."""
    from tenantry.organizations.services import _NEEDS_REASON
    from tenantry.organizations.states import TRANSITIONS

    rows = (
        [act.replace("_", " "), ", ".join(f"`{state}`" for state in sorted(before)), f"`{after}`", "yes" if act in _NEEDS_REASON else "no"]
        for act, (before, after) in TRANSITIONS.items()
    )
    return _table("act | from | to | needs a reason", rows)


def states() -> str:
    """What may be done in which state: every permission of an organization that isn't reading."""
    from tenantry.access.permissions import registered
    from tenantry.organizations.states import ACTIVE, PENDING, SUSPENDED, is_reading, refusal

    def word(state: str, name: str, staff: bool) -> str:
        return "no" if refusal(state, name, staff=staff) else "yes"

    acting = [p.name for p in registered().values() if not is_reading(p.name) and (p.roles or p.name.startswith("entitlements:"))]
    rows = ([f"`{name}`", word(PENDING, name, False), word(ACTIVE, name, False), word(SUSPENDED, name, False), word(SUSPENDED, name, True)]
            for name in acting)  # fmt: skip
    return _table("permission | pending | active | suspended | suspended, staff", rows)


def plans() -> str:
    """The limits that each plan sets."""
    from tenantry.entitlements.plans import PLANS

    names = sorted({name for limits in PLANS.values() for name in limits}, key=lambda name: (not name.startswith("seat:"), name))
    rows = ([f"`{plan}`", *(str(limits.get(name, "no limit")) for name in names)] for plan, limits in PLANS.items())
    return _table(" | ".join(["plan", *(f"`{name}`" for name in names)]), rows)


def rates() -> str:
    """The rate limits as they are where nobody has set others."""
    from tenantry.access.rates import DEFAULTS

    return _table("rule | what it counts | limit", ([f"`{rule.name}`", rule.meaning, rule.phrase] for rule in DEFAULTS.values()))


def operations() -> str:
    """Every operation of the API, with what it asks for."""
    from tenantry.install.wizard.api import api

    paths = api.get_openapi_schema(path_prefix="/api/v1/")["paths"]
    rows = (
        [f"`{method.upper()} {path.removeprefix('/api/v1')}`", found["summary"], f"`{found['x-permission']}`"]
        for path, methods in sorted(paths.items())
        for method, found in methods.items()
    )
    return _table("operation | what it does | permission", rows)


def metrics() -> str:
    """What /metrics answers."""
    from prometheus_client import Counter, Histogram

    from tenantry.install.counting import GAUGES
    from tenantry.kit import metrics as counted

    found = [one for one in vars(counted).values() if isinstance(one, Counter | Histogram)]
    rows = [
        [
            f"`{one._name}_total`" if isinstance(one, Counter) else f"`{one._name}`",
            one._type,
            ", ".join(one._labelnames),
            one._documentation,
        ]
        for one in found
    ]
    rows += [[f"`{name}`", "gauge", ", ".join(labels), meaning] for name, (meaning, labels) in GAUGES.items()]
    return _table("metric | kind | labels | what it says", rows)


def saml_refusals() -> str:
    """Every reason for which something of SAML is refused."""
    from tenantry.sso.saml.reasons import REASONS

    return _table("code | what it says", ([f"`{code}`", sentence] for code, sentence in REASONS.items()))


PARTS: dict[str, Callable[[], str]] = {
    part.__name__: part
    for part in (
        roles,
        saml_refusals,
        staff_roles,
        permissions,
        presets,
        events,
        public_events,
        payloads,
        retries,
        fields,
        transitions,
        states,
        plans,
        rates,
        operations,
        metrics,
    )
}


def renewed(text: str) -> str:
    """A document with its parts as the code has them now."""
    return _PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}{found[3]}", text)


def documents() -> list[Path]:
    """The documents that have such parts."""
    return [path for path in sorted(DOCS.rglob("*.md")) if "<!-- from the code:" in path.read_text()]


def main() -> None:
    """Write what has changed; needs no database."""
    os.environ |= {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "DJANGO_SETTINGS_MODULE": "config.settings"}
    os.environ.setdefault("TENANTRY_SECRETS_KEY", "nothing is sealed here")
    import django

    django.setup()
    for path in documents():
        before = path.read_text()
        if (after := renewed(before)) != before:
            path.write_text(after)
            print(f"{path.relative_to(DOCS.parent)} was renewed.")
    from tenantry.api.refusals import FILE

    from . import refusals

    if FILE.read_text() != (after := refusals.document()):
        FILE.write_text(after)
        print(f"{FILE.relative_to(DOCS.parent)} was renewed.")


if __name__ == "__main__":
    main()
