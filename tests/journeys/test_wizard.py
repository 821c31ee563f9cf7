"""Founding an organization in a real browser: nothing of it exists before the last step, and nothing is lost on the way."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tenantry.organizations.models import Draft, Invitation, Organization, Profile

from ..people import Tenant, ok
from .browsing import Windows, heading, toast

pytestmark = pytest.mark.browser
GSTIN = "27AAPFU0939F1ZV"
GPS, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture as a phone makes it: lying on its side, with the maker and the place in its EXIF."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = 6, "Phone of Ada"
    exif.get_ifd(GPS)[1] = "N"
    path = tmp_path_factory.mktemp("photo") / "logo.jpg"
    Image.new("RGB", (900, 600), "#c2410c").save(path, exif=exif)
    assert b"Phone of Ada" in path.read_bytes()
    return path


def found(tenant: Tenant) -> dict[str, int]:
    """How much of an organization there is."""
    with tenant.scope():
        return {model.__name__: model.objects.count() for model in (Organization, Draft, Invitation)}


def basics(page: Page, *, name: str = "Contoso Learning") -> None:
    """The first step, filled in and left forwards."""
    page.goto("organizations/new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Industry").fill("Manufacturing")
    page.get_by_label("Size").select_option(label="201 to 1000")
    page.get_by_label("Country").select_option(label="India")
    page.get_by_label("Currency").select_option("INR")
    page.get_by_label("Time zone").select_option("Asia/Kolkata")
    page.get_by_role("button", name="Next: Details").click()
    present(page, "Details")


def present(page: Page, step: str) -> None:
    """Expect this step to be the present one."""
    expect(page.locator(".steps [aria-current=step]")).to_have_text(step)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_whole_wizard(tenant: Tenant, windows: Windows, photo: Path, scripts: bool) -> None:
    ada = tenant.sign_in("ada@contoso.example", name="Ada Okoye")
    page = windows.open(tenant.url, ada, javascript=scripts)
    page.goto("")
    heading(page, "Welcome, Ada Okoye")
    page.get_by_role("link", name="Create an organization").click()
    present(page, "Basics")
    basics(page)

    # A number whose check digit is wrong: its field says so, and what else was answered stays.
    page.get_by_label("Legal name").fill("Contoso Learning Private Limited")
    page.get_by_label("GSTIN").fill(GSTIN[:-1] + "W")
    page.get_by_role("button", name="Next: Brand").click()
    wrong = page.get_by_label("GSTIN")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    described = wrong.get_attribute("aria-describedby") or ""
    expect(page.locator(f"#{described.split()[-1]}")).to_contain_text("That is no valid GSTIN")
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    expect(page.get_by_label("Legal name")).to_have_value("Contoso Learning Private Limited")
    wrong.fill(GSTIN)
    page.get_by_label("City").fill("Pune")
    page.get_by_role("button", name="Next: Brand").click()

    present(page, "Brand")
    page.get_by_label(re.compile("^Logo")).set_input_files(photo)
    page.get_by_label(re.compile("^Brand colour")).fill("#c2410c")
    page.get_by_role("button", name="Next: People").click()

    present(page, "People")
    page.get_by_label("E-mail of person 1").fill("Bo@Contoso.Example")
    page.get_by_label("Role of person 1").select_option("manager")
    page.get_by_label("E-mail of person 2").fill("cy@contoso.example")
    page.get_by_role("button", name="Next: Confirm").click()

    present(page, "Confirm")
    for text in (
        "Contoso Learning",
        "India",
        "201-1000 people",
        GSTIN,
        "Pune",
        "#c2410c",
        "bo@contoso.example",
        "Manager, is invited by mail",
    ):
        expect(page.locator("form.card")).to_contain_text(text)
    assert found(tenant) == {"Organization": 0, "Draft": 1, "Invitation": 0}
    create = page.get_by_role("button", name="Create Contoso Learning")
    create.dblclick() if scripts else create.click()
    heading(page, "Contoso Learning")
    toast(page, "Contoso Learning was created. We verify it next")
    expect(page.locator("main")).to_contain_text("awaits verification")
    assert page.url.endswith("/o/contoso-learning/")
    assert found(tenant) == {"Organization": 1, "Draft": 0, "Invitation": 2}

    (membership,) = ok(ada.get("/me"))["memberships"]
    assert (membership["name"], membership["role"]) == ("Contoso Learning", "owner")
    invited = ok(ada.get(f"/organizations/{membership['organization']}/invitations"))["data"]
    assert {(row["email"], row["role"]) for row in invited} == {("bo@contoso.example", "manager"), ("cy@contoso.example", "learner")}
    assert "Contoso Learning" in tenant.mail_for("bo@contoso.example")["subject"]
    with tenant.scope():
        made, logo = Organization.objects.get(), bytes(Profile.objects.get().logo or b"")
    assert (made.country, made.default_currency, made.time_zone, made.state) == ("IN", "INR", "Asia/Kolkata", "pending_verification")
    with Image.open(io.BytesIO(logo)) as kept:
        assert (kept.format, dict(kept.getexif())) == ("PNG", {})
        assert kept.height > kept.width, "it was turned upright before its EXIF went"
    assert b"Phone of Ada" not in logo


def test_answers_stay_whichever_way_one_goes(tenant: Tenant, windows: Windows, photo: Path) -> None:
    page = windows.open(tenant.url, tenant.sign_in("ada@contoso.example"))
    basics(page)
    page.get_by_label("Legal name").fill("Contoso Learning Private Limited")
    page.get_by_role("button", name="Back").click()
    present(page, "Basics")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Contoso Learning")
    expect(page.get_by_label("Size")).to_have_value("201-1000")
    page.get_by_role("button", name="Next: Details").click()
    expect(page.get_by_label("Legal name")).to_have_value("Contoso Learning Private Limited")
    page.get_by_role("button", name="Next: Brand").click()
    page.get_by_label(re.compile("^Logo")).set_input_files(photo)
    page.get_by_role("button", name="Back").click()
    present(page, "Details")
    page.get_by_role("button", name="Next: Brand").click()
    expect(page.get_by_alt_text("The logo as uploaded")).to_be_visible()

    # The browser's own arrows lead through the same pages.
    page.go_back()
    present(page, "Details")
    expect(page.get_by_label("Legal name")).to_have_value("Contoso Learning Private Limited")
    page.go_forward()
    present(page, "Brand")
    page.get_by_role("link", name="Basics").click()
    expect(page.get_by_label("Industry")).to_have_value("Manufacturing")
    assert found(tenant) == {"Organization": 0, "Draft": 1, "Invitation": 0}

    # Nobody is asked for an address twice, and a wrong file is named beside its field.
    page.goto("organizations/new/people")
    for number in (1, 2):
        page.get_by_label(f"E-mail of person {number}").fill("bo@contoso.example")
    page.get_by_role("button", name="Next: Confirm").click()
    expect(page.get_by_text("This address is there twice.")).to_be_visible()
    page.goto("organizations/new/brand")
    page.get_by_label(re.compile("^Logo")).set_input_files({"name": "logo.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.get_by_role("button", name="Next: People").click()
    expect(page.get_by_label(re.compile("^Logo"))).to_have_attribute("aria-invalid", "true")


def test_cancelling_leaves_nothing(tenant: Tenant, windows: Windows, photo: Path) -> None:
    ada = tenant.sign_in("ada@contoso.example")
    page = windows.open(tenant.url, ada)
    basics(page)
    page.goto("organizations/new/brand")
    page.get_by_label(re.compile("^Logo")).set_input_files(photo)
    page.get_by_role("button", name="Next: People").click()
    present(page, "People")
    page.get_by_role("button", name="Cancel").click()
    asked = page.get_by_role("alertdialog")
    asked.get_by_role("button", name="Cancel").click()
    present(page, "People")
    page.get_by_role("button", name="Cancel").click()
    asked.get_by_role("button", name="Delete the answers").click()
    toast(page, "Nothing was created, and your answers are gone.")
    assert found(tenant) == {"Organization": 0, "Draft": 0, "Invitation": 0}
    assert ok(ada.get("/me"))["memberships"] == []
    answer = page.goto("organizations/new/logo.png")
    assert answer and answer.status == 404
    page.goto("organizations/new")
    expect(page.get_by_label("Name", exact=True)).to_have_value("")


def test_one_may_leave_and_come_back(tenant: Tenant, windows: Windows) -> None:
    page = windows.open(tenant.url, tenant.sign_in("ada@contoso.example"))
    basics(page)
    page.get_by_label("Legal name").fill("Contoso Learning Private Limited")
    page.get_by_role("button", name="Finish later").click()
    toast(page, "Your answers are kept for 7 days.")

    # Another day, another device.
    other = windows.open(tenant.url, tenant.sign_in("ada@contoso.example"))
    other.goto("")
    expect(other.locator("main")).to_contain_text("Contoso Learning is not created yet.")
    other.get_by_role("link", name="Go on").click()
    present(other, "Details")
    expect(other.get_by_label("Legal name")).to_have_value("Contoso Learning Private Limited")

    # Somebody else has a draft of their own, and after 7 days there is none.
    stranger = windows.open(tenant.url, tenant.sign_in("bo@contoso.example"))
    stranger.goto("organizations/new")
    expect(stranger.get_by_label("Name", exact=True)).to_have_value("")
    tenant.move_clock(days=8)
    later = windows.open(tenant.url, tenant.sign_in("ada@contoso.example"))
    later.goto("")
    heading(later, "Welcome")
    expect(later.get_by_text("is not created yet")).to_have_count(0)


def test_hosting_is_behind_a_gate(tenant: Tenant, windows: Windows) -> None:
    page = windows.open(tenant.url, tenant.sign_in("ada@contoso.example"))
    page.goto("organizations/new")
    box = page.get_by_label("It supplies experts")
    expect(box).to_be_disabled()
    expect(page.get_by_text("Hosting organizations are not enabled in this installation.")).to_be_visible()
    # The gate stands on the server: a box that somebody opens in the browser changes nothing.
    box.evaluate("element => element.disabled = false")
    box.check()
    page.get_by_label("Name", exact=True).fill("Contoso")
    page.get_by_label("Country").select_option("IN")
    page.get_by_label("Currency").select_option("INR")
    page.get_by_role("button", name="Next: Details").click()
    page.goto("organizations/new/confirm")
    page.get_by_role("button", name="Create Contoso").click()
    heading(page, "Contoso")
    with tenant.scope():
        assert not Organization.objects.get().can_host
