"""Pages and endpoints of the test provider's OpenID Connect."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.kit.clock import now
from tenantry.kit.problems import Problem

from ..saml.bindings import Form
from . import oidc, oidc_grants
from .forms import OidcLogoutForm
from .gate import require_own, test_provider_page
from .identity import identity
from .oidc import TokenError, Unanswerable
from .people import PersonForm
from .views import answer_page, overview_page, sign_in_page


def _now() -> float:
    """The tenant's time, as the SAML side has it: the provider is part of the workspace, and so is its clock."""
    return now().timestamp()


def _json(body: dict[str, Any], status: int = 200) -> HttpResponse:
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})


@require_GET
@test_provider_page
def description(request: HttpRequest) -> HttpResponse:
    """What it says of itself."""
    return _json(oidc.description())


@require_GET
@test_provider_page
def keys(request: HttpRequest) -> HttpResponse:
    """Its public key."""
    return _json(oidc.key_set(identity()))


@require_http_methods(["GET", "POST"])
@test_provider_page
def authorize(request: HttpRequest) -> HttpResponse:
    """Where services send a browser; who one is today is asked, and a code goes back."""
    params = request.GET.dict()
    asked = oidc.read_request(params)
    require_own(asked.redirect_uri)
    try:
        oidc.check_request(asked, params)
    except Unanswerable as unanswerable:
        return redirect(oidc.back(asked, error=unanswerable.error, error_description=unanswerable.description))
    form = PersonForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return sign_in_page(request, form, service=asked.redirect_uri, hint=asked.login_hint)
    granted = oidc.grant(asked, form.person(), at=_now(), fault=form.cleaned_data["fault"])
    return redirect(oidc.back(asked, code=oidc_grants.issue(granted, at=_now(), seconds=oidc_grants.CODE_SECONDS)))


@csrf_exempt
@require_POST
@test_provider_page
def token(request: HttpRequest) -> HttpResponse:
    """A code for tokens. A refused code stays as it was: only an exchange that succeeds uses it up."""
    own, form = identity(), request.POST.dict()
    try:
        oidc.authenticate(own, form, request.headers.get("Authorization", ""))
        if form.get("grant_type") != "authorization_code":
            raise TokenError(400, "unsupported_grant_type", "Only codes are exchanged here.")
        given = oidc.check_grant(oidc_grants.take(form.get("code", ""), at=_now()), form)
    except TokenError as error:
        return _json({"error": error.error, "error_description": error.description}, error.status)
    access_token = oidc_grants.issue({"person": given["person"]}, at=_now(), seconds=oidc_grants.TOKEN_SECONDS)
    id_token = oidc.id_token(own, given, access_token=access_token, at=_now())
    return _json({"access_token": access_token, "token_type": "Bearer", "expires_in": oidc_grants.TOKEN_SECONDS, "id_token": id_token})


@csrf_exempt
@require_http_methods(["GET", "POST"])
@test_provider_page
def userinfo(request: HttpRequest) -> HttpResponse:
    """What is known of the person whose access token it is."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    given = oidc_grants.look(bearer, at=_now()) if scheme.lower() == "bearer" else None
    if given is None or "asked" in given:
        return _json({"error": "invalid_token"}, 401)
    return _json(oidc.claims_of(given["person"]))


@csrf_exempt
@require_http_methods(["GET", "POST"])
@test_provider_page
def end_session(request: HttpRequest) -> HttpResponse:
    """Sign-out that a service begins: the browser goes back to it, or ends here. There is no session that could end."""
    params = (request.POST if request.method == "POST" else request.GET).dict()
    hint, to = params.get("id_token_hint", ""), params.get("post_logout_redirect_uri", "")
    if hint and not oidc.hinted(identity(), hint):
        raise Problem(400, "test_provider_request_refused", "The id_token_hint is no token of the test provider.")
    if not to:
        return render(request, "sso/provider/signed_out.html")
    require_own(to)
    state = {"state": params["state"]} if params.get("state") else {}
    return redirect(oidc.with_query(to, state))


@require_POST
@test_provider_page
def end(request: HttpRequest) -> HttpResponse:
    """Sign-out that begins here: the logout token, which this browser brings to the connection in place of the provider.

    So it needs no call of the server to itself; the token is the same.
    """
    form = OidcLogoutForm(request.POST)
    if not form.is_valid():
        return overview_page(request, oidc_end=form)
    to = require_own(form.cleaned_data["logout_url"])
    told = oidc.logout_token(identity(), subject=form.cleaned_data["oidc_subject"], at=_now())
    return answer_page(request, Form(to, {"logout_token": told}), what="Somebody is signed out at the test provider")
