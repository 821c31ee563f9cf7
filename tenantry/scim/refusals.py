"""What SCIM refuses, in the words of RFC 7644 table 9. ``kit.answers`` writes them as SCIM errors."""

from __future__ import annotations

from typing import Any

from tenantry.kit.problems import Problem


def invalid_filter(detail: str) -> Problem:
    """400: a filter that can't be read, or compares what can't be compared."""
    return Problem(400, "scim_filter_invalid", detail, scim_type="invalidFilter")


def invalid_syntax(detail: str) -> Problem:
    """400: a body of the wrong shape."""
    return Problem(400, "scim_syntax_invalid", detail, scim_type="invalidSyntax")


def invalid_path(detail: str) -> Problem:
    """400: a path of a PATCH that can't be read or names nothing that there is."""
    return Problem(400, "scim_path_invalid", detail, scim_type="invalidPath")


def no_target(detail: str) -> Problem:
    """400: a path of a PATCH whose filter matches nothing."""
    return Problem(400, "scim_no_target", detail, scim_type="noTarget")


def invalid_value(detail: str) -> Problem:
    """400: a value that an attribute can't take, or a required one that is missing."""
    return Problem(400, "scim_value_invalid", detail, scim_type="invalidValue")


def mutability(detail: str) -> Problem:
    """400: a change of what can't be changed."""
    return Problem(400, "scim_read_only", detail, scim_type="mutability")


def too_many(detail: str) -> Problem:
    """413: more operations than one request may have."""
    return Problem(413, "scim_too_many", detail, scim_type="tooMany")


def uniqueness(detail: str) -> Problem:
    """409: somebody else has this name."""
    return Problem(409, "scim_uniqueness", detail, scim_type="uniqueness")


def invalid_cursor(detail: str) -> Problem:
    """400: a cursor of another query, or none of ours (RFC 9865 §2.2)."""
    return Problem(400, "scim_cursor_invalid", detail, scim_type="invalidCursor")


def invalid_count(detail: str) -> Problem:
    """400: a page size that is no number (RFC 9865 §2.2)."""
    return Problem(400, "scim_count_invalid", detail, scim_type="invalidCount")


def unknown(kind: str, identifier: Any) -> Problem:
    """404: no such resource in this organization."""
    return Problem(404, "not_found", f"There is no {kind} {str(identifier)[:80]} in this organization.")


def gone() -> Problem:
    """410: the person was erased; for ever."""
    return Problem(410, "member_erased", "This person's data was erased. They can't be provisioned again.")
