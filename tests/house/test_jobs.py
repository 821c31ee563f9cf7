"""Every job opens the scopes that it needs: none is left over from whoever deferred it."""

from __future__ import annotations

import ast

from . import source
from .source import Code, Function

SCOPE = "tenantry.tenancy.scope.scope"
# Jobs that touch no tenant's rows, and what they touch.
WITHOUT = {
    "install.tasks.remove_old_jobs": "the queue itself",
    "mail.tasks.confirm_subscription": "nothing: it calls Amazon",
    "workspaces.tasks.mail_link": "the installation's own visits; mails of no tenant",
    "workspaces.tasks.forget": "likewise",
}


def tasks(code: Code) -> dict[str, Function]:
    """Functions that ``@app.task`` makes jobs of."""
    return {
        name: found
        for name, found in code.functions.items()
        if any(ast.unparse(mark.func if isinstance(mark, ast.Call) else mark) == "app.task" for mark in found.node.decorator_list)
    }


def scopeless(code: Code) -> set[str]:
    """Jobs that open no scope, neither themselves nor in what they call."""
    return {
        name.removeprefix("tenantry.")
        for name in tasks(code)
        if not any(target == SCOPE for reached in code.reach(name) for _, target in code.functions[reached].calls())
    }


def test_every_job_opens_its_own_scope() -> None:
    assert len(tasks(source.code())) > 10
    assert scopeless(source.code()) == set(WITHOUT)


def test_every_job_of_one_tenant_names_it_first() -> None:
    """By that argument it is shown to that tenant's staff alone, and held back with it."""
    wrong = []
    for name, found in tasks(source.code()).items():
        if name.removeprefix("tenantry.") in WITHOUT:
            continue
        named = [argument.arg for argument in found.node.args.args if argument.arg != "context"]
        if named[:1] not in (["tenant_id"], ["timestamp"]):
            wrong.append(f"{name}: {named}")
    assert wrong == []


def test_the_linter_notices() -> None:
    sample = """
from tenantry.tenancy.scope import scope
from procrastinate.contrib.django import app
@app.task(queue="mail")
def good(tenant_id): _inside(tenant_id)
def _inside(tenant_id):
    with scope(tenant_id): pass
@app.task
def bad(tenant_id): pass
def no_job(): pass
"""
    assert scopeless(source.of(sample=sample)) == {"sample.bad"}
