"""Who may look beyond the caller's organizations, or commit beside the request: these, for these reasons, and nobody else."""

from __future__ import annotations

from . import source
from .source import Code

EVERYWHERE = {
    "organizations.services._slugs_like": "an address must be free in the whole tenant, whoever else has it",
    "organizations.domains.queries.holder": "who holds a domain is asked before anybody is signed in, and of every organization",
    "organizations.domains.services._release": "whoever proves a domain takes it from an organization that is gone",
    "organizations.domains.joining.offers_of": "whoever may join isn't inside yet: the domain of their address decides",
    "organizations.domains.joining.join": "as above",
    "organizations.domains.joining._ask": "as above",
    "organizations.domains.joining.own_requests": "a person's own requests",
    "organizations.domains.joining.withdraw": "as above",
    "organizations.sign_in_policy.rules_for": "of all of a person's organizations the strictest rule counts, whichever is looked at",
    "organizations.sign_in_policy._bind_sessions": "as above",
    "sso.provider.identity.known_services": "the test provider is nobody's organization: it lists the connections that trust it",
    "organizations.directory.page": "the public directory: anybody sees those who opted in",
    "organizations.views.images._profile": "the picture of an organization that the directory shows",
    "organizations.views.invitation.invitation": "the invitee isn't inside yet: the token decides",
    "organizations.views.invitation._over": "as above",
    "organizations.views.invitation._profile": "as above, for logo and colours",
    "organizations.api.invitations.offer": "as above",
    "organizations.invitations.of_person": "the open invitations of a person's own address",
    "organizations.invitations.require_own": "whether an invitation is for the person who asks",
    "scim.accounts.belongs_elsewhere": "an account that others have too isn't one directory's to change",
    "scim.accounts._active_elsewhere": "as above",
    "organizations.invitations.accept": "the invitee isn't inside yet: the token decides",
    "organizations.invitations.join": "as above",
    "organizations.invitations.decline": "as above",
    "sso.enforcing.veto": "who holds the domain of somebody who isn't inside yet, and whether it enforces its provider",
    "sso.routing.route": "as above, before anybody has said who they are",
    "sso.routing.organization_of": "whose provider vouched for a session, whichever organization is looked at now",
    "sso.recovery.use_code": "the owner isn't inside yet: the signed proof and the code decide",
    "sso.terms._stand_before": "the newcomer isn't inside yet",
    "sso.ending.farewell_of": "the session has just ended",
    "sso.views.doors.metadata": "the provider reads our metadata, which is public",
    "sso.views.doors.jwks": "the same, of our public key",
    "sso.views.doors.certificate": "the same, of our certificate",
    "sso.views.doors.start": "nobody is signed in yet: the connection in the address decides",
    "sso.views.doors.acs": "the provider's signed word decides",
    "sso.views.doors.callback": "as above",
    "sso.views.doors.finish": "as above, with the browser's cookie",
    "sso.views.doors.slo": "the provider's signed word decides",
    "sso.views.doors.farewell": "the session has just ended: a signed note says which",
}
ASIDE = {
    "access.bearer.principal_of_key": "when a key was used is true even if the request is refused",
    "access.bearer._note_refusal": "the refusal rolls the request back, and stays on the record",
    "scim.errors.note": "a refusal is kept though it rolls back",
    "scim.alerts.tell": "owners are told of a refusal, which rolls back",
    "people.sessions._is_excused": "that nobody asks for a step any more: the session goes on, likewise",
    "people.sessions.principal_of_cookie": "when a session was used, likewise",
    "people.impersonation.present.acting": "what ran out is over, whatever becomes of the request that finds it so",
    "people.impersonation.present._told": "the refusal that tells it rolls the request back",
    "people.entry._failures": "a refused sign-in is recorded though the refusal rolls back",
    "people.proof._refused": "a refused proof, likewise",
    "people.factors.passkeys._claim": "a challenge is used up by a wrong answer too",
    "people.factors.passing.refuse": "a refused second factor, likewise",
    "api.idempotency.Idempotency._once": "a refusal after an interruption frees its key, which is committed already",
    "sso.flows.consume": "a provider's answer counts once, whatever becomes of it",
    "sso.flows.remember": "so does an assertion",
    "sso.views.arriving.refuse": "a refused sign-in is recorded though the refusal rolls back",
    "sso.views.people.sso_recovery": "so is a refused recovery code",
    "sso.ending.refuse_logout_token": "so is a provider's request that isn't taken",
}
OUTSIDE = {
    "organizations.domains.services.verify_now": "whoever has a proof looked for waits for the outcome; nothing was changed before it",
    "mail.trial.try_out": "a test mail, whose outcome is the answer; nothing was changed before it",
    "webhooks.api.try_now": "whoever sends a test event waits for the answer; that it was sent is true whatever becomes of it",
    "sso.setup.look_up": "metadata and discovery are read before anything is changed",
    "sso.oidc_door.answered": "the code is exchanged for who signed in; that the flow was used is true whatever becomes of it",
    "sso.oidc_door.told_to_end": "the provider's keys may have to be read; nothing was changed before",
}
# Settling the scope itself, wider as well as narrower.
NARROW = {
    "tenancy.scope.admit": "adds one organization",
    "tenancy.scope.everywhere": "widens for a few statements",
    "people.middleware.Authentication.__call__": "who asks is looked up in all of the tenant; then the scope is what they reach",
}
ADMIT = {
    "organizations.services.found": "the organization is being made",
    "organizations.invitations.accept": "the person has just become a member",
    "organizations.domains.joining.join": "as above",
}


def callers(code: Code, name: str) -> set[str]:
    """Functions that call ``tenancy.scope.<name>``."""
    wanted = f"tenantry.tenancy.scope.{name}"
    return {
        caller.removeprefix("tenantry.")
        for caller, found in code.functions.items()
        if any(target == wanted or target == f"tenantry.tenancy.scope.scope.{name}" for _, target in found.calls())
    }


def test_everywhere_is_called_by_these_alone() -> None:
    assert callers(source.code(), "everywhere") == set(EVERYWHERE)


def test_the_scope_is_changed_by_these_alone() -> None:
    assert callers(source.code(), "narrow") == set(NARROW)
    assert callers(source.code(), "admit") == set(ADMIT)


def test_aside_is_called_by_these_alone() -> None:
    assert callers(source.code(), "aside") == set(ASIDE)


def test_outside_is_called_by_these_alone() -> None:
    """Each commits in the middle of a request, so each is looked at: what it did before must be right whatever comes after."""
    assert callers(source.code(), "outside") == set(OUTSIDE)


def test_the_platforms_connection_is_used_above_and_below_all_tenants_alone() -> None:
    """By tenancy, by the command line, and by the installation's own doors."""
    using = {
        name
        for name, module in source.code().modules.items()
        if '"platform"' in module.text and not name.startswith(("tenantry.install", "tenantry.tenancy", "tenantry.workspaces"))
    }
    assert using == set()


def test_the_linter_notices() -> None:
    sample = """
from tenantry.tenancy import scope
from tenantry.tenancy.scope import everywhere as all_of_it
def one():
    with all_of_it(): pass
def two():
    with scope.everywhere(): pass
def three(everywhere): return everywhere
"""
    assert callers(source.of(sample=sample), "everywhere") == {"sample.one", "sample.two"}
