"""A refusal of a service, shown in the form that asked for it."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from . import metrics
from .problems import Problem


def show_problem(form: Form, problem: Problem) -> int:
    """Put each error beside the field that its pointer names, else above the form; returns the status to answer with.

    ``/billing_address/city`` is ``billing_address_city``, ``/certificates/0`` is one of ``certificates``, ``/mapping/email`` is
    ``email``. Call it after ``is_valid``.
    """
    if problem.code == "reauthentication_required":  # no field of this form: there is a page for it
        raise problem
    metrics.refused(problem.status, problem.code)
    placed = False
    for error in problem.members.get("errors", []):
        path = str(error.get("pointer", "")).strip("/")
        names = (path.replace("/", "_"), path.partition("/")[0], path.rpartition("/")[2])
        name = next((name for name in names if name in form.fields), "")
        if name:
            form.add_error(name, error["detail"])
            placed = True
    if not placed:
        form.add_error(None, problem.detail)
    return problem.status


def answer(request: HttpRequest, template: str, context: dict[str, Any], *, form: Form, problem: Problem | None = None) -> HttpResponse:
    """The page of a form: refused with the problem's status, with 422 when it is wrong by itself, else 200.

    A status of 400 and above rolls the request's transaction back, so nothing of a refused act stays.
    """
    status = 422 if form.is_bound and not form.is_valid() else 200
    if problem is not None:
        status = show_problem(form, problem)
    response = render(request, template, {"form": form, **context}, status=status)
    for name, value in (problem.headers if problem else {}).items():
        response[name] = value
    return response
