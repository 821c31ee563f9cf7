"""The frame shows what one may open, and stands when nothing else does."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import uuid4

from django.http import HttpRequest
from django.template import Context
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from django.urls import path

from tenantry.kit.problems import Problem
from tenantry.portal.navigation import ENTRIES, Shell


def _nothing(request: HttpRequest, **arguments: str) -> None:
    return None


urlpatterns = [
    path(f"o/<slug:slug>/{entry.url_name}" if entry.plane == "organization" else entry.url_name, _nothing, name=entry.url_name)
    for entry in ENTRIES
]
ORGANIZATION = SimpleNamespace(id=uuid4(), name="Contoso", slug="contoso", state="active", plan="business")


def _shell(address: str, page: str, *, held: set[str], staff_role: str = "", organization: object = None) -> Shell:
    request = RequestFactory().get(address)
    request.resolver_match = SimpleNamespace(url_name=page)  # type: ignore[assignment]  # a stand-in
    request.principal = SimpleNamespace(  # type: ignore[attr-defined]  # a stand-in
        user=SimpleNamespace(display_name="Ada", email="ada@contoso.example"),
        staff_role=staff_role,
        organizations=list,
        may=lambda permission, organization_id=None: permission in held,
    )
    return Shell(Context({"request": request, "organization": organization}))


@override_settings(ROOT_URLCONF=__name__)
def test_the_sidebar_hides_what_one_may_not_open() -> None:
    shell = _shell("/o/contoso/members/new", "member_new", held={"members:directory", "audit:read_money"}, organization=ORGANIZATION)
    assert [(link.label, link.current) for link in shell.links] == [("Home", False), ("Members", True), ("Audit log", False)]


@override_settings(ROOT_URLCONF=__name__)
def test_a_staff_page_shows_the_staff_console_even_with_an_organization() -> None:
    shell = _shell("/staff_organizations/x", "staff_organization", held={"users:read"}, staff_role="csm", organization=ORGANIZATION)
    assert shell.plane == "staff"
    assert [link.label for link in shell.links] == ["Users"]


@override_settings(ROOT_URLCONF=__name__)
def test_whoever_belongs_nowhere_has_no_entries() -> None:
    shell = _shell("/account", "account", held=set())
    assert (shell.plane, shell.links) == ("account", [])


def test_a_problem_is_shown_without_a_tenant_or_a_person() -> None:
    problem = Problem(500, "internal_error", "Something <went> wrong.")
    html = render_to_string("portal/problem.html", {"problem": problem}, request=RequestFactory().get("/x"))
    assert "Something &lt;went&gt; wrong." in html
    assert "style=" not in html
    assert "<script>" not in html
