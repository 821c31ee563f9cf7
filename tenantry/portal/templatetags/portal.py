"""Tags of every page: the small components. README.md beside this folder shows each with a snippet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from textwrap import dedent
from typing import Any

from django import template
from django.forms.boundfield import BoundField
from django.http import HttpRequest, QueryDict
from django.template import Context
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from tenantry.access.principal import NOBODY, principal_of
from tenantry.maintenance.door import concerning, is_exempt, windows_of
from tenantry.people.factors import passing
from tenantry.people.rules import Rules, rules_of

from .. import times
from ..differences import lines_of
from ..fields import field_context
from ..icons import ICONS
from ..meters import meter_context
from ..navigation import Shell, address_of
from ..ranges import range_context
from ..statuses import described

register = template.Library()


@register.simple_tag(name="icon")
def icon_tag(name: str, label: str = "") -> SafeString:
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
    """An instant in words, in the organization's time zone where there is one; the title has UTC. ``form="date"`` leaves the time out,
    ``form="inside"`` is for the middle of a sentence."""
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
        times.human(value, zone=zone, dates_only=form == "date", inside=form == "inside"),
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


@register.simple_block_tag
def menu(content: SafeString, label: str, *, id: str, text: str = "", icon: str = "more", side: str = "end") -> SafeString:
    """A button that opens a menu; the content is ``<li>`` with a link, a button or a form. ``id`` is unique on the page.

    Without ``text`` the button is the icon alone, spoken as ``label``. ``side="start"`` opens towards the end of the line.
    """
    identifier = f"menu-{id}"
    drawn = icon_tag(icon if not text or icon != "more" else "down")
    face_of_button = format_html("{}{}", text, drawn) if icon == "more" else format_html("{}{}", drawn, text)
    return format_html(
        '<button class="button{}" type="button" popovertarget="{}"{}>{}</button>'
        '<div class="menu{}" id="{}" popover><ul aria-label="{}">{}</ul></div>',
        "" if text else " plain icon",
        identifier,
        "" if text else format_html(' aria-label="{}"', label),
        face_of_button,
        " wide" if side == "start" else "",
        identifier,
        label,
        content,
    )


@register.simple_block_tag
def dialog(content: SafeString, identifier: str, title: str) -> SafeString:
    """A dialog that is already in the page, opened by ``data-dialog="<identifier>"`` on a link to the same thing as a page."""
    return format_html(
        '<dialog id="{0}" aria-labelledby="{0}-title"><header class="row"><h2 id="{0}-title">{1}</h2>'
        '<button class="button plain icon push" type="button" data-close="dialog" aria-label="Close">{2}</button></header>{3}</dialog>',
        identifier,
        title,
        icon_tag("close"),
        content,
    )


@register.simple_block_tag
def codeblock(content: SafeString, title: str = "") -> SafeString:
    """Text to copy: a command, a request, a file."""
    return format_html(
        '<figure class="code"><figcaption>{}<button class="button plain small with-js" type="button" data-copy>{}Copy</button></figcaption>'
        '<pre tabindex="0"><code>{}</code></pre></figure>',
        title,
        icon_tag("copy"),
        mark_safe(dedent(content).strip()),  # noqa: S308  # the template rendered it and escaped what it showed
    )


@register.simple_tag
def copy(value: str, label: str = "Copy") -> SafeString:
    """One value with a button that copies it."""
    return format_html(
        '<span class="copy"><code>{}</code>'
        '<button class="button plain icon with-js" type="button" data-copy="{}" aria-label="{}">{}</button></span>',
        value,
        value,
        label,
        icon_tag("copy"),
    )


@register.inclusion_tag("portal/parts/steps.html")
def steps(items: Sequence[tuple[str, str]], current: int) -> dict[str, Any]:
    """Where one is in a wizard: ``[(label, address), …]`` and the present one's number, from 1. Only done steps are links."""
    return {
        "items": [
            {"label": label, "url": url if number < current else "", "done": number < current, "current": number == current}
            for number, (label, url) in enumerate(items, 1)
        ]
    }


@register.inclusion_tag("portal/parts/progress.html")
def progress(label: str, done: int, total: int) -> dict[str, Any]:
    """How far a long piece of work is."""
    return {"label": label, "done": done, "total": total, "most": max(total, 1)}


@register.inclusion_tag("portal/parts/diff.html")
def diff(changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Before and after of each changed field, as an audit event keeps them: ``{field: {"before": …, "after": …}}``."""
    return {"lines": lines_of(changes)}


@register.inclusion_tag("portal/parts/tree.html")
def tree(nodes: Sequence[Any], label: str = "Organizations") -> dict[str, Any]:
    """A tree; each node has ``name`` and ``children``, and may have ``url``, ``note`` and ``current``."""
    return {"nodes": nodes, "label": label}


@register.inclusion_tag("portal/parts/choices.html")
def choices(bound: BoundField, options: Sequence[Any]) -> dict[str, Any]:
    """Radio cards for a form field.

    An option has ``value`` and ``label``, and may have ``hint``, ``badge`` and ``closed``: why it can't be taken.
    """
    return {"field": bound, "options": options, "value": str(bound.value() or ""), "identifier": bound.auto_id or bound.html_name}


@register.simple_block_tag(takes_context=True)
def filters(context: Context, content: SafeString, *, target: str, search: str = "") -> SafeString:
    """The filter bar of the list with the id ``target``: it reloads that list in place, and is a plain GET form without scripts."""
    request = context.get("request")
    shown = {"content": content, "target": target, "search": search, "path": getattr(request, "path", ""), "q": given(context, "q")}
    return render_to_string("portal/parts/filters.html", shown)


@register.inclusion_tag("portal/parts/select.html", takes_context=True)
def select(context: Context, name: str, label: str, options: Sequence[tuple[str, str]], any: str = "All") -> dict[str, Any]:
    """A select of a filter bar: ``[(value, label), …]``, preset from the address."""
    return {"name": name, "label": label, "options": options, "any": any, "value": given(context, name)}


@register.inclusion_tag("portal/parts/daterange.html", takes_context=True)
def daterange(context: Context, after: str = "from", before: str = "to") -> dict[str, Any]:
    """A range of days of a filter bar: two dates (``?from=2026-11-01&to=2026-11-30``, both included) and the usual ranges."""
    start, end = given(context, after), given(context, before)
    shown = range_context(start, end)
    for preset in shown["presets"]:
        preset["url"] = address(context.get("request"), **{after: preset["start"], before: preset["end"], "cursor": None})
    return {**shown, "after": after, "before": before, "start": start, "end": end}


def given(context: Context, name: str) -> str:
    """A parameter of this page's address."""
    request = context.get("request")
    return request.GET.get(name, "") if request else ""


@register.simple_tag(takes_context=True)
def shell(context: Context) -> Shell:
    """The frame of this page: navigation, switcher and account menu, as ``page.html`` shows them."""
    return Shell(context)


@register.inclusion_tag("portal/parts/maintenance.html", takes_context=True)
def maintenance(context: Context) -> dict[str, Any]:
    """Banners of the maintenance windows that concern this page: under way, or beginning within a day."""
    request, organization = context.get("request"), context.get("organization")
    found = concerning(windows_of(request), getattr(organization, "id", None)) if request else []
    exempt = is_exempt(principal_of(request)) if found else False
    notices = [{"window": window, "under_way": window.under_way(), "exempt": exempt} for window in found]
    return {"notices": notices, "organization": organization}


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """The address of the organization's colours, on a page that shows one."""
    organization = context.get("organization")
    if organization is None:
        return ""
    return getattr(organization, "theme_url", "") or address_of("organization_theme", slug=organization.slug)


@register.simple_tag(takes_context=True)
def program_theme(context: Context) -> str:
    """The address of the workspace's own colours, where it has chosen one; it changes with the colour, so browsers may keep it."""
    colour = getattr(getattr(context.get("request"), "tenant", None), "colour", "")
    return f"{address_of('program_theme')}?{colour.removeprefix('#')}" if colour else ""


@register.inclusion_tag("portal/parts/factor_notice.html", takes_context=True)
def factor_notice(context: Context) -> dict[str, Any]:
    """Until when this person has to set up a second factor, where an organization of theirs asks everybody for one."""
    request = context.get("request")
    principal = getattr(request, "principal", NOBODY)
    user = principal.user if principal.session and principal.impersonator is None else None  # who looks as somebody can't do it for them
    rules = rules_of(user.id) if user else Rules()
    asked = rules.second_factor_from is not None and user and not passing.has_factor(user)
    return {"rules": rules if asked else None, "organization": context.get("organization")}


@register.simple_tag
def start() -> str:
    """The address of the start page, which sends everyone where they belong."""
    return get_script_prefix()
