"""What the API can do, the portal can do, and the other way round; and every way that the portal offers leads somewhere.

The table below is checked from both sides: an operation without a page, and a page that changes something without an
operation, fail here until they stand in it, or below it with the reason why not.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from tenantry.access.permissions import registered
from tenantry.install.wizard.api import api
from tenantry.portal.navigation import ENTRIES

# Operation → the pages on which a person does or reads the same. `o` is /organizations/{organization_id}.
PAGES = {
    "GET /me": "home organization_home",
    "GET /permissions": "roles",
    "GET /roles": "roles",
    "GET /me/profile": "account",
    "PATCH /me/profile": "account",
    "PUT /me/password": "account_password",
    "DELETE /me/password": "account_password_remove",
    "GET /me/sessions": "account_sessions",
    "DELETE /me/sessions": "account_sessions_end",
    "DELETE /me/sessions/{session_id}": "account_session_end",
    "GET /me/factors": "account_security",
    "POST /me/factors/totp": "account_app second_factor_setup",
    "POST /me/factors/totp/confirmation": "account_app second_factor_setup",
    "DELETE /me/factors/totp": "account_app_remove",
    "POST /me/recovery-codes": "account_codes",
    "GET /me/devices": "account_security",
    "DELETE /me/devices/{device_id}": "account_device_forget",
    "GET /me/sign-ins": "account_sign_ins",
    "GET /users/{user_id}/sign-ins": "staff_user_sign_ins",
    "GET /users/{user_id}/factors": "staff_user",
    "DELETE /users/{user_id}/factors": "staff_user_factors",
    "GET /auth/second-factor": "second_factor second_factor_setup",
    "POST /auth/second-factor": "second_factor",
    "GET /auth/proof": "prove",
    "POST /auth/proof": "prove prove_link",
    "POST /auth/proof/link": "prove_by_mail",
    "POST /auth/passkey": "sign_in_passkey",
    "POST /auth/passkey/options": "sign_in_passkey",
    "POST /auth/second-factor/options": "second_factor",
    "POST /auth/proof/options": "prove",
    "GET /me/passkeys": "account_security",
    "POST /me/passkeys": "account_passkey_new second_factor_setup",
    "POST /me/passkeys/options": "account_passkey_new second_factor_setup",
    "PATCH /me/passkeys/{passkey_id}": "account_passkey_rename",
    "DELETE /me/passkeys/{passkey_id}": "account_passkey_remove",
    "POST /impersonations": "staff_impersonation_new",
    "GET /impersonations": "staff_impersonations",
    "POST /impersonations/{impersonation_id}/raise": "impersonation_raise",
    "DELETE /impersonations/{impersonation_id}": "impersonation_stop",
    "GET o/impersonations": "support_access",
    "POST o/impersonations/{impersonation_id}/approval": "support_access_approve",
    "DELETE o/impersonations/{impersonation_id}": "support_access_end",
    "GET o/impersonation-consent": "support_access",
    "PUT o/impersonation-consent": "support_access",
    "GET /sso-troubles": "staff_sso",
    "POST /auth/link": "sign_in",
    "POST /auth/link/redeem": "sign_in_link",
    "POST /auth/password": "sign_in_password",
    "POST /auth/sign-out": "sign_out",
    "GET /me/invitations": "home",
    "POST /me/invitations/{invitation_id}/acceptance": "own_invitation",
    "POST /me/invitations/{invitation_id}/refusal": "own_invitation",
    "GET /invitations/verify": "invitation",
    "POST /invitations/accept": "invitation",
    "POST /invitations/decline": "invitation",
    "GET /directory": "directory",
    "GET /organizations": "staff_organizations home",
    "POST /organizations": "organization_new_step staff_organization_new",
    "GET o": "settings staff_organization",
    "PATCH o": "settings_save",
    "DELETE o": "organization_delete staff_organization_act",
    "PUT o/logo": "settings_save",
    "DELETE o/logo": "settings_save",
    "PUT o/banner": "settings_save",
    "DELETE o/banner": "settings_save",
    "POST o/verification": "staff_organization_act",
    "POST o/verification/resubmission": "organization_resubmit",
    "POST o/suspension": "staff_organization_act",
    "DELETE o/suspension": "staff_organization_act",
    "POST o/deactivation": "staff_organization_act",
    "POST o/restoration": "staff_organization_act",
    "GET o/members": "members",
    "POST o/members": "member_add",
    "GET o/members/{membership_id}": "member",
    "PATCH o/members/{membership_id}": "member_role",
    "DELETE o/members/{membership_id}": "member_remove organization_leave",
    "POST o/members/{membership_id}/suspension": "member_suspend",
    "DELETE o/members/{membership_id}/suspension": "member_reactivate",
    "GET o/invitations": "invitations",
    "POST o/invitations": "invitation_new",
    "POST o/invitations/bulk": "invitations_bulk",
    "POST o/invitations/{invitation_id}/resend": "invitation_resend",
    "DELETE o/invitations/{invitation_id}": "invitation_revoke",
    "GET o/domains": "domains staff_organization",
    "POST o/domains": "domain_new",
    "GET o/domains/{domain_id}": "domain",
    "PATCH o/domains/{domain_id}": "domain",
    "DELETE o/domains/{domain_id}": "domain_remove",
    "POST o/domains/{domain_id}/verification": "domain_verify",
    "POST o/domains/{domain_id}/decision": "staff_domain",
    "GET o/domains/{domain_id}/people": "domain_people",
    "POST o/domains/{domain_id}/invitations": "domain_people",
    "GET o/join-requests": "join_requests",
    "POST o/join-requests/{request_id}/approval": "join_request_approve",
    "POST o/join-requests/{request_id}/refusal": "join_request_refuse",
    "GET /me/join-offers": "home",
    "POST /me/join-requests": "own_join",
    "DELETE /me/join-requests/{request_id}": "own_join",
    "GET o/sign-in-policy": "sign_in_policy",
    "PUT o/sign-in-policy": "sign_in_policy",
    "POST o/sign-in-policy/lifting": "staff_networks_lift",
    "GET o/rate-limits": "rate_limits",
    "PUT o/rate-limits": "rate_limits",
    "GET o/entitlements": "billing",
    "PUT o/entitlements/{resource_type}": "billing_limit billing_limit_new",
    "DELETE o/entitlements/{resource_type}": "billing_limit_lift",
    "GET o/usage/{resource_type}": "billing_usage",
    "POST o/usage/{resource_type}": "billing_usage",
    "PUT o/usage/{resource_type}": "billing_usage_list",
    "DELETE o/usage/{resource_type}/{resource_id}": "billing_usage_release",
    "GET o/scim-tokens": "scim_overview",
    "POST o/scim-tokens": "scim_token_new",
    "DELETE o/scim-tokens/{token_id}": "scim_token_revoke",
    "GET o/scim-settings": "scim_settings",
    "PUT o/scim-settings": "scim_settings",
    "GET o/scim-group-mappings": "scim_mappings",
    "PUT o/scim-group-mappings": "scim_mappings",
    "GET o/scim-errors": "scim_errors",
    "GET o/scim-status": "scim_overview scim_guide",
    "GET o/audit-events": "audit",
    "GET o/audit-events/export": "audit_export",
    "GET /keys": "keys staff_keys",
    "POST /keys": "key_new staff_key_new",
    "GET /keys/{key_id}": "key staff_key",
    "POST /keys/{key_id}/rotation": "key_rotate staff_key_rotate",
    "DELETE /keys/{key_id}": "key_revoke staff_key_revoke",
    "GET /auth/whoami": "home organization_home",
    "GET /audit-events": "staff_audit",
    "GET /audit-events/export": "staff_audit_export",
    "GET /audit-events/verification": "staff_audit_verification",
    "GET /settings/mail": "staff_mail",
    "PUT /settings/mail": "staff_mail",
    "POST /settings/mail/test": "staff_mail_test",
    "POST /settings/mail/reports": "staff_mail_reports",
    "GET /mail/messages": "staff_mail_messages",
    "POST /mail/messages/{message_id}/retry": "staff_mail_retry",
    "GET /mail/suppressions": "staff_mail_suppressions",
    "DELETE /mail/suppressions/{suppression_id}": "staff_mail_lift",
    "GET /users": "staff_users",
    "GET /users/{user_id}": "staff_user",
    "GET /users/{user_id}/memberships": "staff_user",
    "GET /users/{user_id}/sessions": "staff_user",
    "POST /users/{user_id}/suspension": "staff_user_suspend",
    "DELETE /users/{user_id}/suspension": "staff_user_reinstate",
    "GET /settings/program": "staff_program",
    "PUT /settings/program": "staff_program",
    "POST /signup": "signup",
    "GET /install/status": "install",
    "POST /install": "install_step",
    "GET /jobs": "staff_jobs staff_home",
    "GET /jobs/{job_id}": "staff_job",
    "POST /jobs/{job_id}/retry": "staff_job_retry",
    "DELETE /jobs/{job_id}": "staff_job_cancel",
    "GET /staff": "staff_staff",
    "POST /staff": "staff_add",
    "PATCH /staff/{staff_id}": "staff_role staff_reinstate",
    "DELETE /staff/{staff_id}": "staff_revoke",
    "GET /maintenance-windows": "staff_maintenance",
    "POST /maintenance-windows": "staff_maintenance_new",
    "DELETE /maintenance-windows/{window_id}": "staff_maintenance_end",
    "GET /event-types": "webhook_new staff_webhook_new",
    "GET /webhook-endpoints": "webhooks staff_webhooks",
    "POST /webhook-endpoints": "webhook_new staff_webhook_new",
    "GET /webhook-endpoints/{endpoint_id}": "webhook staff_webhook",
    "PATCH /webhook-endpoints/{endpoint_id}": "webhook_edit staff_webhook_edit",
    "DELETE /webhook-endpoints/{endpoint_id}": "webhook_delete staff_webhook_delete",
    "POST /webhook-endpoints/{endpoint_id}/rotation": "webhook_rotate staff_webhook_rotate",
    "POST /webhook-endpoints/{endpoint_id}/pause": "webhook_pause staff_webhook_pause",
    "DELETE /webhook-endpoints/{endpoint_id}/pause": "webhook_resume staff_webhook_resume",
    "POST /webhook-endpoints/{endpoint_id}/test": "webhook_test staff_webhook_test",
    "GET /webhook-endpoints/{endpoint_id}/deliveries": "webhook staff_webhook",
    "GET /webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}": "webhook_delivery staff_webhook_delivery",
    "POST /webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redelivery": "webhook_redeliver staff_webhook_redeliver",
    "POST /webhook-endpoints/{endpoint_id}/replay": "webhook_replay staff_webhook_replay",
    "GET o/sso-connections": "sso",
    "POST o/sso-connections": "sso_new",
    "GET o/sso-connections/{connection_id}": "sso sso_connection",
    "PATCH o/sso-connections/{connection_id}": "sso_connection sso_mapping",
    "DELETE o/sso-connections/{connection_id}": "sso_delete",
    "POST o/sso-connections/{connection_id}/test": "sso_test",
    "GET o/sso-policy": "sso_policy",
    "PUT o/sso-policy": "sso_policy sso_turn_on",
    "POST o/sso-policy/recovery-codes": "sso_codes",
    "POST o/sso-policy/break-glass": "sso_break_glass",
    "DELETE o/sso-policy/break-glass": "sso_break_glass_end",
    "POST o/sso-policy/lift": "sso_lift",
    "POST /auth/sso/domain-check": "sign_in",
    "GET /me/sso-identities": "account_sso",
    "DELETE /me/sso-identities/{identity_id}": "account_sso_unlink",
}
NO_PAGE = {
    "POST /mail/events/{provider}": "mail providers report there; the pages Mails and Suppressed show what came of it",
    "POST /access/check": "the product's question, asked for every click; a person reads the answer as the page Roles",
    "POST /access/check-batch": "as above",
    "PUT /permissions": "the product registers its own words when it is deployed; the page Roles shows them",
}
NO_OPERATION = {
    "sso_acs": "identity providers post their answers there",
    "sso_slo": "identity providers end sessions there",
    "sso_recovery": "the way in of an owner whose provider can't be reached; a program has a key",
    "terms": "a person accepts them in person",
    "account_sso_link": "a browser's way to the provider, which no program can go",
    "workspaces": "a person's way between the cookies of several tenants; a program has a key of each",
    "workspaces_link": "as above",
    "workspaces_enter": "as above",
    "workspaces_sign_out": "as above",
    "organization_new_cancel": "a draft is the wizard's memory of a person; who founds over the API sends it all at once",
    "test_provider_begin": "the test provider stands in for somebody else's service",
    "test_provider_end": "as above",
    "test_provider_sso": "as above",
    "test_provider_sso_post": "as above",
    "test_provider_slo": "as above",
    "test_provider_oidc_authorize": "as above",
    "test_provider_oidc_token": "as above",
    "test_provider_oidc_userinfo": "as above",
    "test_provider_oidc_end_session": "as above",
    "test_provider_oidc_end": "as above",
    "csp_report": "browsers tell of what a page's policy refused; nothing is kept",
    "dev_components": "shows toasts; development only",
    "dev_components_plain": "development only",
    "dev_components_dialog": "development only",
}


def operations() -> dict[str, str]:
    """Every operation of the document, as the table writes it."""
    return {
        f"{method.upper()} {re.sub(r'^/organizations/{organization_id}', 'o', path.partition('/api/v1')[2])}": method
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method in methods
    }


def views() -> dict[str, Callable[..., Any]]:
    """Every named view outside the API."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, Callable[..., Any]]]:
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                if pattern.name:
                    yield pattern.name, pattern.callback
            elif pattern.namespace is None:
                yield from walk(pattern.url_patterns)

    return dict(walk(get_resolver().url_patterns))


def methods_of(view: Callable[..., Any]) -> set[str]:
    """The methods that its decorator (``require_GET`` and its kin) lets through; empty without one."""
    while view is not None:
        if inspect.isfunction(view) and "request_method_list" in (held := inspect.getclosurevars(view).nonlocals):
            return set(held["request_method_list"])
        view = getattr(view, "__wrapped__", None)
    return set()


def test_every_operation_has_a_page() -> None:
    listed = PAGES.keys() | NO_PAGE.keys()
    assert operations().keys() - listed == set(), "no page is named for them"
    assert listed - operations().keys() == set(), "there are no such operations"
    assert not PAGES.keys() & NO_PAGE.keys()


def test_every_page_that_changes_something_has_an_operation() -> None:
    posting = {name for name, view in views().items() if "POST" in methods_of(view)}
    counterparts = {page for pages in PAGES.values() for page in pages.split()}
    assert posting - counterparts - NO_OPERATION.keys() == set(), "no operation is named for them"
    assert (counterparts | NO_OPERATION.keys()) - views().keys() == set(), "there are no such pages"
    assert not counterparts & NO_OPERATION.keys()


def test_operation_and_page_take_the_same_kind_of_request() -> None:
    """A page that stands for a change takes a POST. One that stands for reading may take one: a long look is asked for."""
    wrong = [
        f"{operation}: {page}"
        for operation, pages in PAGES.items()
        for page in pages.split()
        if not operation.startswith("GET ") and "POST" not in methods_of(views()[page])
    ]
    assert not wrong


def test_every_page_says_which_methods_it_takes() -> None:
    assert [name for name, view in views().items() if not methods_of(view)] == []


def test_every_entry_of_the_sidebar_leads_somewhere() -> None:
    names = [entry.url_name for entry in ENTRIES]
    assert len(set(names)) == len(names)
    assert set(names) - views().keys() == set()
    asked = {permission for entry in ENTRIES for permission in entry.permissions}
    assert asked - registered().keys() == set(), "nobody holds a permission that isn't registered"


def test_every_address_in_a_template_exists() -> None:
    named = set()
    for path in (Path(__file__).parents[2] / "tenantry").rglob("templates/**/*.html"):
        named |= {(name, path.name) for name in re.findall(r"{%\s*url\s+['\"](\w+)['\"]", path.read_text())}
    assert named
    assert [(name, where) for name, where in sorted(named) if name not in views()] == []
