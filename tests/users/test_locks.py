"""Ending somebody's access while they are busy: both go through, none waits for the other in a circle."""

from __future__ import annotations

from tenantry.people.models import Session, User
from tenantry.people.users import shut_out, touch_generation

from ..factories import OPERATOR
from ..people import Cast, problem
from ..threads import Threads, until_waited_for


def test_whoever_takes_a_persons_rows_takes_the_person_before_the_sessions(cast: Cast) -> None:
    """A first request after a change notes the session and the person; a revocation changes both as well.

    The steps are taken by hand here, so that the two meet for certain: in opposite orders PostgreSQL would end one of them.
    """
    with cast.tenant.scope():
        touch_generation(cast.learner.me.id)
    with Threads(1) as pool:
        with cast.tenant.scope() as entered:
            user = User.objects.select_for_update().get(id=cast.learner.me.id)
            waiting = pool.submit(cast.learner.get, "/me")
            until_waited_for(entered.using)
            shut_out(user=user, actor=OPERATOR, reason="revoked")
        assert waiting.result().status_code in (200, 401)
    with cast.tenant.scope():
        assert not Session.objects.filter(user=cast.learner.me, ended_at__isnull=True).exists()


def test_who_waits_too_long_is_told_to_come_back(cast: Cast) -> None:
    """Also where the wait is not in a view but before it, in finding out who asks."""
    with cast.tenant.scope():
        touch_generation(cast.learner.me.id)
    with Threads(1) as pool, cast.tenant.scope():
        User.objects.select_for_update().get(id=cast.learner.me.id)
        answer = pool.submit(cast.learner.get, "/me").result()
    problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"
