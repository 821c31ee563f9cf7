"""What is done to connections: made, set up field by field, changed, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.db import connections as databases

from tenantry.access.permissions import ROLES
from tenantry.audit.services import Actor, difference, record
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem, conflict, invalid, not_found
from tenantry.organizations.models import Organization
from tenantry.tenancy.models import Tenant
from tenantry.tenancy.scope import current

from . import boxes, flows, lookups, parties
from .lookups import Found
from .mapping import check_mapping
from .models import Certificate, Connection, Flow, Identity, Policy, SeenAssertion, SingleSession
from .presets import PRESETS
from .saml import certificates as x509
from .saml.names import BINDINGS

MOST, MOST_GROUP_ROLES = 10, 200
# Fields that somebody sets as they are; all else of a provider comes by its metadata or discovery.
_TEXTS: Final = {"name": 80, "metadata_url": 2000, "issuer": 1024, "client_id": 300, "idp_entity_id": 1024}
_BINDINGS: Final = ("sso_binding", "slo_binding")
# What the one protocol has and the other doesn't.
_OF_ONE: Final = {
    Connection.Kind.SAML: frozenset(
        "metadata_url metadata_xml idp_entity_id sso_url sso_binding slo_url slo_binding certificates idp_initiated "
        "require_signed_response".split()
    ),
    Connection.Kind.OIDC: frozenset({"issuer", "client_id", "client_secret", "client_authentication"}),
}
_FLAGS: Final = ("idp_initiated", "require_signed_response", "sign_requests", "single_logout")
# When one of these changes, what was tested is another thing.
TESTED: Final = frozenset(
    "idp_entity_id sso_url sso_binding certificates issuer client_id client_secret client_authentication mapping "
    "require_signed_response sign_requests".split()
)
_TOLD: Final = (
    "name preset state idp_entity_id sso_url sso_binding slo_url slo_binding metadata_url issuer client_id client_authentication mapping "
    "group_roles idp_initiated require_signed_response sign_requests single_logout".split()
)
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended('sso ' || current_setting('app.tenant_id') || %s, 0))"


def test_provider_allowed() -> bool:
    """Whether the built-in test provider exists here: in development and in sandbox workspaces alone."""
    return settings.ENVIRONMENT.developing or Tenant.objects.filter(id=current().tenant_id, sandbox=True).exists()


def check_kind(kind: str, values: Mapping[str, Any]) -> None:
    """Raises Problem 422 ``sso_setting_foreign`` for a setting of the other protocol; emptied ones don't matter."""
    for other, names in _OF_ONE.items():
        for name in values if other != kind else ():
            if name in names and values[name]:
                hint = " What SAML calls so is idp_entity_id." if name == "issuer" else ""
                detail = f"{name} is a setting of {other.label}, and this connection speaks {Connection.Kind(kind).label}.{hint}"
                raise invalid(detail, pointer=f"/{name}", code="sso_setting_foreign")


def lock(organization: Organization) -> None:
    """From here on nobody else changes this organization's connections and policy, until the transaction ends."""
    with databases[current().using].cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME, [str(organization.id)])


def load(organization: Organization, connection_id: Any) -> Connection:
    """A connection of this organization. Raises Problem 404."""
    found = Connection.objects.filter(organization=organization, id=connection_id).first()
    if found is None:
        raise not_found("SSO connection")
    return found


def create_connection(
    *, organization: Organization, kind: str, preset: str, values: Mapping[str, Any], found: Found, actor: Actor
) -> Connection:
    """A new connection, perhaps a draft that has no more than our own addresses for the provider.

    ``found`` is what metadata or discovery said. Raises Problem 422 (``preset_unknown``, ``url_refused``,
    ``sso_certificate_refused``…), 409 ``sso_connection_limit_reached``.
    """
    if preset not in PRESETS or (preset == "test" and not test_provider_allowed()):
        names = ", ".join(name for name in PRESETS if name != "test")
        raise invalid(f"There is no preset {preset[:40]!r}; there are {names}.", pointer="/preset", code="preset_unknown")
    lock(organization)
    if Connection.objects.filter(organization=organization).count() >= MOST:
        raise conflict("sso_connection_limit_reached", f"There are {MOST} connections already. Delete one first.")
    connection = Connection(organization=organization, kind=kind, preset=preset, name=PRESETS[preset].label)
    _make_own_key(connection)
    connection.save(force_insert=True)
    _apply(connection, values, found)
    changes = difference({}, _told(connection))
    record(
        "sso.connection_created", actor=actor, organization_id=organization.id, target=connection, label=connection.name, changes=changes
    )
    return connection


def update_connection(
    *, connection: Connection, values: Mapping[str, Any], found: Found, expected_version: int | None = None, actor: Actor
) -> Connection:
    """Change what is given. What was tested and is another thing now counts as untested. Raises as ``create_connection``, 412, and 409
    ``sso_last_way_in`` where the last provider of an organization that enforces single sign-on would lack something."""
    lock(connection.organization)
    connection = _fresh(connection, expected_version)
    before, tested_before, ready_before = _told(connection), _tested(connection), connection.state == Connection.State.READY
    _apply(connection, values, found)
    if ready_before and connection.state != Connection.State.READY:
        _not_the_last_way_in(connection, "Give it all that it needs")
    changes = difference(before, _told(connection))
    if "client_secret" in values:
        changes["client_secret"] = {"before": "set", "after": "set"}
    if _tested(connection) != tested_before or "client_secret" in values:
        Connection.objects.filter(id=connection.id).update(tested_at=None)
        connection.tested_at = None
        flows.forget_answers(connection)  # they were judged by what it was
        changes |= difference(
            {"certificates": len(tested_before["certificates"])}, {"certificates": len(_tested(connection)["certificates"])}
        )
    record("sso.connection_changed", actor=actor, organization_id=connection.organization_id, target=connection, label=connection.name,
           changes=changes)  # fmt: skip
    return connection


def delete_connection(*, connection: Connection, expected_version: int | None = None, actor: Actor) -> None:
    """Take a connection away with whom it was linked to. Raises Problem 409 ``sso_last_way_in``, 412."""
    lock(connection.organization)
    connection = _fresh(connection, expected_version)
    _not_the_last_way_in(connection, "Stop enforcing it first")
    Policy.objects.filter(primary=connection).update(primary=None)
    for model in (Certificate, Identity, Flow, SeenAssertion, SingleSession):
        model._default_manager.filter(connection=connection).delete()
    record("sso.connection_deleted", actor=actor, organization_id=connection.organization_id, target=connection, label=connection.name)
    Connection.objects.filter(id=connection.id).delete()


def _not_the_last_way_in(connection: Connection, what_to_do: str) -> None:
    enforced = Policy.objects.filter(organization_id=connection.organization_id, mode=Policy.Mode.ENFORCED)
    others = Connection.objects.filter(organization_id=connection.organization_id, state=Connection.State.READY).exclude(id=connection.id)
    if connection.tested_at:  # in the place of one that works, another counts that has been seen to work
        others = others.filter(tested_at__isnull=False)
    if enforced.exists() and not others.exists():
        raise conflict("sso_last_way_in", f"Single sign-on is enforced, and this provider is the last way in. {what_to_do}.")


def missing(connection: Connection, *, certificates: int | None = None) -> list[str]:
    """What still has to be known before anybody can sign in; empty when it is ready."""
    if connection.kind == Connection.Kind.OIDC:
        by_key = connection.client_authentication == Connection.Authentication.PRIVATE_KEY
        wanted = {"issuer": connection.issuer and connection.endpoints, "client_id": connection.client_id,
                  "client_secret": by_key or connection.sealed_client_secret}  # fmt: skip
    else:
        count = Certificate.objects.filter(connection=connection).count() if certificates is None else certificates
        wanted = {"idp_entity_id": connection.idp_entity_id, "sso_url": connection.sso_url, "certificates": count}
    return [name for name, value in wanted.items() if not value]


def put_found(connection: Connection, found: Found) -> None:
    """Take over what metadata or discovery said; the caller saves the connection and records it."""
    for name, value in found.fields.items():
        setattr(connection, name, value)
    if found.certificates is not None:
        _put_certificates(connection, found.certificates)
    if found.client_secret:
        connection.sealed_client_secret = boxes.close_secret(connection, found.client_secret)
    if found.fields:
        connection.refreshed_at, connection.refresh_error = now(), ""


def _fresh(connection: Connection, expected_version: int | None) -> Connection:
    row = Connection.objects.select_for_update(of=("self",)).select_related("organization").filter(id=connection.id).first()
    if row is None:
        raise not_found("SSO connection")
    if expected_version is not None and row.version != expected_version:
        raise Problem(412, "version_stale", "Somebody changed this connection meanwhile. Load it again.")
    return row


def _apply(connection: Connection, values: Mapping[str, Any], found: Found) -> None:
    """Set what is given, judge it, and save."""
    for name, longest in _TEXTS.items():
        if name in values:
            setattr(connection, name, _text(name, values[name], longest))
    if not connection.name:
        raise invalid("A connection needs a name.", pointer="/name", code="name_invalid")
    for name in ("sso_url", "slo_url"):
        if name in values:
            setattr(connection, name, lookups.page_address(values[name], pointer=f"/{name}") if values[name] else "")
    for name in _BINDINGS:
        if name in values:
            setattr(connection, name, BINDINGS[values[name]])
    for name in _FLAGS:
        if name in values:
            setattr(connection, name, bool(values[name]))
    if "client_secret" in values:
        connection.sealed_client_secret = boxes.close_secret(connection, values["client_secret"]) if values["client_secret"] else None
    if "mapping" in values:
        connection.mapping = check_mapping(values["mapping"] or {})
    if "group_roles" in values:
        connection.group_roles = check_group_roles(values["group_roles"] or [])
    put_found(connection, found)
    if "client_authentication" in values or "endpoints" in found.fields:
        _authenticate(connection, values.get("client_authentication", connection.client_authentication))
    if "certificates" in values:
        _put_certificates(connection, lookups.read_certificates(values["certificates"], now()))
    connection.state = Connection.State.DRAFT if missing(connection) else Connection.State.READY
    connection.version += 1
    connection.save()


def _make_own_key(connection: Connection) -> None:
    key, certificate = x509.make(name=f"{connection.organization.name} SSO", moment=now())
    connection.own_certificate, connection.sealed_own_key = certificate, boxes.close_key(connection, key)


def _authenticate(connection: Connection, how: str) -> None:
    """Choose how we say who we are; by a key only where the provider takes one, if it is known."""
    connection.client_authentication = how
    if how != Connection.Authentication.PRIVATE_KEY:
        return
    if connection.endpoints and how not in parties.provider_of(connection).token_auth_methods:
        detail = "This provider doesn't offer private_key_jwt. Use a client secret."
        raise invalid(detail, pointer="/client_authentication", code="sso_client_authentication_unsupported")
    if not connection.sealed_own_key:  # made before OpenID connections had one
        _make_own_key(connection)


def _text(name: str, value: Any, longest: int) -> str:
    text = str(value or "").strip()
    if len(text) > longest or not text.isprintable():
        raise invalid(f"At most {longest} printable characters.", pointer=f"/{name}", code="name_invalid")
    if name in ("metadata_url", "issuer") and text:
        return lookups.call_address(text, pointer=f"/{name}")
    return text


def _put_certificates(connection: Connection, found: Sequence[x509.Certificate]) -> None:
    """These and no others; one that stays keeps what was told of it."""
    rows = Certificate.objects.filter(connection=connection)
    rows.exclude(fingerprint__in=[each.fingerprint for each in found]).delete()
    known = set(rows.values_list("fingerprint", flat=True))
    for each in found:
        if each.fingerprint not in known:
            Certificate(
                organization_id=connection.organization_id, connection=connection, pem=each.pem, fingerprint=each.fingerprint,
                subject=each.subject, not_before=each.not_before, not_after=each.not_after,
            ).save(force_insert=True)  # fmt: skip


def check_group_roles(given: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Groups and the roles they give, each group once. Raises Problem 422 ``role_unknown``, ``group_invalid``."""
    kept: dict[str, str] = {}
    if len(given) > MOST_GROUP_ROLES:
        raise invalid(f"At most {MOST_GROUP_ROLES} groups can be mapped.", pointer="/group_roles", code="group_invalid")
    for number, entry in enumerate(given):
        group, role = str(entry.get("group", "")).strip(), str(entry.get("role", ""))
        if not group or len(group) > 300 or group in kept:
            raise invalid("A group is named once, in 1 to 300 characters.", pointer=f"/group_roles/{number}/group", code="group_invalid")
        if role not in ROLES or role == "owner":
            roles = ", ".join(name for name in ROLES if name != "owner")
            detail = f"A group gives one of the roles {roles}. Owners are appointed by owners."
            raise invalid(detail, pointer=f"/group_roles/{number}/role", code="role_unknown")
        kept[group] = role
    return [{"group": group, "role": role} for group, role in kept.items()]


def _told(connection: Connection) -> dict[str, Any]:
    return {name: getattr(connection, name) for name in _TOLD}


def _tested(connection: Connection) -> dict[str, Any]:
    """What a test sign-in was a test of."""
    plain = {name: getattr(connection, name) for name in TESTED - {"certificates", "client_secret"}}
    return plain | {"certificates": sorted(Certificate.objects.filter(connection=connection).values_list("fingerprint", flat=True))}
