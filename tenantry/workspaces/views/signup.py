"""Making a workspace of one's own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem
from tenantry.tenancy.addresses import address_in

from .. import signup as service
from ..forms import SignUpForm


@require_http_methods(["GET", "POST"])
def signup(request: HttpRequest) -> HttpResponse:
    """One form; afterwards the mail says how to go on."""
    service.require_open()
    context = {"prefix": address_in("", "workspaces").removesuffix("workspaces") + "t/"}
    if request.method == "GET":
        return render(request, "workspaces/signup.html", {"form": SignUpForm(), **context})
    form = SignUpForm(request.POST)
    if not form.is_valid():
        return answer(request, "workspaces/signup.html", context, form=form)
    try:
        made = service.sign_up(source="portal", **form.cleaned_data)
    except Problem as problem:
        return answer(request, "workspaces/signup.html", context, form=form, problem=problem)
    return render(request, "workspaces/signed_up.html", {"made": made}, status=201)
