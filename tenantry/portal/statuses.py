"""Every status a page shows: its colour and its word. A status that is not here is shown in grey, in its own words."""

from __future__ import annotations

GOOD, WARN, BAD, NEUTRAL = "good", "warn", "bad", ""

STATUSES: dict[str, tuple[str, str]] = {
    "active": (GOOD, "Active"),
    "accepted": (GOOD, "Accepted"),
    "created": (GOOD, "Created"),
    "sent": (GOOD, "Sent"),
    "delivered": (GOOD, "Delivered"),
    "verified": (GOOD, "Verified"),
    "valid": (GOOD, "Valid"),
    "approved": (GOOD, "Approved"),
    "allowed": (GOOD, "Allowed"),
    "current": (GOOD, "This device"),
    "pending_verification": (WARN, "Pending verification"),
    "replaced": (WARN, "Replaced"),
    "suspended": (WARN, "Suspended"),
    "under_way": (WARN, "Under way"),
    "paused": (WARN, "Paused"),
    "expired": (WARN, "Expired"),
    "over_limit": (WARN, "Over the limit"),
    "lapsing": (WARN, "Needs confirming"),
    "lapsed": (BAD, "Lapsed"),
    "rejected": (BAD, "Rejected"),
    "failed": (BAD, "Failed"),
    "bounced": (BAD, "Came back"),
    "bounce": (BAD, "Came back"),
    "complaint": (BAD, "Unwanted"),
    "suppressed": (WARN, "Suppressed"),
    "revoked": (BAD, "Revoked"),
    "invalid": (BAD, "Invalid"),
    "refused": (BAD, "Refused"),
    "denied": (BAD, "Denied"),
    "broken": (BAD, "Broken"),
    "live": (WARN, "Under way"),
    "requested": (WARN, "Waits for you"),
    "dead": (BAD, "Given up"),
    "retrying": (WARN, "Will be retried"),
    "running": (GOOD, "Running"),
    "waiting": (NEUTRAL, "Waiting"),
    "pending": (NEUTRAL, "Pending"),
    "invited": (NEUTRAL, "Invited"),
    "declined": (NEUTRAL, "Declined"),
    "queued": (NEUTRAL, "Queued"),
    "removed": (NEUTRAL, "Removed"),
    "erased": (NEUTRAL, "Erased"),
    "deactivated": (NEUTRAL, "Deactivated"),
    "deleted": (NEUTRAL, "Deleted"),
    "ended": (NEUTRAL, "Ended"),
    "scheduled": (NEUTRAL, "Scheduled"),
    "cancelled": (NEUTRAL, "Called off"),
    "withdrawn": (NEUTRAL, "Taken back"),
    "already_member": (NEUTRAL, "Already a member"),
}


def described(status: str) -> tuple[str, str]:
    """The tone (a CSS class, empty when neutral) and the word of a status."""
    return STATUSES.get(status, (NEUTRAL, status.replace("_", " ").capitalize()))
