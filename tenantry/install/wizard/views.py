"""``/install``: you, program, mail, done. Open until the installation has an admin, and never again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem
from tenantry.mail import routes
from tenantry.mail.forms import MailForm, transports
from tenantry.tenancy.settings import Group
from tenantry.workspaces import installation
from tenantry.workspaces.signup import founder_of

from . import services
from .forms import WizardProgramForm, YouForm
from .memory import keep, recall

STEPS = {"you": "You", "program": "Program", "mail": "Mail", "done": "Done"}
FORMS: dict[str, type[forms.Form]] = {"you": YouForm, "program": WizardProgramForm}


@require_GET
def install(request: HttpRequest) -> HttpResponse:
    """To where one was."""
    installation.refuse_installed()
    return redirect("install_step", step=_reached(recall(request)))


def _reached(answers: dict[str, Any]) -> str:
    return next((step for step in FORMS if step not in answers), "mail")


@require_http_methods(["GET", "POST"])
def install_step(request: HttpRequest, step: str) -> HttpResponse:
    """One step. Its answers are kept in the cookie; the last one installs."""
    answers = recall(request)
    if step == "done" and "done" in answers and request.method == "GET":
        return render(request, "install/done.html", {**_context(step), "made": answers["done"]})
    installation.refuse_installed()
    if step not in (*FORMS, "mail"):
        raise Http404
    if list(STEPS).index(step) > list(STEPS).index(_reached(answers)):
        return redirect("install")
    form = _mail_form(request, answers) if step == "mail" else FORMS[step](request.POST or None, initial=answers.get(step))
    context = {**_context(step), "answers": answers}
    if isinstance(form, MailForm):
        context["transports"] = _transports()
    if request.method == "GET" or not form.is_valid():
        return answer(request, f"install/{step}.html", context, form=form)
    try:
        return _finish(answers, form) if isinstance(form, MailForm) else _go_on(step, answers | {step: form.cleaned_data})
    except Problem as problem:
        if problem.code == "already_installed":
            raise
        context["server_said"] = problem.members.get("server_said", "")
        own = problem.pointing(lambda pointer: pointer.removeprefix(f"/{step}"))
        return answer(request, f"install/{step}.html", context, form=form, problem=own)


def _transports() -> list[tuple[str, str]]:
    """What can be chosen: the installation's own server only where it has one."""
    without = {routes.ENVIRONMENT} if routes.fallback().transport in (routes.NONE, routes.CONSOLE) else {routes.CONSOLE}
    return [(name, label) for name, label in transports() if name not in without]


def _mail_form(request: HttpRequest, answers: dict[str, Any]) -> MailForm:
    """The fields of the transport that was chosen last; the sender's address begins as the support's."""
    offered = [name for name, _ in _transports()]
    chosen = (request.POST or request.GET).get("transport", "")
    begun = Group({"from_email": answers["program"].get("support_email", "")})
    return MailForm(transport=chosen if chosen in offered else offered[0], kept=begun, data=request.POST or None)


def _go_on(step: str, answers: dict[str, Any]) -> HttpResponse:
    given = answers[step]
    if step == "you":
        founder_of(**given)
    else:
        values = services.clean_program(given)
        services.slug_for(given.get("slug", ""), values["name"])
    response = redirect("install_step", step="program" if step == "you" else "mail")
    keep(response, answers)
    return response


def _finish(answers: dict[str, Any], form: MailForm) -> HttpResponse:
    program = dict(answers["program"])
    slug = program.pop("slug", "")
    plan = services.plan(**answers["you"], slug=slug, program_values=program, mail=form.wanted())
    made = services.install(plan, source="portal")
    response = redirect("install_step", step="done")
    keep(response, {"done": {"email": made.email, "url": made.url, "name": plan.program["name"]}})
    return response


def _context(step: str) -> dict[str, Any]:
    steps = [(label, reverse("install_step", kwargs={"step": name})) for name, label in STEPS.items()]
    return {"steps": steps, "number": list(STEPS).index(step) + 1 if step in STEPS else 0, "multi": settings.ENVIRONMENT.multi}
