"""What every page can say: the tenant, the record of this request. The frame itself is worked out by ``navigation.Shell``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from tenantry.kit.context import request_info

from .middleware import nonce_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor: no query, and true for a page of no tenant as well (an unknown address, a failure)."""
    principal, tenant = getattr(request, "principal", None), getattr(request, "tenant", None)
    return {
        "principal": principal,
        "user": getattr(principal, "user", None),
        "tenant_name": getattr(tenant, "name", "") or "Tenantry",
        "support_email": getattr(tenant, "support_email", ""),
        "developing": settings.ENVIRONMENT.developing,
        "request_id": request_info.get().request_id,
        "csp_nonce": SimpleLazyObject(lambda: nonce_of(request)),
    }
