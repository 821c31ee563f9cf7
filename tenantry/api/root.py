"""The API's root: authentication, errors, and every room's router."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.security.base import AuthBase

from tenantry.access.api import router as access
from tenantry.access.guards import authenticate
from tenantry.access.keys_api import router as keys
from tenantry.access.principal import Principal
from tenantry.access.rates_api import router as rate_limits
from tenantry.audit.api import router as audit
from tenantry.entitlements.api import router as entitlements
from tenantry.jobs.api import router as jobs
from tenantry.kit.answers import MEDIA_TYPE, problem_json
from tenantry.kit.problems import Problem
from tenantry.mail.api import router as mail
from tenantry.maintenance.api import router as maintenance
from tenantry.organizations.api import routers as organizations
from tenantry.people.api import router as people
from tenantry.people.auth_api import router as sign_in
from tenantry.people.factors.api import router as factors
from tenantry.people.factors.passkey_api import router as passkeys
from tenantry.people.factors.sign_in_api import router as second_factor
from tenantry.people.impersonation.api import router as impersonation
from tenantry.people.proof_api import router as proof
from tenantry.portal.middleware import as_problem
from tenantry.scim.api import router as scim
from tenantry.sso.api import router as sso
from tenantry.sso.policy_api import router as sso_policy
from tenantry.webhooks.api import router as webhooks
from tenantry.workspaces.api import router as workspaces

from .refusals import refusals, responses

PREFIX = "/api/v1"


class KeyOrSession(AuthBase):
    """How the document says what ``authenticate`` does: ``Authorization: Bearer <key>``; pages' scripts have a session instead."""

    openapi_type, openapi_scheme = "http", "bearer"

    def __call__(self, request: HttpRequest) -> Principal:
        return authenticate(request)


class JsonOnly(Parser):
    """A body is JSON and says so: a form on another site can't say it without asking first (CORS), so it signs nobody in."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise Problem(415, "media_type_unsupported", "Send the body as application/json.")
        return super().parse_body(request)


class Api(NinjaAPI):
    """The document says of every operation what it refuses, with which codes, and of every POST that it can be done once."""

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None) -> Any:
        base = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        found = self._document
        return {**found, "paths": {_where_it_is(path, operations, base): operations for path, operations in found["paths"].items()}}

    @cached_property
    def _document(self) -> dict[str, Any]:
        """At ``/api/v1``. It changes with the code only, so once for each process: to make it takes half a second, and anybody may ask."""
        document: dict[str, Any] = super().get_openapi_schema(path_prefix=f"{PREFIX}/")
        document["components"]["schemas"]["Problem"] = PROBLEM
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                # Nobody's POST has no keys of its own, and a question changes nothing (docs/api.md).
                if method == "post" and operation.get("security") and operation.get("x-permission") != "access:check":
                    operation["parameters"].append(IDEMPOTENCY_KEY)
                refused = refusals(method, path, operation, multi=settings.ENVIRONMENT.multi)
                operation["responses"] |= responses(refused, MEDIA_TYPE)
        return document


def _where_it_is(path: str, operations: dict[str, Any], base: str) -> str:
    """What is the installation's stands at ``/api/v1`` itself, also in the document of a tenant below ``/t/<slug>``."""
    own = any(operation.get("x-installation") for operation in operations.values())
    return path if own else base.rstrip("/") + path.removeprefix(PREFIX)


IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Within 24 hours the same key and body answer the same again; another body is 409.",
}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for a person that says the way out."},
        "code": {"type": "string", "description": "Stable, lower snake case; listed in docs/errors.md."},
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}}},
        },
    },
    "additionalProperties": True,
}
api = Api(
    parser=JsonOnly(),
    title="Tenantry",
    version="1",
    description="Organizations, members, limits, access and the record. Errors are RFC 9457 problems; see docs/errors.md.",
    urls_namespace="api",
    docs_url=None,  # views.py shows the document in the house's look
    openapi_url="/openapi.json",
    auth=KeyOrSession(),
)
for tag, router in (
    *((name, router) for name, router in organizations.items()),
    ("Limits and use", entitlements),
    ("Limits and use", rate_limits),
    ("Access", access),
    ("API keys", keys),
    ("Sign-in and account", sign_in),
    ("Sign-in and account", second_factor),
    ("Sign-in and account", proof),
    ("Sign-in and account", passkeys),
    ("Sign-in and account", factors),
    ("Single sign-on", sso),
    ("Single sign-on", sso_policy),
    ("People", people),
    ("Impersonation", impersonation),
    ("Mail", mail),
    ("Directory sync", scim),
    ("Audit", audit),
    ("Webhooks", webhooks),
    ("The workspace", workspaces),
    ("Maintenance", maintenance),
    ("Jobs", jobs),
):
    api.add_router("", router, tags=[tag])


@api.exception_handler(ValidationError)
def on_validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Ninja's findings as JSON pointers. An identifier of the wrong form in the path is a thing that doesn't exist."""
    if any(entry["loc"][0] == "path" for entry in error.errors):
        return problem_json(Problem(404, "not_found", "There is no such resource, or you may not see it."))
    errors = [{"pointer": _pointer(entry["loc"]), "detail": re.sub(r"^Value error, ", "", entry["msg"])} for entry in error.errors]
    return problem_json(Problem(422, "validation_failed", "Some of what was sent is not valid.", errors=errors))


def _pointer(location: Any) -> str:
    """``("body", "body", "email")`` is ``/email``; a query parameter is ``?limit``."""
    place, *rest = location
    if place == "query":
        return "?" + ".".join(str(part) for part in rest[-1:])
    return "".join(f"/{part}" for part in rest[1:])


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What Ninja itself refuses: a body that can't be read."""
    if isinstance(error.__context__, Problem):  # raised by our own parser
        return problem_json(error.__context__)
    code = "json_invalid" if error.status_code == 400 else "http_error"
    return problem_json(Problem(error.status_code, code, str(error)))


@api.exception_handler(Exception)
def on_exception(request: HttpRequest, error: Exception) -> HttpResponse:
    """Everything else: problems as they are, defects as a 500 that says nothing."""
    return problem_json(as_problem(error))
