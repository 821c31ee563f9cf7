"""The one ASGI application: the hot paths first, Django for the rest."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings
from django.core.asgi import get_asgi_application

from tenantry.edge.arrival import Arrival
from tenantry.edge.check import AccessCheck
from tenantry.edge.hot import HotPaths
from tenantry.edge.traced import Traced
from tenantry.kit.starting import uncollected

from .database import role_dsn

with uncollected():
    django = get_asgi_application()

    from tenantry.access.bearer import well_formed
    from tenantry.access.guards import require_access_check
    from tenantry.organizations import questions
    from tenantry.scim import arriving
    from tenantry.tenancy.services import DEFAULT_SLUG

    from . import urls as _urls  # noqa: F401  # now, and not while the first request waits


class _Rules:
    """The knowledge of ``access/`` and ``organizations/``, handed to the edge, which may import neither."""

    read = staticmethod(questions.read)
    well_formed = staticmethod(well_formed)
    may_ask = staticmethod(require_access_check)

    def decide(self, question: questions.Question, row: tuple[Any, ...] | None) -> dict[str, Any]:
        return questions.decide(question, row).body()


application = Traced(
    HotPaths(
        django,
        [AccessCheck(_Rules()), Arrival(arriving.Rules())],
        dsn=role_dsn(settings.ENVIRONMENT, "app"),
        multi=settings.ENVIRONMENT.multi,
        default_slug=DEFAULT_SLUG,
        proxies=settings.ENVIRONMENT.trusted_proxies,
        https=settings.SECURE_COOKIES,
    ),
    service="tenantry-web",
)
