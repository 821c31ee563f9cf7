"""What mails say: one template for both forms, in whoever's look they wear."""

from __future__ import annotations

import re
from pathlib import Path

from tenantry.kit import colours
from tenantry.mail import letters
from tenantry.mail.letters import Letterhead
from tenantry.mail.plain import plain_text

from ..people import Cast, ok

PARTS = {"base", "button"}


def test_plain_text_is_what_a_reader_sees() -> None:
    html = """<html><head><title>No</title></head><body><div class="html-only">hidden <p>too</p></div>
    <h1>Hello   Ada</h1><p>Read <b>this</b>,<br>or <a href="https://x.example/a?b=1&amp;c=2">that</a> and
    <a href="mailto:me@x.example">me@x.example</a>.</p>
    <table><tr><td><a class="button" href="https://x.example/go">Go on</a></td></tr></table><ul><li>One</li><li>Two &lt;3</li></ul>
    <p class="quote">Said<br>so</p><p></p><td class="foot">Northwind</td></body></html>"""
    assert plain_text(html) == (
        "Hello Ada\n\nRead this,\nor that (https://x.example/a?b=1&c=2) and me@x.example.\n\nGo on:\nhttps://x.example/go\n\n"
        "- One\n\n- Two <3\n\n    Said\n    so\n\n-- \nNorthwind\n"
    )


def test_every_template_is_a_registered_mail_and_has_a_preview(cast: Cast) -> None:
    rooms = (Path(__file__).parents[2] / "tenantry").glob("*/templates/mail/*.html")
    found = {path.stem for path in rooms} - PARTS
    assert found == set(letters.letters())
    with cast.tenant.scope():
        for name in found:
            shown = letters.preview(name)
            assert "Northwind" in shown.text or name == "workspaces"
            assert "<" not in shown.text and "{" not in shown.text
            assert set(re.findall(r"https?://[^\s\"<]+", shown.html)) >= set(re.findall(r"https?://\S+", shown.text)), name
            assert letters.letters()[name].meaning.endswith(".")


def test_a_button_can_be_read_in_any_colour(cast: Cast) -> None:
    for colour in ("#ffffff", "#000000", "#ffe600", "#00ff00", "#3b5bdb"):
        with cast.tenant.scope():
            mail = letters.write(
                "test", subject="A  b\r\nBcc: x", context={"transport": "x", "who": "y"}, head=Letterhead("Contoso", colour)
            )
        assert mail.subject == "A b Bcc: x", "a name with a line break makes no header of its own"
        ground, ink = re.findall(r"background:(#[0-9a-f]{6});border-radius:6px;color:(#[0-9a-f]{6})", mail.html)[0]
        assert colours.contrast(*(colours.srgb(*colours.oklch(shown)) for shown in (ground, ink))) >= 4.45, colour


def test_mails_wear_the_program(cast: Cast) -> None:
    ok(cast.admin.put("/settings/program", json={"name": "Wingtip", "support_email": "help@wingtip.example", "colour": "#0f766e"}))
    with cast.tenant.scope():
        own = letters.preview("sign_in")
        about = letters.preview("invitation")
    assert "Sign in to Wingtip" in own.text and own.text.endswith("-- \nWingtip\nQuestions: help@wingtip.example\n")
    assert colours.button_of("#0f766e")[0] in own.html
    assert colours.button_of("#0f766e")[0] not in about.html, "an organization's mail has its own colour"
    assert "Contoso" in about.html and "on Wingtip" in about.text
