"""The last requests of a directory that were refused, for whoever has to find out why: on a page, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from tenantry.kit.context import request_info
from tenantry.kit.paging import Page, by_id
from tenantry.kit.problems import Problem
from tenantry.tenancy.scope import aside

from .models import ScimError

KEPT: Final = 1_000
# Each so manieth error deletes what is beyond; what is shown is cut to KEPT anyway.
_TRIMMED_EVERY: Final = 64
_MOST_SENT: Final = 40
# What of a request's body is kept: what shape it had, and the values that say what was to happen. Everything else is blotted out.
_KEPT_VALUES: Final = frozenset(
    {"schemas", "op", "path", "active", "username", "primary", "type", "operations", "filter", "startindex", "count", "sortby",
     "sortorder", "attributes", "excludedattributes", "method", "bulkid", "failonerrors"}
)  # fmt: skip
BLOTTED: Final = "…"


def note(*, organization_id: UUID, problem: Problem, **what: Any) -> None:
    """``keep`` in a transaction of its own: the refusal rolls the request's back."""
    with aside():
        keep(organization_id=organization_id, problem=problem, **what)


def keep(
    *, organization_id: UUID, problem: Problem, status: int, method: str, path: str, scim_type: str = "", token_name: str = "",
    user_name: str = "", sent: Any = None,
) -> None:  # fmt: skip
    """Keep one refusal in the present transaction. ``sent`` is the body as it was read; ``status`` and ``scim_type`` are as the
    directory got them."""
    row = ScimError(
        organization_id=organization_id, request_id=request_info.get().request_id[:100], token_name=token_name[:120],
        method=method[:10], path=_printable(path)[:300], user_name=_printable(user_name)[:254], status=status, scim_type=scim_type[:20],
        code=problem.code[:60], detail=_printable(problem.detail)[:2000], sent=without_secrets(sent),
    )  # fmt: skip
    row.save(force_insert=True)
    if row.id.int % _TRIMMED_EVERY == 0:
        _trim(organization_id)


def note_token(*, organization_id: UUID, problem: Problem, token_name: str) -> None:
    """Keep that a token was refused at the door, before anything of its request was read (access.bearer calls it once a minute)."""
    note(
        organization_id=organization_id, problem=problem, status=problem.status, method="", path="/scim/v2", token_name=token_name
    )  # fmt: skip


def _trim(organization_id: UUID) -> None:
    rows = ScimError.objects.filter(organization_id=organization_id)
    beyond = rows.order_by("-id").values_list("id", flat=True)[KEPT : KEPT + 1].first()
    if beyond is not None:
        rows.filter(id__lte=beyond).delete()


def without_secrets(sent: Any, name: str = "") -> Any:
    """A body in its shape, with values kept only where they say what was asked for and name nobody but the userName. Pure."""
    if isinstance(sent, Mapping):
        return {_printable(str(key))[:120]: without_secrets(value, str(key)) for key, value in list(sent.items())[:_MOST_SENT]}
    if isinstance(sent, list | tuple):
        return [without_secrets(value, name) for value in sent[:_MOST_SENT]]
    if sent is None or isinstance(sent, bool):
        return sent
    if name.lower() in _KEPT_VALUES:
        return sent if isinstance(sent, int | float) else _printable(str(sent))[:300]
    return BLOTTED


def _printable(text: str) -> str:
    """What a column takes: no NUL, and nothing that is no text."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def latest(organization_id: UUID, *, cursor: str | None = None, limit: int) -> Page[ScimError]:
    """The last ``KEPT`` errors, the latest first."""
    rows = ScimError.objects.filter(organization_id=organization_id)
    oldest = rows.order_by("-id").values_list("id", flat=True)[KEPT - 1 : KEPT].first()
    if oldest is not None:
        rows = rows.filter(id__gte=oldest)
    found: Page[ScimError] = by_id(rows, cursor=cursor, limit=limit, newest_first=True)
    return found
