"""Pages of the test provider."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.kit.clock import now
from tenantry.kit.problems import Problem
from tenantry.tenancy.addresses import address

from ..refused import Refused
from ..saml import bindings, documents, logout, requests
from ..saml.bindings import Form
from ..saml.names import REDIRECT
from ..saml.parties import Idp, Sp
from . import oidc, saml
from .forms import BeginForm, LogoutForm, OidcLogoutForm
from .gate import require_own, test_provider_page
from .identity import identity, known_services
from .people import PersonForm


def sign_in_page(request: HttpRequest, form: PersonForm, *, service: str, hint: str = "") -> HttpResponse:
    """Ask who one is; the form comes back to the same address, with its query. ``service`` is who wants to know."""
    if hint and not form.is_bound:
        form.initial["email"] = hint
    context = {"form": form, "service": service, "action": request.get_full_path()}
    return render(request, "sso/provider/sign_in.html", context, status=422 if form.is_bound and form.errors else 200)


def answer_page(request: HttpRequest, form: Form, *, what: str = "You are signed in at the test provider") -> HttpResponse:
    """A form that leads back to the service: by itself with scripts, by its button without."""
    require_own(form.url)
    return render(request, "sso/provider/answer.html", {"form": form, "what": what})


@require_GET
@test_provider_page
def overview(request: HttpRequest) -> HttpResponse:
    """What there is to type at the service, and a way to begin here."""
    return overview_page(request, begin=BeginForm(initial={"audience": request.GET.get("audience", "")}))


def overview_page(
    request: HttpRequest, *, begin: BeginForm | None = None, end: LogoutForm | None = None, oidc_end: OidcLogoutForm | None = None
) -> HttpResponse:
    """The first page, with whichever form was filled in."""
    own = identity()
    addresses = [
        ("Metadata", address("test_provider_metadata")),
        ("Entity ID", own.entity_id),
        ("Sign-in address", address("test_provider_sso")),
        ("Sign-out address", address("test_provider_slo")),
    ]
    oidc_addresses = [("Issuer", oidc.issuer()), ("Client ID", oidc.CLIENT_ID), ("Client secret", oidc.client_secret(own))]
    services = known_services(own.entity_id)
    forms = {"begin": begin or BeginForm(), "end": end or LogoutForm(), "oidc_end": oidc_end or OidcLogoutForm()}
    context = {"own": own, "addresses": addresses, "oidc_addresses": oidc_addresses, "services": services, **forms}
    return render(request, "sso/provider/overview.html", context, status=422 if any(form.errors for form in forms.values()) else 200)


@require_GET
@test_provider_page
def metadata(request: HttpRequest) -> HttpResponse:
    """The SAML metadata document."""
    return HttpResponse(saml.metadata_of(identity()), content_type="application/samlmetadata+xml")


@require_http_methods(["GET", "POST"])
@test_provider_page
def sso(request: HttpRequest) -> HttpResponse:
    """Where services send a browser with a request (redirect binding)."""
    try:
        asked = requests.read(bindings.from_query(request.META.get("QUERY_STRING", "")), moment=now())
    except Refused as refused:
        raise Problem(400, "test_provider_request_refused", refused.detail) from refused
    acs_url = require_own(asked.acs_url)
    form = PersonForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return sign_in_page(request, form, service=asked.issuer)
    answered = saml.response(
        identity(), form.person(), audience=asked.issuer, acs_url=acs_url, request_id=asked.id, relay_state=asked.relay_state,
        moment=now(), fault=form.cleaned_data["fault"],
    )  # fmt: skip
    return answer_page(request, answered)


@csrf_exempt
@require_POST
@test_provider_page
def sso_post(request: HttpRequest) -> HttpResponse:
    """The same by the POST binding: the request goes on as the redirect binding has it, so that its page is one that can be reloaded."""
    try:
        received = bindings.from_form(request.POST.dict())
        asked = documents.parse(received.xml)
    except Refused as refused:
        raise Problem(400, "test_provider_request_refused", refused.detail) from refused
    to = bindings.address(address("test_provider_sso"), received.name, asked, relay_state=received.relay_state, key_pem="")
    return HttpResponseRedirect(to, status=303)


@require_http_methods(["POST"])
@test_provider_page
def begin(request: HttpRequest) -> HttpResponse:
    """Sign-in that begins at the provider: an assertion for which nobody asked."""
    form = BeginForm(request.POST)
    if not form.is_valid():
        return overview_page(request, begin=form)
    audience = require_own(form.cleaned_data["audience"])
    answered = saml.response(
        identity(), form.person(), audience=audience, acs_url=_beside(audience, "acs"), request_id="", relay_state="",
        moment=now(), fault=form.cleaned_data["fault"],
    )  # fmt: skip
    return answer_page(request, answered)


@require_http_methods(["POST"])
@test_provider_page
def end(request: HttpRequest) -> HttpResponse:
    """Sign-out that begins at the provider: its request, which the browser carries to the service."""
    form = LogoutForm(request.POST)
    if not form.is_valid():
        return overview_page(request, end=form)
    audience = require_own(form.cleaned_data["audience"])
    to, _ = logout.write_request(
        _we(), _service(audience), name_id=form.cleaned_data["subject"], name_id_format="", session_index="", moment=now()
    )
    return redirect(str(to))


@csrf_exempt
@require_http_methods(["GET", "POST"])
@test_provider_page
def slo(request: HttpRequest) -> HttpResponse:
    """Sign-out: a service's request is answered at once; a service's answer ends here."""
    try:
        if request.method == "POST":
            received = bindings.from_form(request.POST.dict())
        else:
            received = bindings.from_query(request.META.get("QUERY_STRING", ""))
        if received.name == "SAMLResponse":
            return render(request, "sso/provider/signed_out.html")
        issuer, request_id = logout.peek(received)
    except Refused as refused:
        raise Problem(400, "test_provider_request_refused", refused.detail) from refused
    service = _service(require_own(issuer))
    to = logout.write_response(_we(), service, in_response_to=request_id, moment=now(), relay_state=received.relay_state)
    return redirect(str(to))


def _we() -> Sp:
    """The provider as one side of a logout: both sides write the same messages."""
    own = identity()
    return Sp(own.entity_id, "", slo_url=address("test_provider_slo"), signing_key=own.key_pem, signing_certificate=own.certificate_pem)


def _service(entity_id: str) -> Idp:
    return Idp(entity_id, "", slo_url=_beside(entity_id, "slo"), slo_binding=REDIRECT)


def _beside(entity_id: str, name: str) -> str:
    """A connection's other address: its entity ID is that of its metadata."""
    return entity_id.removesuffix("metadata") + name
