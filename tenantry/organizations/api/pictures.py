"""Logo and banner over the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from tenantry.access.guards import actor_of, guard
from tenantry.kit.operations import needs
from tenantry.kit.problems import Problem

from .. import services
from ..images import MAX_BYTES
from .shapes import OrganizationRef

router = Router()
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/png", "image/jpeg", "image/webp")},
    }
}


def _set(request: HttpRequest, organization_id: UUID, kind: str) -> tuple[int, None]:
    organization = guard(request, "settings:write", organization_id)
    if request.content_type not in _BODY["requestBody"]["content"]:
        raise Problem(415, "media_type_unsupported", "Send the picture itself as image/png, image/jpeg or image/webp.")
    services.set_image(organization=organization, kind=kind, data=request.read(MAX_BYTES + 1), actor=actor_of(request))
    return 204, None


def _remove(request: HttpRequest, organization_id: UUID, kind: str) -> tuple[int, None]:
    organization = guard(request, "settings:write", organization_id)
    services.set_image(organization=organization, kind=kind, data=None, actor=actor_of(request))
    return 204, None


@router.put("/organizations/{organization_id}/logo", response={204: None}, summary="Set the logo", **needs("settings:write", **_BODY))
def put_logo(request: HttpRequest, organization_id: OrganizationRef) -> tuple[int, None]:
    """The picture as the body, at most 2 MB; it is made anew as a PNG, so nothing but pixels is kept."""
    return _set(request, organization_id, "logo")


@router.delete("/organizations/{organization_id}/logo", response={204: None}, summary="Remove the logo", **needs("settings:write"))
def delete_logo(request: HttpRequest, organization_id: OrganizationRef) -> tuple[int, None]:
    """Pages show the first letter instead."""
    return _remove(request, organization_id, "logo")


@router.put("/organizations/{organization_id}/banner", response={204: None}, summary="Set the banner", **needs("settings:write", **_BODY))
def put_banner(request: HttpRequest, organization_id: OrganizationRef) -> tuple[int, None]:
    """The picture as the body, at most 2 MB; it is made anew as a PNG, so nothing but pixels is kept."""
    return _set(request, organization_id, "banner")


@router.delete("/organizations/{organization_id}/banner", response={204: None}, summary="Remove the banner", **needs("settings:write"))
def delete_banner(request: HttpRequest, organization_id: OrganizationRef) -> tuple[int, None]:
    """Pages go without."""
    return _remove(request, organization_id, "banner")
