"""Whatever happens in whatever order: the tallies are the recount."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tenantry.entitlements import services as entitlements
from tenantry.kit.problems import Problem
from tenantry.organizations import bulk, invitations
from tenantry.organizations.authority import SYSTEM_AUTHORITY
from tenantry.organizations.membership import ADD, CHANGE_ROLE, LEAVE, REACTIVATE, REMOVE, SUSPEND, settle
from tenantry.organizations.models import Invitation
from tenantry.people.users import ensure_user

from .. import factories
from ..factories import OPERATOR
from ..people import Tenant
from .recount import differences

PEOPLE = st.sampled_from([f"p{n}@x.example" for n in range(5)])
ROLES = st.sampled_from(["owner", "maintainer", "billing_admin", "manager", "expert", "learner", "support"])
LIMITS = st.sampled_from(["seat:admin", "seat:member", "seat:total", "quota:project"])
IDS = st.sampled_from("abcd")
ACTS = {"add": ADD, "role": CHANGE_ROLE, "suspend": SUSPEND, "reactivate": REACTIVATE, "remove": REMOVE, "leave": LEAVE}


class Tallies(RuleBasedStateMachine):
    """Every act that moves a seat or a quota, each in a transaction of its own, allowed or refused."""

    @initialize()
    def found(self) -> None:
        self.tenant = Tenant.make(f"h-{__import__('secrets').token_hex(8)}")
        with self.tenant.scope():
            self.organization, _ = factories.organization("Contoso", {"owner": "owner@x.example"})

    def _try(self, act: Any) -> None:
        try:
            with self.tenant.scope():
                act()
        except Problem as problem:
            assert problem.status < 500

    @rule(kind=st.sampled_from(sorted(ACTS)), email=PEOPLE, role=ROLES, service=st.booleans())
    def membership(self, kind: str, email: str, role: str, service: bool) -> None:
        def act() -> None:
            user, _ = ensure_user(email=email, actor=OPERATOR)
            settle(
                ACTS[kind], organization=self.organization, user=user, role=role if kind in ("add", "role") else "",
                authority=SYSTEM_AUTHORITY, actor=OPERATOR, service=service and kind == "add",
            )  # fmt: skip

        self._try(act)

    @rule(email=PEOPLE, role=ROLES)
    def invite(self, email: str, role: str) -> None:
        self._try(
            lambda: invitations.invite(organization=self.organization, email=email, role=role, authority=SYSTEM_AUTHORITY, actor=OPERATOR)
        )

    @rule(emails=st.lists(PEOPLE, max_size=6), role=ROLES)
    def many(self, emails: list[str], role: str) -> None:
        rows = bulk.checked([{"email": email, "role": role} for email in emails])
        self._try(lambda: bulk.invite_many(organization=self.organization, rows=rows, authority=SYSTEM_AUTHORITY, actor=OPERATOR))

    @rule(email=PEOPLE, answer=st.sampled_from(["accept", "decline", "revoke"]))
    def answer(self, email: str, answer: str) -> None:
        def act() -> None:
            found = Invitation.objects.filter(organization=self.organization, email=email).order_by("-id").first()
            if found is None:
                return
            if answer == "accept":
                invitations.accept(token=found.id, user=ensure_user(email=email, actor=OPERATOR)[0], actor=OPERATOR)
            elif answer == "decline":
                invitations.decline(token=found.id, actor=OPERATOR)
            else:
                invitations.revoke(invitation=found, authority=SYSTEM_AUTHORITY, actor=OPERATOR)

        self._try(act)

    @rule(days=st.sampled_from([1, 15, 40]))
    def time(self, days: int) -> None:
        self.days = getattr(self, "days", 0) + days
        self.tenant.move_clock(days=self.days)
        self._try(invitations.expire_due)

    @rule(name=LIMITS, limit=st.integers(0, 6), force=st.booleans())
    def limit(self, name: str, limit: int, force: bool) -> None:
        self._try(
            lambda: entitlements.set_limit(
                organization_id=self.organization.id, resource_type=name, limit=limit, force=force, actor=OPERATOR
            )
        )

    @rule(resource_id=IDS, hold=st.booleans())
    def use(self, resource_id: str, hold: bool) -> None:
        act = entitlements.acquire if hold else entitlements.release
        self._try(lambda: act(organization_id=self.organization.id, resource_type="quota:project", resource_id=resource_id, actor=OPERATOR))

    @rule(ids=st.lists(IDS, max_size=5))
    def reconcile(self, ids: list[str]) -> None:
        self._try(
            lambda: entitlements.reconcile(
                organization_id=self.organization.id, resource_type="quota:project", resource_ids=ids, actor=OPERATOR
            )
        )

    @invariant()
    def the_tallies_are_the_recount(self) -> None:
        if hasattr(self, "tenant"):
            with self.tenant.scope():
                assert differences() == []


TestTallies = Tallies.TestCase
TestTallies.settings = settings(
    max_examples=6, stateful_step_count=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
