"""Addresses of this room's pages."""

from __future__ import annotations

from django.urls import path

from tenantry.kit.converters import register_identifiers

from .impersonation import views as looking
from .views import account, factors, passkeys, proof, second_factor, sign_in, staff, staff_factors

register_identifiers()

_ACCESS = "o/<slug:slug>/support-access"
urlpatterns = [
    path("sign-in", sign_in.sign_in, name="sign_in"),
    path("sign-in/password", sign_in.sign_in_password, name="sign_in_password"),
    path("sign-in/link/<str:token>", sign_in.sign_in_link, name="sign_in_link"),
    path("sign-in/passkey", passkeys.sign_in_passkey, name="sign_in_passkey"),
    path("sign-in/second-factor", second_factor.second_factor, name="second_factor"),
    path("sign-in/second-factor/set-up", second_factor.second_factor_setup, name="second_factor_setup"),
    path("prove", proof.prove, name="prove"),
    path("prove/link", proof.prove_by_mail, name="prove_by_mail"),
    path("prove/link/<str:token>", proof.prove_link, name="prove_link"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    path("account", account.account, name="account"),
    path("account/password", account.account_password, name="account_password"),
    path("account/password/remove", account.account_password_remove, name="account_password_remove"),
    path("account/sessions", account.account_sessions, name="account_sessions"),
    path("account/sessions/others", account.account_sessions_end, name="account_sessions_end"),
    path("account/sessions/<ses:session_id>/end", account.account_session_end, name="account_session_end"),
    path("account/security", factors.security, name="account_security"),
    path("account/security/app", factors.app, name="account_app"),
    path("account/security/app/remove", factors.app_remove, name="account_app_remove"),
    path("account/security/recovery-codes", factors.codes, name="account_codes"),
    path("account/security/passkeys/new", passkeys.passkey_new, name="account_passkey_new"),
    path("account/security/passkeys/<psk:passkey_id>/name", passkeys.passkey_rename, name="account_passkey_rename"),
    path("account/security/passkeys/<psk:passkey_id>/remove", passkeys.passkey_remove, name="account_passkey_remove"),
    path("account/security/devices/<dev:device_id>/forget", factors.device_forget, name="account_device_forget"),
    path("account/sign-ins", factors.sign_ins, name="account_sign_ins"),
    path("staff/users/<usr:user_id>/sign-ins", staff_factors.staff_user_sign_ins, name="staff_user_sign_ins"),
    path("staff/users/<usr:user_id>/factors/reset", staff_factors.staff_user_factors, name="staff_user_factors"),
    path("impersonation/stop", looking.impersonation_stop, name="impersonation_stop"),
    path("impersonation/raise", looking.impersonation_raise, name="impersonation_raise"),
    path(_ACCESS, looking.support_access, name="support_access"),
    path("o/<slug:slug>/support-access/<imp:impersonation_id>/approval", looking.support_access_approve, name="support_access_approve"),
    path(f"{_ACCESS}/<imp:impersonation_id>/end", looking.support_access_end, name="support_access_end"),
    path("staff/impersonations", looking.staff_impersonations, name="staff_impersonations"),
    path("staff/impersonations/new", looking.staff_impersonation_new, name="staff_impersonation_new"),
    path("staff/users", staff.staff_users, name="staff_users"),
    path("staff/users/<usr:user_id>", staff.staff_user, name="staff_user"),
    path("staff/users/<usr:user_id>/suspension", staff.staff_user_suspend, name="staff_user_suspend"),
    path("staff/users/<usr:user_id>/reinstatement", staff.staff_user_reinstate, name="staff_user_reinstate"),
    path("staff/staff", staff.staff_staff, name="staff_staff"),
    path("staff/staff/add", staff.staff_add, name="staff_add"),
    path("staff/staff/<stf:staff_id>/role", staff.staff_role, name="staff_role"),
    path("staff/staff/<stf:staff_id>/revocation", staff.staff_revoke, name="staff_revoke"),
    path("staff/staff/<stf:staff_id>/reinstatement", staff.staff_reinstate, name="staff_reinstate"),
]
