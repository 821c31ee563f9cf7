"""Connections to identity providers over the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from tenantry.access.guards import actor_of, guard, guard_tenant, signed_in
from tenantry.kit.etags import expected_version, set_etag
from tenantry.kit.operations import needs
from tenantry.kit.paging import by_id
from tenantry.kit.schemas import Listing, Paging, listing

from . import connections, policies, testing, troubles
from .models import Connection
from .setup import look_up
from .shapes import (
    ConnectionRef,
    OrganizationRef,
    SsoConnectionIn,
    SsoConnectionOut,
    SsoSettings,
    SsoTroubled,
    connection_shape,
    troubled_shape,
)

router = Router()
AT = "/organizations/{organization_id}/sso-connections"


@router.get(AT, response=Listing[SsoConnectionOut], summary="SSO connections", **needs("identity:read"))
def list_connections(request: HttpRequest, organization_id: OrganizationRef, paging: Query[Paging]) -> dict[str, Any]:
    """The identity providers of an organization, in the order of their making."""
    organization = guard(request, "identity:read", organization_id)
    rows = Connection.objects.filter(organization=organization)
    return listing(by_id(rows, cursor=paging.cursor, limit=paging.limit), connection_shape)


@router.post(AT, response={201: SsoConnectionOut}, summary="Make an SSO connection", **needs("identity:write"))
def create_connection(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, body: SsoConnectionIn
) -> tuple[int, dict[str, Any]]:
    """Metadata or discovery are read before anything is made. The answer's ``ours`` is what the provider is told."""
    organization = guard(request, "identity:write", organization_id)
    policies.require_recent_where_on(request, organization)
    values = _given(body)
    found = look_up(values, preset=body.preset, kind=body.kind)
    made = connections.create_connection(
        organization=organization, kind=body.kind, preset=body.preset, values=values, found=found, actor=actor_of(request)
    )
    set_etag(response, made.version)
    return 201, connection_shape(made)


@router.get(f"{AT}/{{connection_id}}", response=SsoConnectionOut, summary="One SSO connection", **needs("identity:read"))
def get_connection(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, connection_id: ConnectionRef
) -> dict[str, Any]:
    """Its settings and certificates; of secrets only whether there is one."""
    connection = connections.load(guard(request, "identity:read", organization_id), connection_id)
    set_etag(response, connection.version)
    return connection_shape(connection)


@router.patch(f"{AT}/{{connection_id}}", response=SsoConnectionOut, summary="Change an SSO connection",
              **needs("identity:write", versioned=True))  # fmt: skip
def update_connection(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, connection_id: ConnectionRef, body: SsoSettings
) -> dict[str, Any]:
    """What is left out, or null, stays. After a change of what was tested it counts as untested."""
    connection = connections.load(guard(request, "identity:write", organization_id), connection_id)
    policies.require_recent_where_on(request, connection.organization)
    values = _given(body)
    found = look_up(values, kind=connection.kind)
    changed = connections.update_connection(
        connection=connection, values=values, found=found, expected_version=expected_version(request), actor=actor_of(request)
    )
    set_etag(response, changed.version)
    return connection_shape(changed)


@router.delete(f"{AT}/{{connection_id}}", response={204: None}, summary="Delete an SSO connection",
               **needs("identity:write", versioned=True))  # fmt: skip
def delete_connection(request: HttpRequest, organization_id: OrganizationRef, connection_id: ConnectionRef) -> tuple[int, None]:
    """Those who were linked to it sign in otherwise. The last way in of an organization that enforces single sign-on stays: 409."""
    connection = connections.load(guard(request, "identity:write", organization_id), connection_id)
    policies.require_recent_where_on(request, connection.organization)
    connections.delete_connection(connection=connection, expected_version=expected_version(request), actor=actor_of(request))
    return 204, None


class SsoTestBegun(Schema):
    """Open ``url`` in a browser within ten minutes, once. What came of it is in ``last_test`` of the connection."""

    url: str


@router.post(f"{AT}/{{connection_id}}/test", response={201: SsoTestBegun}, summary="Try an SSO connection", **needs("identity:write"))
def test_connection(request: HttpRequest, organization_id: OrganizationRef, connection_id: ConnectionRef) -> tuple[int, dict[str, str]]:
    """A test sign-in: it shows every claim that the provider sends and what it would do, and signs nobody in."""
    connection = connections.load(guard(request, "identity:write", organization_id), connection_id)
    _, token = testing.prepare(connection=connection, user=signed_in(request).user, actor=actor_of(request))
    return 201, {"url": testing.url(connection, token)}


@router.get("/sso-troubles", response=Listing[SsoTroubled], summary="SSO connections with troubles", **needs("identity:read"))
def list_troubles(request: HttpRequest, paging: Query[Paging]) -> dict[str, Any]:
    """For staff: connections of all organizations whose certificate has ended or soon ends, whose metadata can't be read, or whose last
    answer was refused."""
    guard_tenant(request, "identity:read")
    return listing(troubles.listed(cursor=paging.cursor, limit=paging.limit), troubled_shape)


def _given(body: SsoSettings) -> dict[str, Any]:
    return {name: value for name, value in body.dict(exclude_unset=True).items() if value is not None and name not in ("kind", "preset")}
