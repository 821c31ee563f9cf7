"""A body is JSON and says so: what a form on another site can send without asking signs nobody in."""

from __future__ import annotations

import json

import pytest

from tests.people import Cast

SIGN_INS = {
    "/auth/link": {"email": "somebody@contoso.example"},
    "/auth/link/redeem": {"token": "x" * 43},
    "/auth/password": {"email": "somebody@contoso.example", "password": "correct horse"},
    "/invitations/accept": {"token": "x" * 43},
    "/invitations/decline": {"token": "x" * 43},
}


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
@pytest.mark.parametrize("path", SIGN_INS)
def test_a_form_of_another_site_signs_nobody_in(cast: Cast, path: str, media_type: str) -> None:
    answer = cast.nobody.post(path, content=json.dumps(SIGN_INS[path]), headers={"Content-Type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")
    said = cast.nobody.post(path, content=json.dumps(SIGN_INS[path]), headers={"Content-Type": "application/json; charset=utf-8"})
    assert said.status_code != 415
