"""Who signed in when, how and from where, and who was refused; a mail when a browser is new."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from tenantry.kit.clock import now
from tenantry.kit.context import request_info
from tenantry.kit.paging import Page, by_id
from tenantry.mail import services as mail
from tenantry.tenancy.addresses import address

from .factors import devices
from .models import Session, SignIn, User

_LOOKED_AT = 200  # of a person's latest sign-ins, when it is asked whether a browser is new


def began(session: Session, user: User) -> None:
    """A session was made. Call it in its transaction."""
    seen, info = devices.met(user), request_info.get()
    row = SignIn(
        user=user, session_id=session.id, method=session.method, device=session.device, user_agent=session.user_agent, ip=session.ip,
        country=info.country, outcome=SignIn.Outcome.WAITING if session.awaits else SignIn.Outcome.SUCCEEDED,
        new_device=not seen and _new(user, session),
    )  # fmt: skip
    row.save(force_insert=True)
    if not session.awaits:
        _tell(row, user)


def went_on(session: Session, user: User, *, second: str = "") -> None:
    """A step was taken, or the last one: ``second`` says by which second factor."""
    row = SignIn.objects.filter(session_id=session.id, outcome=SignIn.Outcome.WAITING).first()
    if row is None:
        return
    row.second = second or row.second
    row.outcome = SignIn.Outcome.WAITING if session.awaits else SignIn.Outcome.SUCCEEDED
    row.save(update_fields=["second", "outcome"])
    if not session.awaits:
        _tell(row, user)


def refused(*, email: str, method: str, reason: str) -> None:
    """A sign-in was refused. A row is written for an address of nobody's too: the time that it takes tells nothing."""
    from .sessions import device_of

    info = request_info.get()
    SignIn(
        user=User.objects.filter(email=email).first(), method=method, outcome=SignIn.Outcome.REFUSED, reason=reason[:60],
        device=device_of(info.user_agent), user_agent=info.user_agent, ip=info.ip, country=info.country,
    ).save(force_insert=True)  # fmt: skip


def sign_ins(user: User, *, cursor: str | None, limit: int) -> Page[SignIn]:
    """A person's sign-ins, the latest first."""
    return by_id(SignIn.objects.filter(user=user), cursor=cursor, limit=limit, newest_first=True)


def _new(user: User, session: Session) -> bool:
    """Whether the person never signed in by this kind of browser from this network. The very first sign-in isn't new but first."""
    if not session.user_agent:
        return False
    before = SignIn.objects.filter(user=user, outcome=SignIn.Outcome.SUCCEEDED).exclude(user_agent="")
    latest = list(before.order_by("-id").values_list("user_agent", "ip")[:_LOOKED_AT])
    return bool(latest) and not any(agent == session.user_agent and _near(ip, session.ip) for agent, ip in latest)


def _near(one: str | None, other: str | None) -> bool:
    """The same network: /24 of IPv4, /48 of IPv6."""
    if not one or not other:
        return one == other
    left, right = ip_address(one), ip_address(other)
    prefix = 24 if left.version == 4 else 48
    return left.version == right.version and right in ip_network(f"{left}/{prefix}", strict=False)


def _tell(row: SignIn, user: User) -> None:
    if not row.new_device:
        return
    context = {"user": user, "device": row.device, "ip": row.ip, "country": row.country, "when": now(), "url": address("account_sessions")}
    mail.queue(to=user.email, subject="A new device signed in", template="new_device", context=context)
