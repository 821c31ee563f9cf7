"""An organization's pictures and colours."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from tenantry.access.guards import guard
from tenantry.access.principal import principal_of
from tenantry.kit import colours
from tenantry.kit.problems import Problem, not_found
from tenantry.tenancy.scope import everywhere

from ..models import Organization, Profile

KEEP = "private, max-age=300"


@require_GET
def organization_logo(request: HttpRequest, slug: str) -> HttpResponse:
    """The logo: for members and staff; for everybody when the directory shows it."""
    return image_response(_profile(request, slug).logo)


@require_GET
def organization_banner(request: HttpRequest, slug: str) -> HttpResponse:
    """The banner: for members and staff; for everybody when the directory shows it."""
    return image_response(_profile(request, slug).banner)


@require_GET
def organization_theme(request: HttpRequest, slug: str) -> HttpResponse:
    """The brand colour as custom properties: the whole white label of a page."""
    return theme_response(_profile(request, slug))


def _profile(request: HttpRequest, slug: str) -> Profile:
    """Raises Problem 404 for whoever may not see it: a picture leads nobody to the sign-in page."""
    if settings.ENVIRONMENT.directory == "on":
        with everywhere():
            shown = Organization.objects.filter(slug=slug, public=True, state=Organization.State.ACTIVE, deleted_at__isnull=True).first()
            if shown:
                return Profile.objects.get(organization=shown)
    if not principal_of(request).known:
        raise not_found("picture")
    try:
        return Profile.objects.get(organization=guard(request, "organization:read", slug))
    except Problem as problem:
        raise not_found("picture") from problem


def image_response(image: bytes | memoryview | None) -> HttpResponse:
    """A picture that images.py made: a PNG and nothing else, and never opened as a page. Raises Problem 404 without one."""
    if not image:
        raise not_found("picture")
    headers = {"Cache-Control": KEEP, "Content-Disposition": 'inline; filename="picture.png"'}
    return HttpResponse(bytes(image), content_type="image/png", headers=headers)


def theme_response(profile: Profile) -> HttpResponse:
    """The stylesheet of a profile, empty without a colour."""
    return HttpResponse(colours.theme_of(profile.brand_colour), content_type="text/css; charset=utf-8", headers={"Cache-Control": KEEP})
