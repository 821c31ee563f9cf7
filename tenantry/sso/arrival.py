"""Whom a provider means, and whether they may come in: decided here for a sign-in, and shown by a test without doing it.

A provider speaks for the addresses of the domains that its organization has verified, and for people who linked themselves to it
while they were signed in; for nobody else. Accounts are found by (connection, subject). An address finds one only the first time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tenantry.access.permissions import ROLES
from tenantry.kit.clock import now
from tenantry.organizations import domains, queries
from tenantry.organizations.models import Invitation, Membership, Organization
from tenantry.people.models import Staff, User

from .mapping import Proof
from .models import Connection, Identity, Policy
from .refused import Refused

LONGEST_SUBJECT = 512
GOOGLE = "https://accounts.google.com"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a proof leads to. ``user`` None: they are new. ``joins``: they become a member with ``role``; else ``role`` is the
    one they have, and ``new_role`` what their groups now give instead, or empty. ``refusal`` says why they stay out."""

    email: str
    identity: Identity | None = None
    user: User | None = None
    member: Membership | None = None
    joins: bool = False
    role: str = ""
    new_role: str = ""
    refusal: Refused | None = None

    def told(self) -> dict[str, Any]:
        """As a test shows it, and the API."""
        return {
            "user": self.user.public_id if self.user else None,
            "email": self.email,
            "joins": self.joins,
            "role": self.role,
            "new_role": self.new_role or None,
            "refused": {"code": self.refusal.code, "detail": self.refusal.detail} if self.refusal else None,
        }


def judge(connection: Connection, policy: Policy, proof: Proof) -> Verdict:
    """Who it is and what would become of them; changes nothing. Call within ``everywhere()``."""
    organization = connection.organization
    if unnamed := subject_refusal(proof):
        return Verdict(proof.email, refusal=unnamed)
    identity = Identity.objects.select_related("user").filter(connection=connection, subject=proof.subject).first()
    if identity is None or not identity.by_person:
        refusal = _may_speak_for(organization, proof.email, identity)
        if refusal:
            return Verdict(proof.email, identity, identity.user if identity else None, refusal=refusal)
        if proof.email_verified is False:
            refusal = Refused("sso_email_unverified", "The provider says that this e-mail address isn't verified there.")
            return Verdict(proof.email, refusal=refusal)
        if refusal := private_account(connection.issuer, proof):
            return Verdict(proof.email, refusal=refusal)
    user = identity.user if identity else User.objects.filter(email=proof.email).first()
    return _judge_person(organization, policy, proof, identity, user, connection)


def subject_refusal(proof: Proof) -> Refused | None:
    """Why a provider's name for somebody can't be linked to an account; None when it can."""
    if not proof.subject or len(proof.subject) > LONGEST_SUBJECT:
        return Refused("sso_subject_missing", "The provider doesn't say by a lasting name whom it means.")
    if proof.name_id_format.endswith(":transient"):
        detail = "The provider gives a new name each time (a transient NameID). Have it send the e-mail address or a persistent one."
        return Refused("sso_subject_transient", detail)
    return None


def private_account(issuer: str, proof: Proof) -> Refused | None:
    """Google signs in everybody, also somebody who left and keeps a private account under the company's address. Those of a Workspace
    bear its domain as ``hd`` (developers.google.com/identity/openid-connect, “hd”)."""
    if issuer.rstrip("/") != GOOGLE or any(proof.attributes.get("hd", ())):
        return None
    return Refused("sso_google_private", "This is a private Google account, and only those of your organization's Google Workspace count.")


def _may_speak_for(organization: Organization, email: str, identity: Identity | None) -> Refused | None:
    """Why a provider's word doesn't count for these addresses; None when it does."""
    if not email:
        return Refused(
            "sso_email_missing",
            "In what the provider sent no e-mail address was found. An owner says under “Attributes and roles” which attribute has it.",
        )
    for address in {email, identity.user.email if identity else email}:
        if domains.covers(organization.id, address):
            continue
        holder = domains.holder(address)
        if holder is not None:
            return Refused("sso_domain_of_another", "This address is of a domain for which another organization's provider speaks.")
        detail = f"{organization.name} hasn't verified the domain {address.rpartition('@')[2]}, so its provider doesn't speak for it."
        return Refused("sso_domain_not_verified", detail)
    return None


def _judge_person(
    organization: Organization, policy: Policy, proof: Proof, identity: Identity | None, user: User | None, connection: Connection
) -> Verdict:
    email = user.email if user else proof.email
    member = Membership.objects.filter(organization=organization, user=user).first() if user else None
    mapped, role = role_of(connection, proof.groups), member.role if member else ""
    offered = Invitation.objects.filter(organization=organization, email=email, status="pending", expires_at__gt=now()).first()
    if user and identity is None and offered is None and (refusal := _called_otherwise(connection, user)):
        return Verdict(email, None, user, member, role=role, refusal=refusal)
    if user and (refusal := _kept_out(user, member, organization, invited=offered is not None)):
        return Verdict(email, identity, user, member, role=role, refusal=refusal)
    if member is not None and member.status == Membership.Status.ACTIVE:
        changed = mapped if mapped and mapped != role and role != "owner" else ""
        return Verdict(email, identity, user, member, role=role, new_role=changed)
    if not policy.jit:
        if offered:
            return Verdict(email, identity, user)  # let in, to answer the invitation
        detail = f"You are no member of {organization.name}, and signing in makes nobody one. Ask an owner for an invitation."
        return Verdict(email, identity, user, refusal=Refused("sso_not_a_member", detail))
    if not offered and queries.kept_out(organization.id, email):
        detail = f"The directory of {organization.name} says that your account is deactivated. Ask your IT department."
        return Verdict(email, identity, user, refusal=Refused("sso_directory_inactive", detail))
    return Verdict(email, identity, user, joins=True, role=offered.role if offered else mapped or policy.default_role)


def _called_otherwise(connection: Connection, user: User) -> Refused | None:
    """Why an address finds nobody who is linked already: at many providers people may change theirs, or get that of somebody who left.
    An owner's invitation says that it is the same person; so does whoever unlinks the old account while signed in."""
    if not Identity.objects.filter(connection=connection, user=user).exists():
        return None
    detail = (
        "The provider has another name for this person than before, though the same address. If it is still you, sign in otherwise "
        "and unlink the old account under Account, or ask an owner to remove you and invite you again."
    )
    return Refused("sso_subject_changed", detail)


def _kept_out(user: User, member: Membership | None, organization: Organization, *, invited: bool) -> Refused | None:
    """Why this person may not come in by a provider, whatever it says."""
    if user.status != User.Status.ACTIVE:
        return Refused("user_suspended", "Your access to this workspace is suspended. Ask its support.")
    if Staff.objects.filter(user=user, status=Staff.Status.ACTIVE).exists():
        detail = "Staff of the vendor don't sign in by a customer's provider. Sign in by link, password or passkey."
        return Refused("sso_staff_refused", detail)
    if member is None or member.status == Membership.Status.ACTIVE:
        return None
    if member.status == Membership.Status.SUSPENDED:
        return Refused("sso_member_suspended", f"Your membership of {organization.name} is suspended. Ask one of its owners.")
    if member.status == Membership.Status.REMOVED and invited:
        return None
    return Refused("sso_member_removed", f"You were removed from {organization.name} by somebody. An owner can invite you again.")


def role_of(connection: Connection, groups: list[str]) -> str:
    """The highest role that these groups give, or an empty string."""
    given = {entry["group"].casefold(): entry["role"] for entry in connection.group_roles}
    roles = [given[group.casefold()] for group in groups if group.casefold() in given]
    return max(roles, key=lambda role: ROLES[role].rank, default="")
