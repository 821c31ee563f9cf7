"""A mutation without ``record`` is a defect: whoever writes rows tells of it, or is listed here with the reason why not."""

from __future__ import annotations

import re

from . import source
from .source import Code

RECORD = {"tenantry.audit.services.record", "tenantry.audit.services.record_all"}
# Public functions that leave the telling to whoever calls them; each caller is held to it.
TOLD_BY_CALLERS = {
    "access.keys.fresh_key": "makes a key of a kind, whose maker tells of it",
    "entitlements.limits.lock": "makes a tally at zero for the act that wants to count",
    "entitlements.limits.move": "counts what the act takes or gives back",
    "people.factors.devices.forget_all": "part of the act that ends them",
    "people.factors.recovery.renew": "part of adding a factor, or of making new codes",
    "people.factors.recovery.forget": "part of removing the last factor",
    "people.factors.recovery.take": "using one up passes the second factor",
    "people.factors.passkeys.assertion": "the passkey's counter; what it opens is recorded",
    "people.factors.totp.confirm": "part of adding a factor",
    "people.factors.totp.take": "using a code up passes the second factor",
    "people.sessions.end_all": "part of the act that ends them",
    "people.users.touch_generation": "makes sessions notice what the act has changed",
    "people.users.touch_generations": "as above, for many",
    "tenancy.settings.write_group": "keeps what the act has decided",
    "scim.groups.leave_all": "part of leaving the directory",
    "sso.flows.forget_answers": "part of changing the connection",
    "sso.policies.saved": "makes the row whose lock the act needs, as the defaults say",
}
# Rows that are no deed of anybody: what they follow from is recorded, or they keep something running.
BOOKKEEPING = {
    "audit.services.record": "is the record",
    "audit.services.record_all": "is the record",
    "audit.chain._seal_batch": "links what is recorded",
    "tenancy.services.create_tenant": "the platform's act: there is no tenant yet in whose record it could stand",
    "tenancy.services._change": "the platform's act on a tenant, not an act in it",
    "access.bearer.principal_of_key": "when a key was last used",
    "access.tasks.forget_attempts": "sweeps those counts",
    "api.idempotency.Idempotency._once": "an answer kept for a replay; what it answers is recorded by its service",
    "api.idempotency._keep": "as above",
    "api.tasks.forget_replays": "sweeps those answers",
    "entitlements.limits.lock": "begins to count at zero; whoever moves a count records the act",
    "webhooks.publishing.deliver_later": "deliveries go with a recorded act",
    "webhooks.claims.Claims.settle": "what came of a try stands in the delivery itself",
    "webhooks.claims.Claims.renew": "which worker delivers to an endpoint at present",
    "webhooks.claims.Claims.release": "as above",
    "webhooks.tasks.forget_deliveries": "sweeps what was delivered long ago, and secrets that sign no more",
    "mail.services.queue": "a mail goes with a recorded act",
    "mail.tasks.send": "whether a mail was sent",
    "mail.tasks.forget": "sweeps mails",
    "maintenance.holding.hold_back": "a job that was held back wasn't tried",
    "maintenance.holding.release": "part of ending a window, which is recorded: what waited for it goes on",
    "scim.settings.held": "makes the row whose lock its caller needs, as the defaults say",
    "scim.accounts.forget_suspensions": "whose it is to lift a suspension that is recorded",
    "scim.errors.keep": "a refusal that is kept for whoever looks after the directory",
    "scim.errors._trim": "sweeps those",
    "scim.alerts._tell": "notes when owners were last told",
    "sso.provider.oidc_grants._change": "codes and tokens of the test provider, for minutes; a sign-in is recorded by the service",
    "people.links.make_link": "an offer to sign in; using it is recorded",
    "people.proof.mail_link": "an offer to prove an address; using it is recorded",
    "people.history.began": "a sign-in, which is recorded where the session is made",
    "people.history.went_on": "as above",
    "people.history.refused": "a refused sign-in, which is recorded beside it",
    "people.steps.advance": "where a session stands; whoever took the step records it",
    "people.factors.doors.Subject.set_up": "as above: adding the factor is recorded",
    "people.impersonation.present._told": "that a session knows of an end, which is recorded",
    "people.factors.devices._new": "a browser that somebody signed in with",
    "people.factors.devices.met": "which browser somebody signed in with",
    "people.factors.passkeys.begin": "a challenge; what answers it is recorded",
    "people.factors.passkeys._claim": "as above",
    "people.factors.totp.begin": "an offer that counts for nothing until its first code",
    "people.sessions.acknowledge": "the person has seen the change that is recorded",
    "people.sessions.principal_of_cookie": "when a session was last used",
    "people.tasks.forget_links": "sweeps links and sessions that ended long ago",
    "organizations.invitations.mail_invitation": "the token of an invitation on the record, made when it is mailed",
    "tenancy.services.discard_tenant": "takes back a tenant that never had a row",
    "workspaces.visits.make_link": "an offer to prove an address; entering a tenant is recorded there",
    "workspaces.visits.begin": "as above",
    "workspaces.visits.enter": "notes which session a visit began; that it began is recorded in its tenant",
    "workspaces.visits.sign_out": "ends a visit; each session that ends with it is recorded in its tenant",
    "workspaces.tasks.forget": "sweeps links and visits",
    "organizations.drafts.expire_drafts": "sweeps answers that nobody confirmed",
    "sso.connections._put_certificates": "a part of setting a connection up, which is recorded; a daily refresh follows the provider",
    "sso.flows.begin": "the way to a provider; what it leads to is recorded",
    "sso.flows.bind": "as above",
    "sso.flows.consume": "as above",
    "sso.flows.hand_over": "as above",
    "sso.flows.finish": "as above",
    "sso.flows.remember": "an assertion that was used, so that it isn't used again",
    "sso.testing.note_refusal": "what a test showed; that it was refused is recorded with it",
    "sso.troubles.note_refusal": "for the list of troubles; that an answer was refused is recorded with it",
    "sso.ending.forget_id_tokens": "sweeps what sessions that are over were kept with",
    "sso.joining.end_with": "a session ends with the provider's; that its person proved anew is recorded",
    "sso.tasks.forget": "sweeps ways that are over, and assertions that are refused for their age",
}
# Functions of the database that write, and why they need not tell.
IN_DATABASE = {
    "audit_await_link": "notes which recorded event waits for its link",
    "access_check": "when a key was last used",
    "access_count": "counts requests",
    "access_count_outside": "as above",
    "membership_admit": "records the act itself, in the same statement (tests/organizations/test_admit.py)",
    "scim_make": "as above",
    "scim_arrive": "a token's last use; whom it makes scim_make records",
}


def _full(names: object) -> set[str]:
    return {f"tenantry.{name}" for name in names}  # type: ignore[attr-defined]  # a mapping's keys


def silent(code: Code, *, told: set[str], bookkeeping: set[str]) -> list[str]:
    """Functions that write rows though nobody records it: neither they, nor what they call, nor, where allowed, their callers."""

    def tells(name: str, seen: frozenset[str] = frozenset()) -> bool:
        if name in seen or RECORD & {target for reached in code.reach(name) for _, target in code.functions[reached].calls()}:
            return True
        if code.functions[name].public and name not in told:
            return False
        callers = code.callers[name]
        return (bool(callers) or name in told) and all(tells(caller, seen | {name}) for caller in callers)

    writers = [name for name, found in code.functions.items() if next(found.writes(), None) is not None and name not in bookkeeping]
    return sorted(name for name in writers if not tells(name))


def test_whoever_writes_rows_records_it() -> None:
    assert silent(source.code(), told=_full(TOLD_BY_CALLERS), bookkeeping=_full(BOOKKEEPING)) == []


def test_nobody_is_excused_in_vain() -> None:
    code = source.code()
    excused = _full(TOLD_BY_CALLERS) | _full(BOOKKEEPING)
    assert {name for name in excused if name not in code.functions or next(code.functions[name].writes(), None) is None} == set()


def test_functions_of_the_database_write_nothing_in_silence() -> None:
    found = set()
    for path in source.tracked("*.py"):
        if "migrations" in path.parts:
            for name, body in re.findall(r"create (?:or replace )?function (\w+)\((.*?)\$\$;", path.read_text(), re.DOTALL):
                if re.search(r"\b(insert into|update \w+(\s+\w+)?\s+set|delete from)\b", body):
                    found.add(name)
    assert found == set(IN_DATABASE)


SAMPLE = """
from tenantry.audit.services import record
STATEMENT = "update people_user set name = %s"
def saves(row): row.save(update_fields=["name"])
def deletes(rows): rows.filter(id=1).delete()
def makes(values): Thing.objects.bulk_create(values)
def changes(rows): rows.update(name="x")
def states(cursor): cursor.execute(STATEMENT, ["x"])
def tells(row): row.save(); record("thing.changed", actor=None)
def through(row): _told(row); row.save()
def _told(row): record("thing.changed", actor=None)
def _left_to_callers(row): row.save()
def good_caller(row): _left_to_callers(row); record("thing.changed", actor=None)
def _left_to_a_bad_one(row): row.save()
def bad_caller(row): _left_to_a_bad_one(row)
def _nobodys(row): row.save()
def pure(data, out, image): data.update({}); image.save(out, "PNG"); data.delete("key")
"""


def test_the_linter_notices() -> None:
    names = ["_left_to_a_bad_one", "_nobodys", "changes", "deletes", "makes", "saves", "states"]
    assert silent(source.of(sample=SAMPLE), told=set(), bookkeeping=set()) == [f"sample.{name}" for name in names]
