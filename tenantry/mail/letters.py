"""What a mail says and how it looks: the catalogue of our mails, and one template for HTML and text.

A room registers its mails when Django starts and names them in ``services.queue``; the sample shows them at /operator/mail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

from tenantry.kit import colours
from tenantry.tenancy.scope import current

from .plain import plain_text

STANDARD = "#2f62c4"  # the colour of tenantry.css
LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The organization that a mail is about. ``colour`` is ``#rrggbb`` or empty."""

    name: str
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One kind of mail: ``mail/<name>.html``. ``meaning`` says when it is sent; ``sample`` makes the context of its preview."""

    name: str
    meaning: str
    subject: str
    sample: Callable[[], dict[str, Any]]
    head: Letterhead | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A mail as it leaves: what ``sealed_body`` holds."""

    subject: str
    text: str
    html: str


_letters: dict[str, Letter] = {}


def register(name: str, *, meaning: str, subject: str, sample: Callable[[], dict[str, Any]], head: Letterhead | None = None) -> None:
    """Add a kind of mail; ``subject`` and ``head`` are those of its preview. Raises ValueError for a name that is taken."""
    if name in _letters:
        raise ValueError(f"the mail {name} is registered twice")
    _letters[name] = Letter(name, meaning, subject, sample, head)


def letters() -> dict[str, Letter]:
    """Every kind of mail, by name."""
    return dict(sorted(_letters.items()))


def write(
    name: str, *, subject: str, context: Mapping[str, Any], head: Letterhead | None = None, own: Mapping[str, str] | None = None
) -> Written:
    """Render a registered mail in the present tenant's look, or in that of the organization it is about. Raises KeyError.

    ``own`` is for a mail of the installation, where there is no tenant: what ``program`` would say.
    """
    letter, subject = _letters[name], " ".join(subject.split())[:LONGEST_SUBJECT]
    html = render_to_string(f"mail/{letter.name}.html", {**context, **_look(head, own or program()), "subject": subject})
    return Written(subject, plain_text(html), html)


def preview(name: str) -> Written:
    """A registered mail with its sample. Raises KeyError."""
    letter = _letters[name]
    return write(name, subject=letter.subject, context=letter.sample(), head=letter.head)


def program() -> dict[str, str]:
    """How the tenant calls itself outside: ``{"name", "support_email", "colour"}``. Needs no query."""
    opened = current()
    return {"name": opened.name, "support_email": opened.support_email, "colour": opened.colour}


def _look(head: Letterhead | None, own: Mapping[str, str]) -> dict[str, str]:
    ground, ink = colours.button_of((head.colour if head else "") or own["colour"] or STANDARD)
    return {
        "workspace": own["name"],
        "support_email": own["support_email"],
        "head": head.name if head else own["name"],
        "ground": ground,
        "ink": ink,
    }
