"""Bulk (RFC 7644 §3.7): many operations in one request, each carried out or refused by itself, told in their order.

An operation may refer to what another one makes by ``bulkId:…``, also to a later one: whoever refers waits until it is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any, Final

from django.db import IntegrityError, transaction

from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.kit.answers import scim_error_body, scim_status
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem
from tenantry.organizations.states import refusal
from tenantry.tenancy.scope import current

from . import errors, making, together, users
from .models import ScimUser
from .protocol import documents, patch
from .protocol.attributes import USERS
from .refusals import invalid_syntax, invalid_value, too_many
from .resources import base, etag
from .routes import Answer, Call, is_met, route

_METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")
_REFERENCE: Final = re.compile(r"bulkId:([^\s\"/]{1,200})")
_NOTED: Final = 50  # errors of one Bulk that are kept


def user_name_in(sent: dict[str, Any]) -> str:
    """The userName that a body speaks of, if it has one."""
    return next((value for key, value in sent.items() if key.lower() == "username" and isinstance(value, str)), "")


class _NotAll(Exception):
    """Not everybody could be made at once."""


class _Operation:
    """One operation as it was sent, and what became of it."""

    def __init__(self, given: Any) -> None:
        if not isinstance(given, dict):
            raise invalid_syntax("An operation is an object.")
        parts = {name.lower(): value for name, value in given.items()}
        self.method = str(parts.get("method") or "").upper()
        self.path = str(parts.get("path") or "")
        self.bulk_id = str(parts.get("bulkid") or "")
        self.version = str(parts.get("version") or "")
        self.data: Any = parts.get("data")
        self.waits_for = set(_REFERENCE.findall(self.path)) | set(_references(self.data))
        self.fresh: making.Fresh | None = None  # who would be new by it, where that is all that is to be said
        self.result: dict[str, Any] | None = None

    @property
    def failed(self) -> bool:
        return self.result is not None and int(self.result["status"]) >= 400


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith("bulkId:"):
            yield value.removeprefix("bulkId:")
    elif isinstance(value, dict):
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def carry_out(call: Call) -> Answer:
    """Raises Problem 413 for more operations than one request may have, 400 for a body of the wrong shape."""
    parts = {name.lower(): value for name, value in call.body.items()}
    listed, most_errors = parts.get("operations"), parts.get("failonerrors")
    if not isinstance(listed, list):
        raise invalid_syntax("A Bulk has “Operations”, a list.")
    if len(listed) > documents.MOST_BULK:
        raise too_many(f"A Bulk has at most {documents.MOST_BULK:,} operations; there are {len(listed):,}.")
    if most_errors is not None and (isinstance(most_errors, bool) or not isinstance(most_errors, int) or most_errors < 1):
        raise invalid_value("“failOnErrors” is a number from 1.")
    run = _Run(call, [_Operation(given) for given in listed], most_errors)
    run.all()
    return 200, {"schemas": [documents.BULK_RESPONSE], "Operations": run.told()}, {}


class _Run:
    def __init__(self, call: Call, operations: list[_Operation], most_errors: int | None) -> None:
        self.call, self.operations, self.most_errors = call, operations, most_errors
        self.made: dict[str, str] = {}  # bulkId: id
        self.failures = 0
        self.may_add = call.settings.provision and not refusal(call.organization.state, "members:write")
        self.makers = {each.bulk_id: each for each in operations if each.bulk_id and each.method == "POST"}

    def stopped(self) -> bool:
        """Whether as many were refused as the request puts up with."""
        return self.most_errors is not None and self.failures >= self.most_errors

    def all(self) -> None:
        """In their order; who refers to somebody later comes after them. Neighbours that ask for the like are carried out together."""
        waiting = self.operations
        while waiting and not self.stopped():
            ready = [each for each in waiting if self._is_ready(each)]
            for kind, run in groupby(ready or waiting, self._kind):
                self._run(kind if ready else "", list(run), circular=not ready)
            waiting = [each for each in waiting if each.result is None] if ready else []

    def _kind(self, each: _Operation) -> str:
        """What may be carried out together with its like: ``new``, ``change``, or empty for what goes alone."""
        parts = each.path.strip("/").split("/")
        if each.waits_for or parts[0] != "Users" or (each.method != "DELETE" and not isinstance(each.data, dict)):
            return ""
        if each.method != "POST":
            return "change" if len(parts) == 2 and each.method in _METHODS else ""
        if len(parts) > 1 or not each.bulk_id or not self.may_add:
            return ""
        each.fresh = users.fresh(each.data, organization_id=self.call.organization.id)
        return "new" if each.fresh else ""

    def _run(self, kind: str, run: list[_Operation], *, circular: bool) -> None:
        if kind and len(run) > 1 and not self.stopped():
            self._together(run, self._new if kind == "new" else self._changed)
        for each in run:
            if each.result is None and not self.stopped():
                self._one(each, circular=circular)

    def _together(self, run: list[_Operation], carry_out: Callable[[list[_Operation]], list[dict[str, Any] | None]]) -> None:
        """What can be done of these in some statements; what stays without a result goes alone."""
        try:
            with transaction.atomic(using=current().using):
                results = carry_out(run)
                if self.most_errors is not None and not all(results):
                    raise _NotAll
        except (_NotAll, Problem, IntegrityError):  # what comes after an error must perhaps not be done: one by one
            return
        for each, result in zip(run, results, strict=True):
            if result:
                each.result = {"method": each.method, **({"bulkId": each.bulk_id} if each.bulk_id else {}), **result}
            if result and each.method == "POST":
                self.made[each.bulk_id] = result["location"].rpartition("/")[2]

    def _new(self, run: list[_Operation]) -> list[dict[str, Any] | None]:
        """New people, of whom nothing is to be said but that they are new."""
        people = [each.fresh for each in run if each.fresh]
        limits.lock(self.call.organization.id, SEATS)  # and begin to count them: the short way doesn't
        made = making.make_all(people, role=self.call.settings.default_role, moment=now(), actor=self.call.actor)
        return [self._told(fresh.row, "201") if done else None for fresh, done in zip(people, made, strict=True)]

    def _changed(self, run: list[_Operation]) -> list[dict[str, Any] | None]:
        """People who change or go, each once."""
        names = [each.path.strip("/").split("/")[1] for each in run]
        if len(set(names)) < len(names):
            return [None] * len(run)
        wishes = [self._wish(each, name) for each, name in zip(run, names, strict=True)]
        rows = together.change_all(wishes, **self.call.writes)
        return [self._told(row, "204" if each.method == "DELETE" else "200") if row else None for each, row in zip(run, rows, strict=True)]

    def _wish(self, each: _Operation, name: str) -> together.Wish:
        def wanted(row: ScimUser) -> dict[str, Any]:
            return users.replaced(row, each.data) if each.method == "PUT" else users.patched(row, patch.read(each.data, USERS))

        return together.Wish(name, None if each.method == "DELETE" else wanted, partial(is_met, each.version))

    def _told(self, row: ScimUser, status: str) -> dict[str, Any]:
        told = {"location": f"{base()}/Users/{row.public_id}", "status": status}
        return told | ({"version": etag(row.version)} if status != "204" else {})

    def _is_ready(self, each: _Operation) -> bool:
        """Whether all that it refers to is made, or never will be."""
        pending = (self.makers.get(name) for name in each.waits_for if name not in self.made)
        return all(maker is None or maker is each or maker.result is not None for maker in pending)

    def _one(self, each: _Operation, *, circular: bool) -> None:
        try:
            if circular:
                raise Problem(409, "scim_circular", "These operations refer to each other in a circle. Make them first, then link them.")
            with transaction.atomic(using=current().using):
                each.result = self._carried_out(each)
        except Problem as problem:
            self._refused(each, problem)

    def _carried_out(self, each: _Operation) -> dict[str, Any]:
        if each.method not in _METHODS:
            raise invalid_syntax("The “method” of an operation is POST, PUT, PATCH or DELETE.")
        if each.method == "POST" and not each.bulk_id:
            raise invalid_value("A POST in a Bulk has a “bulkId”.")
        path = self._resolved_text(each.path)
        if not path.startswith("/") or path.strip("/").split("/")[0] not in ("Users", "Groups") or path.endswith(".search"):
            raise invalid_value("The “path” of an operation is /Users, /Groups or a resource below.")
        body = self._resolved(each.data)
        if each.method != "DELETE" and not isinstance(body, dict):
            raise invalid_syntax("The “data” of an operation is an object.")
        only = {"attributes": "id"} if each.method != "DELETE" else {}  # a Bulk answers with addresses, not with resources
        call = replace(self.call, query=only, body=body if isinstance(body, dict) else {}, if_match=each.version, if_none_match="")
        status, resource, headers = route(each.method, path)(call)
        location = headers.get("Location") or f"{base()}/{path.strip('/')}"
        if each.method == "POST" and isinstance(resource, dict):
            self.made[each.bulk_id] = resource["id"]
        told = {"method": each.method, "location": location, "status": str(status)}
        if "ETag" in headers:
            told["version"] = headers["ETag"]
        return told | ({"bulkId": each.bulk_id} if each.bulk_id else {})

    def _refused(self, each: _Operation, problem: Problem) -> None:
        self.failures += 1
        told: dict[str, Any] = {"method": each.method, "status": str(scim_status(problem)), "response": scim_error_body(problem)}
        if each.bulk_id:
            told["bulkId"] = each.bulk_id
        if each.method != "POST":
            told["location"] = f"{base()}/{each.path.strip('/')}"
        each.result = told
        if self.failures <= _NOTED:
            data = each.data if isinstance(each.data, dict) else {}
            errors.note(
                organization_id=self.call.organization.id, problem=problem, status=scim_status(problem), method=each.method[:10],
                path=f"/scim/v2/Bulk {each.path}", scim_type=str(problem.members.get("scim_type", "")),
                token_name=self.call.actor.label, user_name=user_name_in(data), sent=data,
            )  # fmt: skip

    def _resolved_text(self, text: str) -> str:
        return _REFERENCE.sub(lambda found: self._id(found[1]), text)

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._id(value.removeprefix("bulkId:")) if value.startswith("bulkId:") else value
        if isinstance(value, dict):
            return {name: self._resolved(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        return value

    def _id(self, bulk_id: str) -> str:
        found = self.made.get(bulk_id)
        if found is None:
            raise invalid_value(f"No operation of this Bulk has made bulkId:{bulk_id[:80]}.")
        return found

    def told(self) -> list[dict[str, Any]]:
        """What became of each that was tried, in the order in which they were sent."""
        return [each.result for each in self.operations if each.result is not None]
