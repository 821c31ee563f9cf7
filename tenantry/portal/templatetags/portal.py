"""Tags of every page: the small components. README.md beside this folder shows each with a snippet."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django import template
from django.forms.boundfield import BoundField
from django.http import HttpRequest, QueryDict
from django.template import Context
from django.urls import get_script_prefix
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from .. import times
from ..fields import field_context
from ..icons import ICONS
from ..meters import meter_context
from ..navigation import Shell, address_of
from ..statuses import described

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon: decoration, unless it has a label. Raises KeyError for an unknown name."""
    drawn = ICONS[name]
    voice = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.4" '
        'stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>',
        voice,
        mark_safe(drawn),  # noqa: S308  # our own constants
    )


def initials(name: str) -> str:
    """Two letters for a round face: first and last word before a comma, or the start of a single word."""
    words = [word for word in name.partition(",")[0].replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][:2] if len(words) == 1 else words[0][0] + words[-1][0]).upper()


@register.simple_tag
def face(name: str) -> SafeString:
    """A person's initials in a circle; the name itself stands beside it."""
    return format_html('<span class="face" aria-hidden="true">{}</span>', initials(str(name)))


@register.simple_tag
def mark(name: str) -> SafeString:
    """The first letter of an organization or a tenant in its colour."""
    return format_html('<span class="mark" aria-hidden="true">{}</span>', (str(name).strip()[:1] or "T").upper())


@register.simple_tag
def pill(status: str, label: str = "") -> SafeString:
    """A status with its colour and its word (``statuses.py``); ``label`` says another word."""
    tone, word = described(str(status))
    return format_html('<span class="pill{}">{}</span>', f" {tone}" if tone else "", label or word)


@register.inclusion_tag("portal/parts/meter.html")
def meter(label: str, used: int, limit: int | None = None, held: int = 0, held_word: str = "invited") -> dict[str, Any]:
    """A bar of ``used`` (and ``held``) units against a limit; None is no limit."""
    return meter_context(label, used, limit, held, held_word)


@register.inclusion_tag("portal/parts/field.html")
def field(bound: BoundField, **options: Any) -> dict[str, Any]:
    """A form field: ``{% field form.email hint="…" autocomplete="username" %}``."""
    return field_context(bound, **options)


@register.simple_tag(takes_context=True)
def when(context: Context, value: datetime | date | None, form: str = "") -> SafeString:
    """An instant in words, in the organization's time zone where there is one; the title has UTC. ``form="date"`` leaves the time out."""
    if value is None or value == "":
        return mark_safe('<span class="quiet">–</span>')
    if not isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), times.day(value))
    zone = times.zone(getattr(context.get("organization"), "time_zone", ""))
    exact = value.astimezone(UTC)
    return format_html(
        '<time class="num" datetime="{}" title="{}">{}</time>',
        exact.strftime("%Y-%m-%dT%H:%M:%SZ"),
        f"{times.day(exact.date())}, {exact:%H:%M:%S} UTC",
        times.human(value, zone=zone, dates_only=form == "date"),
    )


def address(request: HttpRequest | None, **changes: str | None) -> str:
    """The page's query string with these parameters set, or left out when None."""
    query: QueryDict = request.GET.copy() if request else QueryDict(mutable=True)
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    return f"?{query.urlencode()}" if query else "?"


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: str | None) -> str:
    """``{% query tab="usage" cursor=None %}``: this page's address with other parameters."""
    return address(context.get("request"), **changes)


@register.inclusion_tag("portal/parts/pager.html", takes_context=True)
def pager(context: Context, page: Any) -> dict[str, Any]:
    """Links of a keyset page: onwards, and back to the first. Nothing when everything is shown."""
    request = context.get("request")
    following = getattr(page, "next_cursor", None)
    return {
        "next": address(request, cursor=following) if following else "",
        "first": address(request, cursor=None) if request and request.GET.get("cursor") else "",
    }


@register.simple_tag(takes_context=True)
def shell(context: Context) -> Shell:
    """The frame of this page: navigation, switcher and account menu, as ``page.html`` shows them."""
    return Shell(context)


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """The address of the organization's colours, on a page that shows one."""
    organization = context.get("organization")
    if organization is None:
        return ""
    return getattr(organization, "theme_url", "") or address_of("organization_theme", slug=organization.slug)


@register.simple_tag
def start() -> str:
    """The address of the start page, which sends everyone where they belong."""
    return get_script_prefix()
