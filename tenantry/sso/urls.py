"""Addresses of this room: those that providers call, and its pages."""

from __future__ import annotations

from django.urls import path

from tenantry.kit.converters import register_identifiers

from .views import doors, pages, people, policy, staff

register_identifiers()

_ONE = "sso/<con:connection_id>"
_HOME = "o/<slug:slug>/sso"
_OWN = f"{_HOME}/<con:connection_id>"
urlpatterns = [
    path(f"{_ONE}/metadata", doors.metadata, name="sso_metadata"),
    path(f"{_ONE}/jwks", doors.jwks, name="sso_jwks"),
    path(f"{_ONE}/certificate", doors.certificate, name="sso_certificate"),
    path(f"{_ONE}/start", doors.start, name="sso_start"),
    path(f"{_ONE}/acs", doors.acs, name="sso_acs"),
    path(f"{_ONE}/callback", doors.callback, name="sso_callback"),
    path(f"{_ONE}/finish/<str:token>", doors.finish, name="sso_finish"),
    path(f"{_ONE}/slo", doors.slo, name="sso_slo"),
    path(f"{_ONE}/farewell/<str:token>", doors.farewell, name="sso_farewell"),
    path("sign-in/recovery", people.sso_recovery, name="sso_recovery"),
    path("terms", people.accept_terms, name="terms"),
    path("account/sso", people.account_sso, name="account_sso"),
    path("account/sso/<con:connection_id>/link", people.account_sso_link, name="account_sso_link"),
    path("account/sso/<idn:identity_id>/unlink", people.account_sso_unlink, name="account_sso_unlink"),
    path("staff/sso", staff.staff_sso, name="staff_sso"),
    path(_HOME, pages.sso, name="sso"),
    path(f"{_HOME}/new", pages.sso_new, name="sso_new"),
    path(f"{_HOME}/policy", policy.sso_policy, name="sso_policy"),
    path(f"{_HOME}/policy/codes", policy.sso_codes, name="sso_codes"),
    path(f"{_HOME}/policy/break-glass", policy.sso_break_glass, name="sso_break_glass"),
    path(f"{_HOME}/policy/break-glass/end", policy.sso_break_glass_end, name="sso_break_glass_end"),
    path(f"{_HOME}/lift", policy.sso_lift, name="sso_lift"),
    path(_OWN, pages.sso_connection, name="sso_connection"),
    path(f"{_OWN}/test", pages.sso_test, name="sso_test"),
    path(f"{_OWN}/on", pages.sso_turn_on, name="sso_turn_on"),
    path(f"{_OWN}/mapping", pages.sso_mapping, name="sso_mapping"),
    path(f"{_OWN}/deletion", pages.sso_delete, name="sso_delete"),
]
