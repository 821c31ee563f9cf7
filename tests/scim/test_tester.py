"""The published compliance test of others, scim2-tester, passes completely against the live server."""

from __future__ import annotations

import warnings

from .directory import Directory


def test_scim2_tester_finds_nothing(directory: Directory) -> None:
    from scim2_tester import Status, check_server

    from .engine import Engine

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_server(Engine(directory))
    wrong = [f"{each.status.name} {each.title} {each.resource_type}: {each.reason}" for each in results if each.status != Status.SUCCESS]
    assert wrong == []
    assert len(results) >= 130
