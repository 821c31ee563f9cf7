"""The guard: from a request, a permission and an id to the authorised object.

It returns the object, never a boolean, so that a view can't go on without having asked. Order of refusals:
401 nobody, 404 outsider, 403 under-privileged, 403 for a state that doesn't allow it (a reached limit, 402, comes
last, from the service).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpRequest
from ninja.utils import check_csrf

from tenantry.audit.services import Actor
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem, forbidden, not_found

from .models import ApiKey
from .permissions import OPEN_TO_IMPERSONATION, OPEN_TO_LOOKING, staff_holds
from .principal import Principal, principal_of

if TYPE_CHECKING:
    from tenantry.organizations.models import Organization
    from tenantry.people.models import User

RECENT = timedelta(minutes=15)
_loader: Callable[[UUID | str, bool], Any] | None = None
_state_rule: Callable[[Any, str, bool], None] | None = None
_unfinished: Callable[[HttpRequest], Problem | None] = lambda request: None  # noqa: E731  # replaced at start-up
_maintenance: Callable[[HttpRequest, UUID], None] = lambda request, organization_id: None  # noqa: E731  # replaced at start-up
_network_rule: Callable[[Principal, Any], None] = lambda principal, organization: None  # noqa: E731  # as above


def use_networks(rule: Callable[[Principal, Any], None]) -> None:
    """The organizations room hands in what refuses a principal from a network that is none of an organization's own."""
    global _network_rule
    _network_rule = rule


def use_organizations(loader: Callable[[UUID | str, bool], Any], state_rule: Callable[[Any, str, bool], None]) -> None:
    """The organizations room hands in how to load one (by id or slug) and what its state allows; this room can't know."""
    global _loader, _state_rule
    _loader, _state_rule = loader, state_rule


def use_steps(problem: Callable[[HttpRequest], Problem | None]) -> None:
    """The people room hands in what it says to somebody who isn't through with signing in (people/steps.py)."""
    global _unfinished
    _unfinished = problem


def use_maintenance(rule: Callable[[HttpRequest, UUID], None]) -> None:
    """The maintenance room hands in what refuses a request about an organization while a window of it is under way."""
    global _maintenance
    _maintenance = rule


def not_in_maintenance(request: HttpRequest, organization_id: UUID) -> None:
    """For what concerns an organization without asking the guard. Raises Problem 503 ``maintenance``."""
    _maintenance(request, organization_id)


def unauthenticated() -> Problem:
    """401 for nobody."""
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthenticated", "Sign in, or send a key as “Authorization: Bearer <key>”.")


def signed_in(request: HttpRequest) -> Principal:
    """Somebody, whoever it is. Raises 401; with the code of the step that remains for who isn't through with signing in."""
    principal = principal_of(request)
    if not principal.known:
        raise _unfinished(request) or unauthenticated()
    return principal


def authenticate(request: HttpRequest) -> Principal:
    """Whoever the middleware found; a session also needs the CSRF token on anything but reading. Raises 401, 403."""
    principal = signed_in(request)
    if principal.via == "session" and request.method not in ("GET", "HEAD", "OPTIONS") and check_csrf(request):
        raise Problem(403, "csrf_failed", "A session's request needs the X-CSRFToken header. Programs use a key.")
    return principal


def person(request: HttpRequest) -> User:
    """The signed-in person. Raises 401 for nobody, 403 ``person_required`` for a key."""
    principal = signed_in(request)
    if principal.user is None:
        raise Problem(HTTPStatus.FORBIDDEN, "person_required", "This is for a signed-in person; a key can't do it.")
    not_impersonated(request)
    return principal.user


def not_impersonated(request: HttpRequest) -> None:
    """For what is a person's own alone: their account, and where they belong. Raises Problem 403 ``impersonation_closed``."""
    if principal_of(request).impersonator is not None:
        raise closed_to_impersonation()


def closed_to_impersonation() -> Problem:
    """403 for what staff can't do as somebody else, whoever that is."""
    return Problem(HTTPStatus.FORBIDDEN, "impersonation_closed", "This is closed while you look at the portal as somebody else.")


def read_only_impersonation() -> Problem:
    """403 for what staff can do as somebody else only once they raised it."""
    detail = "You look at the portal as somebody else and can change nothing. Raise it first, if you must."
    return Problem(HTTPStatus.FORBIDDEN, "impersonation_read_only", detail)


def is_recent(principal: Principal) -> bool:
    """Whether this principal proved who they are within ``RECENT``. A key does with every request."""
    session = principal.session
    return session is None or now() - (session.proved_at or session.created_at) < RECENT


def require_recent(request: HttpRequest) -> None:
    """For dangerous acts: whoever left their screen unlocked a quarter of an hour ago proves anew who they are (people/proof.py).

    Call it after the guard, for a form's page also where it is shown. Raises Problem 403 ``reauthentication_required``, which
    sends a person to the page where they can.
    """
    if not is_recent(principal_of(request)):
        raise reauthentication()


def reauthentication(detail: str = "This needs a fresh proof that it is you (POST /auth/proof). Then try again.") -> Problem:
    """The refusal of a dangerous act long after the last proof of identity; ``detail`` where the way out is another."""
    return Problem(HTTPStatus.FORBIDDEN, "reauthentication_required", detail)


def guard(request: HttpRequest, permission: str, organization_id: UUID | str) -> Organization:
    """The organization in which the caller holds this permission. ``organization_id`` may be its slug.

    Raises Problem 401, 404 ``not_found``, 403 ``permission_denied`` / ``insufficient_scope`` / ``network_not_allowed`` /
    ``organization_…``.
    """
    principal = signed_in(request)
    assert _loader is not None and _state_rule is not None
    organization = _loader(organization_id, bool(principal.staff_role))
    if organization is None:
        raise not_found("organization")
    require(principal, permission, organization.id)
    _network_rule(principal, organization)
    not_in_maintenance(request, organization.id)
    _state_rule(organization, permission, bool(principal.staff_role))
    found: Organization = organization
    return found


def is_open(request: HttpRequest, permission: str, organization: Organization) -> bool:
    """Whether ``guard`` would let this pass: for a page that shows what can be done. Needs no query."""
    principal = principal_of(request)
    assert _state_rule is not None
    try:
        _state_rule(organization, permission, bool(principal.staff_role))
    except Problem:
        return False
    return principal.may(permission, organization.id)


def guard_tenant(request: HttpRequest, permission: str) -> Principal:
    """The caller, who holds a permission in the tenant as a whole. Members get 404: such things are staff's alone."""
    principal = signed_in(request)
    if not principal.staff_role:
        raise not_found("page")
    require(principal, permission, None)
    return principal


def require(principal: Principal, permission: str, organization_id: UUID | None) -> None:
    """Raises Problem 403 ``insufficient_scope`` for a key whose scopes leave it out, else ``permission_denied``."""
    if not principal.may(permission, organization_id):
        raise lacking(principal, permission)


def lacking(principal: Principal, permission: str) -> Problem:
    """403 for somebody who doesn't hold a permission: of a key with scopes it is said which one is missing."""
    if principal.impersonator is not None and permission not in OPEN_TO_IMPERSONATION:
        return closed_to_impersonation()
    if principal.impersonator is not None and not principal.raised and permission not in OPEN_TO_LOOKING:
        return read_only_impersonation()
    if principal.scopes is not None and permission not in principal.scopes:
        return insufficient_scope(permission)
    return forbidden(permission)


def insufficient_scope(missing: str) -> Problem:
    """403 for a key whose scopes leave out what is asked for."""
    return Problem(
        HTTPStatus.FORBIDDEN, "insufficient_scope", f"This key lacks the scope {missing}.", permission=missing, missing_scope=missing
    )


def is_own(request: HttpRequest, key_id: UUID | None) -> bool:
    """Whether the key that asks is this one, or has taken its place by rotation."""
    asking = signed_in(request).key_id
    while asking is not None and key_id is not None:
        if key_id == asking:
            return True
        key_id = ApiKey.objects.filter(id=key_id).values_list("replaced_by_id", flat=True).first()
    return False


def actor_of(request: HttpRequest) -> Actor:
    """The actor for ``record``: who, and through which door."""
    source = "api" if request.path_info.startswith("/api/") else "portal"  # a directory's token has a source of its own
    return signed_in(request).actor(source)


def require_access_check(staff_role: str, organization_id: UUID | None, scopes: list[str] | None, asked: UUID) -> None:
    """Whether a key may ask about an organization: a staff key about any, an organization's own key about its own.

    Raises Problem 403, 404 (an organization's key asking about another one learns nothing, not even that it exists).
    """
    if scopes is not None and "access:check" not in scopes:
        raise insufficient_scope("access:check")
    if organization_id is not None:
        if organization_id != asked:
            raise not_found("organization")
        return
    if not staff_holds(staff_role, "access:check"):
        raise forbidden("access:check")
