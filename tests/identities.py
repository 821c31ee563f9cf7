"""A row of everything that identity keeps of an organization, for tests that look at every table. Call inside a scope."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.ids import new_id
from tenantry.organizations.models import Domain, JoinRequest, Organization, SignInPolicy
from tenantry.people.models import Device, Impersonation, ImpersonationConsent, Passkey, SignIn, User
from tenantry.scim.store_models import ScimAddress, ScimGroup, ScimGroupMember, ScimUser
from tenantry.scim.sync_models import ScimError, ScimGroupMapping, ScimSettings
from tenantry.sso.models import (
    BreakGlass,
    Certificate,
    Connection,
    Flow,
    Identity,
    Policy,
    RecoveryCode,
    SeenAssertion,
    SingleSession,
)


def single_sign_on(of: Organization, user: User) -> None:
    """Connections, who came by them, policy and the ways around it."""
    one = {"organization": of, "connection": Connection(organization=of, kind="oidc", name="IdP")}
    hashed, end = crypto.digest("x"), now() + timedelta(days=60)
    _save(
        one["connection"],
        Certificate(**one, pem="x", fingerprint="x", not_before=now(), not_after=end),
        Identity(**one, subject="ada", user=user),
        Flow(**one, purpose="sign_in", state_hash=hashed, expires_at=end),
        SeenAssertion(**one, assertion_hash=hashed, expires_at=end),
        SingleSession(**one, session_id=new_id(), user=user, subject="ada"),
        Policy(organization=of),
        RecoveryCode(organization=of, code_hash=hashed),
        BreakGlass(organization=of, opened_label="ada", reason="x", until=end),
    )


def domains(of: Organization, user: User) -> None:
    """A domain, somebody who asks to join, and how members sign in."""
    _save(
        Domain(organization=of, name="x.example", token="x"),
        JoinRequest(organization=of, user=user, domain="x.example"),
        SignInPolicy(organization=of),
    )


def directory(of: Organization, user: User) -> None:
    """What a directory keeps: people, groups, settings, errors."""
    here: dict[str, Any] = {"organization_id": of.id}
    person = ScimUser(**here, user=user, user_name="ada", user_name_key="ada")
    group = ScimGroup(**here, display_name="Staff", name_key="staff")
    _save(
        person,
        group,
        ScimAddress(**here, holder=person, key="ada"),
        ScimGroupMember(**here, group=group, member=person),
        ScimSettings(**here),
        ScimGroupMapping(**here, group="Staff", group_key="staff", role="learner"),
        ScimError(**here, request_id="x", method="POST", path="/Users", status=409, code="x", detail="x"),
    )


def strong_sign_in(of: Organization, user: User, staff: User) -> None:
    """A passkey, a remembered browser, a sign-in, and staff who look on."""
    hashed = crypto.digest("x")
    _save(
        Passkey(user=user, name="Key", credential_id=hashed, public_key=hashed),
        Device(user=user, token_hash=hashed, last_used_at=now()),
        SignIn(user=user, method="link", outcome="succeeded"),
        Impersonation(staff=staff, user=user, organization_id=of.id, reason="x"),
        ImpersonationConsent(organization_id=of.id, answer="ask"),
    )


def everything(of: Organization, user: User, staff: User) -> None:
    """All of it, where none of it is there yet."""
    single_sign_on(of, user)
    domains(of, user)
    directory(of, user)
    strong_sign_in(of, user, staff)


def _save(*rows: Any) -> None:
    for row in rows:
        row.save(force_insert=True)
