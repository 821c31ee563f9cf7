"""Whether somebody has taken charge of this installation, and who comes first when two want to."""

from __future__ import annotations

from django.db import connections

from tenantry.kit.problems import Problem, conflict

_known = False


def installed() -> bool:
    """Whether there is, or ever was, an admin or an admin's key in any tenant. Once it is true it stays so."""
    global _known
    if not _known:
        with connections["default"].cursor() as cursor:
            cursor.execute("select workspaces_installed()")
            _known = bool(cursor.fetchone()[0])
    return _known


def refuse_installed() -> None:
    """Raises Problem 409 ``already_installed``."""
    if installed():
        raise conflict("already_installed", "This installation is set up already. Sign in, or ask its admin to invite you.")


def require_installed() -> None:
    """Raises Problem 409 ``not_installed``: until there is an operator, nobody else comes in."""
    if not installed():
        raise Problem(409, "not_installed", "This installation is not set up yet. Its operator does that at /install.")


def one_at_a_time() -> None:
    """Hold back any other installer until this transaction ends. Call it inside one, then ask ``refuse_installed`` again."""
    with connections["default"].cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('tenantry install'))")
