"""Where the test provider is open, and whom it answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tenantry.kit.problems import Problem, not_found
from tenantry.tenancy.addresses import address
from tenantry.tenancy.models import Tenant
from tenantry.tenancy.scope import current_tenant_id


def is_open() -> bool:
    """In development everywhere, else in sandbox tenants alone."""
    return settings.ENVIRONMENT.developing or bool(Tenant.objects.values_list("sandbox", flat=True).get(id=current_tenant_id()))


def test_provider_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Mark a view of the test provider: where it isn't open there is no such page."""

    @wraps(view)
    def marked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_open():
            raise not_found("page")
        return view(request, *args, **kwargs)

    return marked


def require_own(url: str) -> str:
    """An address of this tenant, to which alone the provider sends anybody. Raises Problem 403 ``test_provider_foreign_address``."""
    if not url.startswith(address("sign_in").removesuffix("sign-in")) or set(url) & set("\\\t\r\n @"):
        raise Problem(403, "test_provider_foreign_address", "The test provider answers to addresses of this workspace alone.")
    return url
