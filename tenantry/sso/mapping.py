"""From what a provider said to whom it means: attributes under its own names become e-mail, name, groups and custom values. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem, invalid

from .presets import PRESETS, USUAL

FIELDS: Final = ("email", "name", "first_name", "last_name", "groups")
MOST_CUSTOM, MOST_GROUPS, LONGEST = 20, 1000, 300
Attributes = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Proof:
    """What a provider's true answer says of a person. ``email`` is normalized, or empty when it sent none that can be read.

    ``email_verified`` is None where the provider doesn't say. ``attributes`` are all that it sent. ``session_until`` is when the
    provider's session ends, by its clock, as ISO 8601, where it says. ``id_token`` is kept to sign out there with.
    """

    subject: str
    email: str = ""
    name: str = ""
    groups: list[str] = field(default_factory=list)
    custom: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, list[str]] = field(default_factory=dict)
    email_verified: bool | None = None
    session_index: str = ""
    name_id_format: str = ""
    session_until: str = ""
    id_token: str = field(default="", repr=False)

    def stored(self) -> dict[str, Any]:
        """As JSON, for the flow's row."""
        return asdict(self)


def _known(attributes: Attributes) -> dict[str, list[str]]:
    """By lower-case names; of two that differ in case alone the first counts."""
    return {name.lower(): [str(value) for value in values] for name, values in reversed(list(attributes.items()))}


def _find(known: dict[str, list[str]], name: str, mapping: Mapping[str, Any], preset: str, kind: str) -> list[str]:
    """The values of one of ``FIELDS``: under the mapping's name for it, else the preset's, else the usual ones."""
    if own := mapping.get(name):
        return known.get(str(own).lower(), [])
    usual = PRESETS[preset].mapping.get(kind, {})
    names = [usual[name]] if name in usual else []
    return next((known[each.lower()] for each in (*names, *USUAL[name]) if known.get(each.lower())), [])


def lacking(attributes: Attributes, *, mapping: Mapping[str, Any], preset: str, kind: str, groups: bool) -> set[str]:
    """Which of ``email``, ``name``, ``groups`` (if they are wanted) and ``custom`` aren't among the attributes, or not whole."""
    known = _known(attributes)

    def there(name: str) -> bool:
        return bool(_find(known, name, mapping, preset, kind))

    wanted = {"email": there("email"), "name": there("name") or there("first_name") or there("last_name")}
    if groups or mapping.get("groups"):
        wanted["groups"] = there("groups")
    wanted["custom"] = all(known.get(str(theirs).lower()) for theirs in (mapping.get("custom") or {}).values())
    return {name for name, found in wanted.items() if not found}


def read(
    *, subject: str, attributes: Attributes, mapping: Mapping[str, Any], preset: str, kind: str, session_index: str = "",
    name_id_format: str = "", session_until: str = "", id_token: str = "",
) -> Proof:  # fmt: skip
    """Apply a connection's mapping; where it names nothing, the preset's names and then the usual ones are looked for."""
    known = _known(attributes)

    def found(name: str) -> list[str]:
        return _find(known, name, mapping, preset, kind)

    def first(name: str) -> str:
        return next(iter(found(name)), "").strip()

    custom = {our: ", ".join(known.get(str(theirs).lower(), []))[:LONGEST] for our, theirs in (mapping.get("custom") or {}).items()}
    verified = known.get("email_verified", [""])[0].lower()
    return Proof(
        subject=subject,
        email=_address(first("email")) or ("" if mapping.get("email") else _address(subject)),
        name=(first("name") or f"{first('first_name')} {first('last_name')}".strip())[:120],
        groups=[group.strip()[:LONGEST] for group in found("groups") if group.strip()][:MOST_GROUPS],
        custom=custom,
        attributes={name[:LONGEST]: [value[:1000] for value in values][:100] for name, values in attributes.items()},
        email_verified={"true": True, "1": True, "false": False, "0": False}.get(verified),
        session_index=session_index,
        name_id_format=name_id_format,
        session_until=session_until,
        id_token=id_token,
    )


def flattened(claims: Mapping[str, Any]) -> dict[str, list[str]]:
    """OpenID claims as attributes are: lists of texts. What is an object in itself is left out."""
    found = {}
    for name, value in claims.items():
        values = value if isinstance(value, list) else [value]
        texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in values if isinstance(one, str | int | float)]
        if texts or value == []:
            found[name] = texts
    return found


def _address(text: str) -> str:
    try:
        return normalize(text)
    except Problem:
        return ""


def check_mapping(given: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping as it is kept: no empty entries, no unknown ones. Raises Problem 422 ``attribute_mapping_invalid``."""
    kept: dict[str, Any] = {}
    for name, value in given.items():
        if name == "custom":
            kept["custom"] = _check_custom(value or {})
        elif name not in FIELDS:
            detail = f"There is no attribute {name[:40]!r}; there are {', '.join(FIELDS)} and custom."
            raise invalid(detail, pointer=f"/mapping/{name[:40]}", code="attribute_mapping_invalid")
        elif text := str(value or "").strip():
            if len(text) > LONGEST or not text.isprintable():
                raise invalid(f"A name has at most {LONGEST} characters.", pointer=f"/mapping/{name}", code="attribute_mapping_invalid")
            kept[name] = text
    return {name: value for name, value in kept.items() if value}


def _check_custom(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping) or len(given) > MOST_CUSTOM:
        raise invalid(
            f"Custom attributes are an object of at most {MOST_CUSTOM}.", pointer="/mapping/custom", code="attribute_mapping_invalid"
        )
    kept = {}
    for our, theirs in given.items():
        name, value = str(our).strip(), str(theirs or "").strip()
        if not name.isidentifier() or len(name) > 40 or not value.isprintable() or len(value) > LONGEST:
            detail = "A custom attribute is called like department, and names one of the provider's."
            raise invalid(detail, pointer="/mapping/custom", code="attribute_mapping_invalid")
        if value:
            kept[name] = value
    return kept
