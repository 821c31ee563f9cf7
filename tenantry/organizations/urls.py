"""Addresses of this room's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from tenantry.kit.converters import register_identifiers

from .domains import views as domains
from .views import directory, home, images, invitation, invitations, members, settings, sign_in_policy, staff, start, wizard

register_identifiers()

_O = "o/<slug:slug>"
_MEMBER = f"{_O}/members/<mem:membership_id>"
_INVITATION = f"{_O}/invitations/<inv:invitation_id>"

# An organization's own pages.
_organization: list[URLPattern] = [
    path(f"{_O}/", home.organization_home, name="organization_home"),
    path(f"{_O}/verification/resubmission", home.resubmit, name="organization_resubmit"),
    path(f"{_O}/leave", members.leave, name="organization_leave"),
    path(f"{_O}/members", members.members, name="members"),
    path(f"{_O}/members/add", members.add, name="member_add"),
    path(_MEMBER, members.member, name="member"),
    path(f"{_MEMBER}/role", members.change_role, name="member_role"),
    path(f"{_MEMBER}/suspension", members.act, {"step": "suspend"}, name="member_suspend"),
    path(f"{_MEMBER}/reactivation", members.act, {"step": "reactivate"}, name="member_reactivate"),
    path(f"{_MEMBER}/removal", members.act, {"step": "remove"}, name="member_remove"),
    path(f"{_O}/invitations", invitations.invitations, name="invitations"),
    path(f"{_O}/invitations/new", invitations.new, name="invitation_new"),
    path(f"{_O}/invitations/bulk", invitations.many, name="invitations_bulk"),
    path(f"{_INVITATION}/resend", invitations.resend, name="invitation_resend"),
    path(f"{_INVITATION}/revocation", invitations.revoke, name="invitation_revoke"),
    path(f"{_O}/settings", settings.settings, name="settings"),
    path(f"{_O}/settings/<slug:section>", settings.save, name="settings_save"),
    path(f"{_O}/deletion", settings.delete, name="organization_delete"),
]

_DOMAIN = f"{_O}/domains/<dom:domain_id>"
_REQUEST = f"{_O}/join-requests/<jrq:request_id>"
_identity: list[URLPattern] = [
    path(f"{_O}/domains", domains.domains, name="domains"),
    path(f"{_O}/domains/new", domains.new, name="domain_new"),
    path(_DOMAIN, domains.domain, name="domain"),
    path(f"{_DOMAIN}/verification", domains.verify, name="domain_verify"),
    path(f"{_DOMAIN}/removal", domains.remove, name="domain_remove"),
    path(f"{_DOMAIN}/people", domains.people, name="domain_people"),
    path(f"{_O}/join-requests", domains.requests, name="join_requests"),
    path(f"{_REQUEST}/approval", domains.approve, name="join_request_approve"),
    path(f"{_REQUEST}/refusal", domains.refuse, name="join_request_refuse"),
    path(f"{_O}/sign-in", sign_in_policy.sign_in_policy, name="sign_in_policy"),
    path("staff/organizations/<org:organization_id>/networks/lifting", sign_in_policy.staff_networks_lift, name="staff_networks_lift"),
    path("staff/organizations/<org:organization_id>/domains/<dom:domain_id>", domains.staff_domain, name="staff_domain"),
    path("me/join-requests/<org:organization_id>", domains.join, name="own_join"),
]

# The staff console for organizations.
_S = "staff/organizations"
_staff: list[URLPattern] = [
    path(_S, staff.staff_organizations, name="staff_organizations"),
    path(f"{_S}/new", staff.staff_organization_new, name="staff_organization_new"),
    path(f"{_S}/<org:organization_id>", staff.staff_organization, name="staff_organization"),
    path(f"{_S}/<org:organization_id>/<slug:step>", staff.staff_organization_act, name="staff_organization_act"),
]

# Starting, founding, being invited, and what is public.
_public: list[URLPattern] = [
    path("", start.home, name="home"),
    path("me/invitations/<inv:invitation_id>", start.own_invitation, name="own_invitation"),
    path("organizations/new", wizard.organization_new, name="organization_new"),
    path("organizations/new/cancel", wizard.organization_new_cancel, name="organization_new_cancel"),
    path("organizations/new/theme.css", wizard.draft_theme, name="draft_theme"),
    path("organizations/new/<slug:kind>.png", wizard.draft_image, name="draft_image"),
    path("organizations/new/<slug:step>", wizard.organization_new_step, name="organization_new_step"),
    path("invitations/<str:token>", invitation.invitation, name="invitation"),
    path("invitations/<str:token>/theme.css", invitation.invitation_theme, name="invitation_theme"),
    path("invitations/<str:token>/logo.png", invitation.invitation_logo, name="invitation_logo"),
    path("directory", directory.directory, name="directory"),
    path(f"{_O}/logo.png", images.organization_logo, name="organization_logo"),
    path(f"{_O}/banner.png", images.organization_banner, name="organization_banner"),
    path(f"{_O}/theme.css", images.organization_theme, name="organization_theme"),
]

urlpatterns: list[URLPattern] = [*_public, *_organization, *_identity, *_staff]
