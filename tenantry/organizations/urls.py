"""Addresses of this room's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from tenantry.kit.converters import register_identifiers

from .views import home, invitations, members

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
]

urlpatterns: list[URLPattern] = [*_organization]
