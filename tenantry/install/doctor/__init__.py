"""``tenantry doctor``: is this installation sound, and if not, what mends it?"""

from __future__ import annotations

from config.environment import Environment

from . import contents, database, surroundings
from .findings import Finding, Unreachable, show


def run(settings: Environment) -> int:
    """Print one line per check and, under it, how to mend it; returns the exit code, 1 when something failed."""
    failed = 0
    for check in (*database.CHECKS, *surroundings.CHECKS, *contents.CHECKS):
        try:
            for finding in check(settings):
                show(finding)
                failed += finding.state == "fail"
        except SystemExit as refusal:  # Django's settings refuse to load
            failed += 1
            show(Finding("fail", "settings", str(refusal.code), "docs/operations.md lists the settings."))
            break
        except Unreachable:
            show(Finding("warn", "doctor", "The rest was not checked, because it needs the database."))
            break
    print(f"\n{failed} to mend." if failed else "\nAll is well.")
    return 1 if failed else 0
