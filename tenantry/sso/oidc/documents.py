"""JSON as it is read from strangers: bounded, without double members, and of text that a database takes.

Two readers that make different things of one document are how checks are passed: of two members with one name one reader
takes the first and another the last (RFC 8259 §4), so such a document is refused whole.
"""

from __future__ import annotations

import json
import math
from typing import Any, Literal

from tenantry.sso.refused import Refused

LARGEST = 256 * 1024
DEEPEST = 16

Kind = Literal["answer", "token"]
_CODES: dict[Kind, dict[str, str]] = {
    "answer": {
        "large": "oidc_answer_too_large",
        "unreadable": "oidc_answer_unreadable",
        "double": "oidc_answer_duplicate_member",
        "text": "oidc_answer_text_invalid",
        "deep": "oidc_answer_too_deep",
    },
    "token": {
        "large": "oidc_token_too_large",
        "unreadable": "oidc_token_unreadable",
        "double": "oidc_token_duplicate_member",
        "text": "oidc_token_text_invalid",
        "deep": "oidc_token_too_deep",
    },
}


class _Double(ValueError):
    """A member stands twice in one object."""


class _NoNumber(ValueError):
    """Not a number that a document may have."""


def read_object(data: bytes, *, kind: Kind, what: str, largest: int = LARGEST) -> dict[str, Any]:
    """The JSON object in ``data`` (UTF-8, at most ``largest`` bytes); ``what`` begins the sentences, such as "The list of keys".

    Raises Refused: too large, no JSON object, a member twice, nested deeper than 16, NaN or Infinity (or 1e999), a number of
    thousands of digits, or text with NUL or half a surrogate pair, which no database stores.
    """
    codes = _CODES[kind]
    if len(data) > largest:
        raise Refused(codes["large"], f"{what} is larger than {largest // 1024} KB.")
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_single, parse_constant=_no_constant, parse_float=_float)
    except _Double as error:
        raise Refused(codes["double"], f"{what} has a member twice.") from error
    except RecursionError as error:
        raise Refused(codes["deep"], f"{what} is nested too deeply.") from error
    except ValueError as error:
        raise Refused(codes["unreadable"], f"{what} is not JSON.") from error
    if not isinstance(found, dict):
        raise Refused(codes["unreadable"], f"{what} is not a JSON object.")
    _check(found, codes, what, DEEPEST)
    return found


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Double
    return found


def _no_constant(name: str) -> Any:
    raise _NoNumber(name)


def _float(text: str) -> float:
    """A number that stays one when it is written again: 1e999 would become Infinity, which no database takes."""
    found = float(text)
    if not math.isfinite(found):
        raise _NoNumber(text)
    return found


def _check(value: Any, codes: dict[str, str], what: str, levels: int) -> None:
    if levels < 0:
        raise Refused(codes["deep"], f"{what} is nested too deeply.")
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise Refused(codes["text"], f"{what} has characters that are no text.")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check(name, codes, what, levels)
            _check(inner, codes, what, levels - 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, codes, what, levels - 1)


def words(value: object, *, longest: int = 160, secrets: tuple[str, ...] = ()) -> str:
    """A stranger's words as they may be shown: printable, short, and without what must not be repeated."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(value))
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"
