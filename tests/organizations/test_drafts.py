"""The wizard's memory: nothing of an organization exists before its last step, and nothing is left of one that was cancelled."""

from __future__ import annotations

import io
from functools import partial

import pytest
from PIL import Image

from tenantry.kit.problems import Problem
from tenantry.organizations import drafts
from tenantry.organizations.models import Draft, Organization, Profile
from tenantry.people.models import User

from ..factories import OPERATOR
from ..people import Cast, race


def _logo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (80, 80), "teal").save(out, "PNG")
    return out.getvalue()


def _user(cast: Cast) -> User:
    return User.objects.get(id=cast.learner.me.id)


def _save(cast: Cast) -> None:
    with cast.tenant.scope():
        drafts.save_step(user=_user(cast), values={"name": "Drafted"}, images={"logo": _logo()}, actor=OPERATOR)
        drafts.save_step(user=_user(cast), values={"country": "IN", "default_currency": "INR"}, actor=OPERATOR)


def test_steps_add_up_and_the_last_one_founds(cast: Cast) -> None:
    _save(cast)
    with cast.tenant.scope():
        draft = drafts.draft_of(_user(cast))
        assert draft is not None
        assert {name: draft.data[name] for name in ("name", "country")} == {"name": "Drafted", "country": "IN"}
        assert not Organization.objects.filter(name="Drafted").exists()
        made = drafts.confirm(user=_user(cast), actor=OPERATOR)
        assert bytes(Profile.objects.get(organization=made).logo or b"").startswith(b"\x89PNG")
        assert not Draft.objects.exists()
    with pytest.raises(Problem, match="nothing to confirm"), cast.tenant.scope():
        drafts.confirm(user=_user(cast), actor=OPERATOR)


def test_a_last_step_that_fails_keeps_the_draft_and_founds_nothing(cast: Cast) -> None:
    _save(cast)
    with cast.tenant.scope():
        drafts.save_step(user=_user(cast), values={"slug": "contoso"}, actor=OPERATOR)
    with pytest.raises(Problem), cast.tenant.scope():
        drafts.confirm(user=_user(cast), actor=OPERATOR)
    with cast.tenant.scope():
        assert not Organization.objects.filter(name="Drafted").exists()
        assert drafts.draft_of(_user(cast)) is not None


def test_cancelling_leaves_nothing(cast: Cast) -> None:
    _save(cast)
    with cast.tenant.scope():
        drafts.cancel(user=_user(cast), actor=OPERATOR)
    with cast.tenant.scope():
        assert not Draft.objects.exists()
        drafts.cancel(user=_user(cast), actor=OPERATOR)  # twice is once


def test_a_draft_lives_for_seven_days_and_takes_its_uploads_along(cast: Cast) -> None:
    _save(cast)
    cast.tenant.move_clock(days=6, hours=23)
    with cast.tenant.scope():
        assert drafts.draft_of(_user(cast)) is not None
        assert drafts.expire_drafts() == 0
    cast.tenant.move_clock(days=7, minutes=5)
    with cast.tenant.scope():
        assert drafts.draft_of(_user(cast)) is None
        assert drafts.expire_drafts() <= 1  # the worker's sweep may have come by
        assert not Draft.objects.exists()


def test_steps_and_confirmations_at_once_make_one_draft_and_one_organization(cast: Cast) -> None:
    def save(number: int) -> None:
        with cast.tenant.scope():
            drafts.save_step(
                user=_user(cast), values={"name": "Drafted", "country": "IN", "default_currency": "INR", f"x{number}": 1}, actor=OPERATOR
            )

    def confirm() -> bool:
        try:
            with cast.tenant.scope():
                drafts.confirm(user=_user(cast), actor=OPERATOR)
        except Problem:
            return False
        return True

    race(*(partial(save, number) for number in range(6)))
    with cast.tenant.scope():
        assert {f"x{number}" for number in range(6)} <= Draft.objects.get().data.keys()
    assert race(*([confirm] * 4)).count(True) == 1
    with cast.tenant.scope():
        assert Organization.objects.filter(name="Drafted").count() == 1


def test_a_draft_is_its_persons_own(cast: Cast) -> None:
    _save(cast)
    with cast.tenant.scope():
        assert drafts.draft_of(User.objects.get(id=cast.owner.me.id)) is None
