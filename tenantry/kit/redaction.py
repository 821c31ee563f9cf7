"""Texts without secrets and addresses: for what is logged in production, and for the tracebacks that are kept.

It is the second net. The first is not to log such things: identifiers say who, and nobody else can read them.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

_LEFT_OUT = "[left out]"
# Members of a log line whose values are about somebody, or open something, whatever they look like.
PERSONAL = frozenset(
    "email to cc recipient subject text html body display_name full_name phone ip user_agent password token secret".split()
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/@]+@", re.IGNORECASE), r"\1:…@"),  # https://user:password@host
    (re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+"), "…@…"),
    (re.compile(r"\b(tk_live|tk_test|tk_scim|whsec|sk_live|sk_test)_[\w+/=-]{6,}"), r"\1_…"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), r"\1 …"),
    (re.compile(r"(/(?:link|invitations?)/)[\w-]{20,}"), r"\1…"),
    (re.compile(r"((?:password|passwd|secret|token|api_?key|private_key)\w*['\"]?\s*[:=]\s*)(b?(['\"])(?:(?!\3).)*\3|[\w+/=-]{16,})",
                re.IGNORECASE), r"\1…"),
)  # fmt: skip


def redacted(text: str) -> str:
    """The text with passwords, keys, tokens and e-mail addresses blotted out."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def redact(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor, the last before the line is written: no secret and nobody's address leaves in a log."""
    for name, value in line.items():
        if name in PERSONAL and value:
            line[name] = _LEFT_OUT
        else:
            line[name] = _plain(value)
    return line


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {key: _LEFT_OUT if key in PERSONAL and inner else _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redacted(str(value))
