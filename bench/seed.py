"""Many memberships, written by the database itself."""

from __future__ import annotations

import psycopg

_SQL = """
set session_replication_role = replica;  -- the rows are consistent by construction; checking each reference takes minutes
create temp table o as select gen_random_uuid() id, n from generate_series(1, {organizations}) n;
create temp table u as select gen_random_uuid() id, n from generate_series(1, {users}) n;
insert into organizations_organization (tenant_id, id, created_at, name, slug, state, state_reason, legal_name, size,
       industry, country, time_zone, default_currency, can_sponsor, can_host, plan, public, version)
select '{tenant}', id, now(), 'Organization ' || n, 'bench-{label}-' || n, 'active', '', '', '', '', 'IN', 'UTC', 'INR', true,
       false, '', false, 1 from o;
insert into organizations_profile (tenant_id, id, created_at, organization_id, description, website, brand_colour)
select '{tenant}', gen_random_uuid(), now(), id, '', '', '' from o;
insert into organizations_billingaccount (tenant_id, id, created_at, organization_id, funding_mode, billing_email, payment_terms_days,
       requires_purchase_order, tax_ids, address)
select '{tenant}', gen_random_uuid(), now(), id, 'personal', '', 30, false, '{{}}', '{{}}' from o;
insert into people_user (tenant_id, id, created_at, email, name, status, status_reason, password, generation)
select '{tenant}', id, now(), 'person' || n || '@{label}.example', 'Person ' || n, 'active', '', '', 1 from u;
insert into organizations_membership (tenant_id, id, created_at, organization_id, user_id, role, status, service, team, reason,
       seat_assigned_at, version)
select '{tenant}', gen_random_uuid(), now(), o.id, u.id, case when k = 0 then 'owner' when k < 5 then 'manager' else 'learner' end,
       'active', false, '', '', now(), 1
  from o cross join generate_series(0, {each} - 1) k join u on u.n = (o.n * {each} + k) % {users} + 1;
insert into entitlements_tally (tenant_id, id, created_at, organization_id, resource_type, used)
select '{tenant}', gen_random_uuid(), now(), o.id, t.type, t.used
  from o cross join (values ('seat:admin', 1), ('seat:member', {each} - 1), ('seat:total', {each})) t(type, used);
insert into entitlements_entitlement (tenant_id, id, created_at, organization_id, resource_type, source, "limit", reason)
select '{tenant}', gen_random_uuid(), now(), o.id, 'seat:member', 'plan', 100000, '' from o;
drop table o, u;
"""


def seed(dsn: str, *, tenant: str, label: str, organizations: int, each: int) -> None:
    """``organizations`` with ``each`` members: one owner, four managers, learners; a fifth as many users as memberships."""
    users = max(each, organizations * each // 5)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_SQL.format(tenant=tenant, label=label, organizations=organizations, users=users, each=each))  # type: ignore[arg-type]  # our own text
        connection.execute("vacuum analyze")


def sample(dsn: str, *, label: str, count: int) -> list[tuple[str, str]]:
    """Pairs of organization id and user id that belong together."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "select m.organization_id, m.user_id from organizations_membership m join organizations_organization o"
            " on o.tenant_id = m.tenant_id and o.id = m.organization_id where o.slug like %s order by md5(m.id::text) limit %s",
            [f"bench-{label}-%", count],
        ).fetchall()
    return [(str(organization), str(user)) for organization, user in rows]


_EVENTS = """
set session_replication_role = replica;  -- no pending rows: this is about reading
insert into audit_event (tenant_id, id, created_at, organization_id, category, action, actor_kind, actor_label, target_kind, target_id,
       target_label, changes, reason, source, request_id, ip, user_agent)
select '{tenant}', lpad(to_hex(n), 32, '0')::uuid, now() - interval '1 day', null, 'member', 'member.added', 'user',
       'somebody@bench.example', 'membership', 'mem_' || n, 'person' || n || '@bench.example',
       '{{"role": {{"before": null, "after": "learner"}}}}', '', 'api', md5(n::text), '127.0.0.1', 'bench'
  from generate_series(1, {count}) n;
"""


def seed_events(dsn: str, *, tenant: str, count: int) -> None:
    """So many audit events, all older than any that the run writes."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_EVENTS.format(tenant=tenant, count=count))  # type: ignore[arg-type]  # our own text
        connection.execute("vacuum analyze audit_event")
