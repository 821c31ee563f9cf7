"""Letting in whom a provider vouches for: linked, made a member where need be, and signed in, in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from tenantry.audit.services import Actor, record
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem
from tenantry.organizations.authority import SYSTEM_AUTHORITY
from tenantry.organizations.membership import CHANGE_ROLE, JOIN, settle
from tenantry.organizations.models import Membership
from tenantry.people.models import Session, User
from tenantry.people.sessions import start_session
from tenantry.people.users import ensure_user, name_if_nameless

from . import attributes, boxes, identities, parties, troubles
from .arrival import Verdict, judge
from .mapping import Proof
from .models import Connection, Identity, Policy, SingleSession
from .oidc.logout import LONGEST_HINT
from .refused import Refused


class NoSeat(Refused):
    """Nobody can join now. The owners are told apart from this request, whose work is undone."""


def let_in(connection: Connection, policy: Policy, proof: Proof) -> tuple[User, Session, str]:
    """Sign the person in; returns them, the session and its cookie's token. Call within ``everywhere()``.

    Raises Refused, and the Problem of a veto or of a state that lets nobody join.
    """
    verdict = judge(connection, policy, proof)
    if verdict.joins or verdict.new_role:
        # The seats before the person, as a directory's writes do: the other way round the two would wait in a circle. And whoever was
        # faster, another sign-in or the directory that keeps them out, has been by now.
        limits.lock(connection.organization_id, SEATS)
        verdict = judge(connection, policy, proof)
    if verdict.refusal:
        raise verdict.refusal
    user = verdict.user
    if user is None:
        user, _ = ensure_user(email=proof.email, name=proof.name, actor=Actor("user", None, proof.email, "sso"))
    actor = Actor("user", user.id, user.email, "sso")
    name_if_nameless(user=user, name=proof.name, actor=actor)
    newcomer = user.last_seen_at is None
    if verdict.joins:
        _join(connection, user, verdict.role, actor)
        Policy.objects.filter(organization_id=connection.organization_id).update(seatless_told_at=None)
    elif verdict.new_role and verdict.member:
        _change_role(connection, user, verdict, actor)
    link(connection, user, proof, newcomer=newcomer, actor=actor)
    if verdict.identity is None or not verdict.identity.by_person:  # judged by the domain of their address, for which it speaks
        user.email_verified_at = user.email_verified_at or now()
    session, token = start_session(user=user, method="sso", connection_id=connection.id, until=session_end(connection, proof))
    row = SingleSession(
        organization_id=connection.organization_id, connection=connection, session_id=session.id, user=user, subject=proof.subject,
        name_id_format=proof.name_id_format[:200], session_index=proof.session_index[:300],
    )  # fmt: skip
    if 0 < len(proof.id_token) <= LONGEST_HINT:
        row.sealed_id_token = boxes.close_id_token(row, proof.id_token)
    row.save(force_insert=True)
    Connection.objects.filter(id=connection.id).update(last_used_at=now(), **troubles.over())
    return user, session, token


def session_end(connection: Connection, proof: Proof) -> datetime | None:
    """When the provider's session ends (SAML Core §2.7.2), by our clock: a sandbox's is another than the provider's."""
    if not proof.session_until:
        return None
    return now() + (datetime.fromisoformat(proof.session_until) - parties.moment_of(connection))


def end_with(connection: Connection, session: Session, proof: Proof) -> None:
    """A session that goes on ends with the provider's, as that was told anew; never later than it would have."""
    if (until := session_end(connection, proof)) and until < session.expires_at:
        Session.objects.filter(id=session.id).update(expires_at=until)


def link(connection: Connection, user: User, proof: Proof, *, newcomer: bool = False, by_person: bool = False, actor: Actor) -> Identity:
    """Note that this subject is this person, once and for all. Raises Refused ``sso_identity_taken`` when it is somebody else."""
    identity = Identity.objects.filter(connection=connection, subject=proof.subject).first()
    if identity is not None and identity.user_id != user.id:
        raise Refused("sso_identity_taken", "The provider's account is linked to somebody else here.")
    if identity is None:
        identities.give_way(user=user, connection=connection, actor=actor)  # an owner invited them anew
        identity = Identity(
            organization_id=connection.organization_id, connection=connection, subject=proof.subject, user=user, newcomer=newcomer
        )
        identity.by_person, identity.custom, identity.last_used_at = by_person, attributes.kept(proof), now()
        try:
            with transaction.atomic(using=Identity.objects.db):
                identity.save(force_insert=True)
        except IntegrityError as error:  # the same subject came in twice at once
            raise Refused("sso_identity_taken", "You signed in twice at the same moment. Try again.") from error
        changes: dict[str, Any] = {"connection": {"before": None, "after": connection.public_id}}
        record(
            "sso.identity_linked", actor=actor, organization_id=connection.organization_id, target=user, label=user.email, changes=changes
        )
        attributes.tell(identity, before={}, actor=actor)
        return identity
    before, identity.custom, identity.last_used_at = identity.custom, attributes.kept(proof), now()
    identity.by_person = identity.by_person or by_person
    identity.save(update_fields=["custom", "last_used_at", "by_person"])
    attributes.tell(identity, before=before, actor=actor)
    return identity


def _join(connection: Connection, user: User, role: str, actor: Actor) -> None:
    try:
        settle(JOIN, organization=connection.organization, user=user, role=role, authority=SYSTEM_AUTHORITY, actor=actor)
    except Problem as problem:
        if problem.code != "entitlement_limit_reached":
            raise
        raise NoSeat("sso_no_seat", problem.detail) from problem


def _change_role(connection: Connection, user: User, verdict: Verdict, actor: Actor) -> None:
    """Their groups give another role now. Where that can't be (no seat, learner and expert) they keep the one they have."""
    try:
        with transaction.atomic(using=Membership.objects.db):
            settle(
                CHANGE_ROLE, organization=connection.organization, user=user, role=verdict.new_role, authority=SYSTEM_AUTHORITY, actor=actor
            )
    except Problem as problem:
        changes = {"role": {"before": verdict.role, "after": verdict.new_role}}
        record("sso.role_kept", actor=actor, organization_id=connection.organization_id, target=user, label=user.email, changes=changes,
               reason=problem.code)  # fmt: skip
