"""``tenantry openapi``."""

from __future__ import annotations

import json

from config.environment import Environment


def openapi(settings: Environment) -> str:
    """The OpenAPI document that ``/api/v1/openapi.json`` serves, as indented JSON. Addresses begin at the workspace's."""
    from ninja.responses import NinjaJSONEncoder

    from tenantry.install.wizard.api import api

    return json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"), cls=NinjaJSONEncoder, indent=2, ensure_ascii=False)
