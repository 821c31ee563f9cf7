"""The components that decide something: widths, words, ARIA, and what must be escaped."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from django import forms
from django.template import Context, engines
from django.test import RequestFactory

from tenantry.kit import clock
from tenantry.kit.paging import Page
from tenantry.portal import times
from tenantry.portal.icons import ICONS
from tenantry.portal.meters import meter_context
from tenantry.portal.templatetags.portal import initials


def shown(source: str, **context: object) -> str:
    return engines["django"].engine.from_string(source).render(Context(context))


@pytest.mark.parametrize(
    ("used", "limit", "held", "state", "text"),
    [
        (21, 50, 0, "", "21 of 50"),
        (17, 25, 3, "near", "17 in use · 3 invited · 5 free of 25"),
        (22, 25, 3, "full", "22 in use · 3 invited · none free of 25"),
        (3, 3, 0, "full", "3 of 3 · none free"),
        (27, 25, 0, "full", "27 of 25 · 2 over the limit"),
        (7, None, 0, "", "7 in use · no limit"),
        (0, 0, 0, "", "none included"),
    ],
)
def test_a_meter_says_what_is_left(used: int, limit: int | None, held: int, state: str, text: str) -> None:
    meter = meter_context("Seats", used, limit, held, "invited")
    assert (meter["state"], meter["text"]) == (state, text)
    if limit:
        assert float(meter["fill"]) + float(meter["shade"] or 0) <= 100


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Site Lead Pune", "SP"), ("Field Trainer, North", "FT"), ("Développeuse", "DÉ"), ("", "?"), ("a@b.example", "AB")],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_every_icon_is_drawn_with_strokes_only() -> None:
    for name in ICONS:
        assert "style=" not in shown('{% icon name "Said" %}', name=name)


def test_moments_are_words_with_utc_behind_them() -> None:
    assert times.human(clock.now(), zone=UTC).startswith("Today, ")
    assert times.human(clock.now() - timedelta(days=1), zone=UTC, dates_only=True) == "Yesterday"
    assert "UTC" in shown("{% when now %}", now=clock.now())
    assert "–" in shown("{% when nothing %}", nothing=None)


class _Form(forms.Form):
    email = forms.EmailField(help_text="We send it there.")


def test_a_wrong_field_is_tied_to_its_reason() -> None:
    html = shown('{% field form.email autocomplete="email" %}', form=_Form({"email": "<script>"}))
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_email-hint id_email-error"' in html
    assert 'id="id_email-error"' in html
    assert 'autocomplete="email"' in html
    assert "<script>" not in html


def test_names_are_escaped_wherever_they_stand() -> None:
    bad = '"><img src=x>'
    sources = ["{% face bad %}{% mark bad %}{% pill bad %}{% copy bad %}", "{% menu bad id=1 %}{% endmenu %}", "{% meter bad 1 2 %}"]
    for source in [*sources, "{% diff changes %}", "{% codeblock bad %}{{ bad }}{% endcodeblock %}"]:
        assert "<img" not in shown(source, bad=bad, changes={bad: {"before": bad, "after": None}})


def test_the_pager_keeps_the_filters() -> None:
    request = RequestFactory().get("/members?role=owner&cursor=old")
    html = shown("{% pager page %}", request=request, page=Page([], "new"))
    assert 'href="?role=owner&amp;cursor=new"' in html
    assert 'href="?role=owner"' in html
    assert shown("{% pager page %}", request=RequestFactory().get("/members"), page=Page([], None)).strip() == ""
