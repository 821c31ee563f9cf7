"""The permissions that exist today (docs/permissions.md is made from this table).

Organization roles: O owner, M maintainer, B billing_admin, G manager, E expert, L learner, S support.
Staff roles: a admin, f finance, c csm, s support, u auditor. A missing letter is closed.
"""

from __future__ import annotations

from collections.abc import Iterable

from .permissions import Permission
from .permissions import permission as p

# Organizations and their settings.
p("organization:read", "*", "afcsu", "See the organization's name and state.")
p("organization:delete", "O", "a", "Delete the organization; staff can undo it for 30 days.")
p("settings:read", "OMBG", "afcsu", "See the settings.")
p("settings:write", "OM", "ac", "Change name, description, industry, website, size, logo, banner and colour.")
p(
    "settings:write_owner_fields",
    "O",
    "ac",
    "Change slug, capabilities, tax ids, purchase-order duty, time zone, listing and rate limits.",
)
p("settings:write_billing_fields", "OB", "af", "Change billing e-mail, billing address and payment terms.")
p("verification:resubmit", "OM", "ac", "Ask again for verification after a rejection.")
p("billing:read", "OMBG", "afu", "See billing fields and amounts.")
p("billing:write", "OB", "af", "Change how the organization pays.")
p("billing:funding", "OB", "af", "Choose the funding mode.")
# People.
p("roles:read", "OMG", "afcsu", "See which role holds what.")
p("members:directory", "*", "afcsu", "See the names of the members.")
p("members:read", "OMGS", "afcsu", "See members with address, role and status.")
p("members:write", "OM", "ac", "Add, suspend, reactivate and remove members.")
p("members:grant_governance", "O", "a", "Give or take the roles owner, maintainer and billing_admin.")
p("members:grant_operational", "OM", "ac", "Give or take the roles manager, support, expert and learner.")
p("members:force_remove", "O", "a", "Remove somebody whom a rule would otherwise keep.")
p("invitations:read", "OMG", "acsu", "See invitations.")
p("invitations:write", "OM", "ac", "Invite people, resend and revoke.")
# Identity: domains, single sign-on, directories, how members sign in.
p("identity:read", "OM", "acsu", "See domains, single sign-on, directory sync and the rules for signing in.")
p("identity:write", "O", "a", "Change domains, single sign-on, directory sync and the rules for signing in.")
p("scim_tokens:write", "O", "a", "Make and revoke the tokens of a directory (SCIM).")
p("identity:lift", "", "acs", "Lift an organization's enforced single sign-on or its list of networks, when nobody there can get in.")
p("domains:decide", "", "ac", "Confirm a domain for an organization, or take it back.")
p("impersonation:write", "", "acs", "Open the portal as one of a customer's members.")
# Integration.
p("keys:read", "OM", "au", "See API keys: name, scopes and last use.")
p("keys:write", "OM", "a", "Make, rotate and revoke API keys.")
p("webhooks:read", "OMBG", "asu", "See webhook endpoints and their deliveries.")
p("webhooks:write", "OB", "a", "Make, change, pause and test webhook endpoints, and send deliveries again.")
p("webhooks:member_events", "OM", "a", "Subscribe an endpoint to events about people.")
p("webhooks:rotate", "OM", "a", "Replace an endpoint's signing secret.")
p("webhooks:delete", "OM", "a", "Delete a webhook endpoint.")
# Limits and use.
p("entitlements:read", "OMBG", "afcsu", "See limits.")
p("entitlements:write", "", "afc", "Set and lift limits.")
p("usage:read", "OMBG", "afcsu", "See what is used of a limit.")
p("usage:write", "OMG", "ac", "Acquire and release resources.")
# The record.
p("audit:read_operations", "OMGS", "acsu", "Read the record of people, settings and access.")
p("audit:read_money", "OMB", "afu", "Read the record of invoices, payouts, wallets and contracts.")
p("audit:export", "OMB", "afu", "Export the record.")
# The tenant as a whole: staff only, but for what everybody should know.
p("maintenance:read", "*", "afcsu", "See maintenance windows.")
p("maintenance:write", "", "a", "Announce, begin and end maintenance windows.")
p("tenant:read", "", "au", "See the tenant's own settings: program and mail.")
p("tenant:write", "", "a", "Change the tenant's own settings: program and mail.")
p("jobs:read", "", "asu", "See background jobs.")
p("jobs:write", "", "a", "Retry and cancel background jobs.")
p("organizations:list", "", "afcsu", "List and search organizations.")
p("organizations:create", "", "ac", "Create an organization for somebody else.")
p("organizations:verify", "", "ac", "Approve or reject an organization.")
p("organizations:suspend", "", "ac", "Suspend an organization and lift that.")
p("organizations:deactivate", "", "a", "Deactivate an organization for good.")
p("organizations:restore", "", "a", "Undo a deletion within 30 days.")
p("users:read", "", "acsu", "See the tenant's users.")
p("users:write", "", "a", "Suspend and reinstate users.")
p("staff:read", "", "au", "See who works for the vendor.")
p("staff:write", "", "a", "Add, change and revoke staff.")
p("permissions:write", "", "a", "Register permissions of the vendor's product.")
p("access:check", "", "acs", "Ask whether a user may do something.")
p("audit:read_tenant", "", "au", "Read and verify the whole record.")

# What pages call the resources; several may share a name. One that isn't here is called by its own.
LABELS = {
    noun: label
    for label, nouns in {
        "Organization": "organization verification", "Settings": "settings", "Money": "billing", "People": "roles members invitations",
        "Integration": "keys webhooks", "Limits and use": "entitlements usage access", "Audit log": "audit",
        "Organizations": "organizations", "Users and staff": "users staff", "The workspace": "maintenance tenant jobs permissions",
    }.items()
    for noun in nouns.split()
}  # fmt: skip


def grouped(permissions: Iterable[Permission]) -> list[tuple[str, list[Permission]]]:
    """Permissions under what they are about, in the order of the registry."""
    groups: dict[str, list[Permission]] = {}
    for found in permissions:
        noun = found.name.partition(":")[0]
        groups.setdefault(LABELS.get(noun, noun.replace("_", " ").capitalize()), []).append(found)
    return list(groups.items())
