"""What a refusal of a directory's request means and what to do, for whoever looks after it and has never read RFC 7644."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Explanation:
    """``meaning`` says what happened, ``way_out`` what to do."""

    meaning: str
    way_out: str


def _e(meaning: str, way_out: str) -> Explanation:
    return Explanation(meaning, way_out)


_AGAIN: Final = "The directory tries again by itself; most do within the hour."
_BY_CODE: Final = {
    "entitlement_limit_reached": _e("No seat was free for this person.", f"Free a seat or have the limit raised. {_AGAIN}"),
    "last_owner": _e(
        "This person is the last owner, so they were not taken away.", f"If they are leaving, make somebody else an owner first. {_AGAIN}"
    ),
    "user_suspended": _e("The vendor has suspended this person in the whole workspace.", "Ask the vendor's support to reinstate them."),
    "member_erased": _e(
        "This person's data was erased for good, so they can't come back under this record.",
        "Take them out of the application's assignment, or give them another userName.",
    ),
    "already_member": _e(
        "Somebody with this userName or address was sent before.",
        "Look in your directory for two people with the same userName, and correct one of them.",
    ),
    "scim_provisioning_off": _e(
        "Somebody was to be added while adding people is switched off.", "Switch “Add people” on under “What it may do”."
    ),
    "scim_disabled": _e("Directory sync was switched off.", "Switch it on under “What it may do”."),
    "key_revoked": _e("A token was used that is revoked.", "Enter the new token in your directory, or make one."),
    "key_expired": _e("A token was used that has expired.", "Make a new one and enter it in your directory."),
    "address_not_allowed": _e(
        "The request came from a network that isn't on the token's list.",
        "Make a token whose list has the networks of your provider, or none. The detail says where the request came from.",
    ),
    "rate_limited": _e("The directory sent more requests at once than are allowed.", f"Nothing was lost. {_AGAIN}"),
    "organization_suspended": _e("The vendor has suspended the organization.", "Ask the vendor what led to it."),
    "maintenance": _e("The workspace was in maintenance.", f"Nothing to do. {_AGAIN}"),
    "busy": _e("Somebody else was changing the same people.", f"Nothing to do. {_AGAIN}"),
    "internal_error": _e("Something went wrong on our side. Nothing was changed.", "If it happens again, send the request id to support."),
}
_BY_TYPE: Final = {
    "uniqueness": _BY_CODE["already_member"],
    "invalidFilter": _e(
        "The directory asked for people with a filter that we can't read.", "Set the directory's matching attribute to userName."
    ),
    "invalidPath": _e(
        "An attribute's name in the request isn't known here.", "Look at “What was sent”, and take that attribute out of the mapping."
    ),
    "noTarget": _e(
        "The change was for a value that isn't there.",
        "Mostly harmless. Let the directory send this person anew: restart its provisioning.",
    ),
    "invalidValue": _e(
        "A value is missing or of the wrong kind: mostly a userName that is no e-mail address.",
        "Look at what the detail names, and correct the person or the attribute mapping in your directory.",
    ),
    "invalidSyntax": _e(
        "The request can't be read as SCIM.", "Check that the address ends in /scim/v2 and that the connector speaks SCIM 2.0."
    ),
    "mutability": _e("The directory wanted to change something that can't be changed.", "Take that attribute out of the mapping."),
    "tooMany": _e("The request, or what it asked for, was too large.", "Have the directory send less at a time."),
    "invalidVers": _e("The connector speaks another version of SCIM.", "Set it to SCIM 2.0."),
    "invalidCursor": _e("The directory asked for a page that is no more.", f"Nothing to do. {_AGAIN}"),
    "sensitive": _e("Something secret stood in an address.", "Have the directory send it in the body of the request."),
}
_BY_STATUS: Final = {
    401: _e("The token doesn't work, or no longer.", "Make a new one and enter it in the directory."),
    403: _e("The settings here don't allow it.", "Look at “What it may do”."),
    404: _e(
        "The directory spoke of somebody or a group that isn't here, or no longer.",
        "Mostly harmless: it sends them anew. If not, restart its provisioning.",
    ),
    409: _e("It doesn't fit what is here.", "The detail says what stands in the way."),
    410: _BY_CODE["member_erased"],
    412: _e("Somebody else had changed the same person meanwhile.", f"Nothing to do. {_AGAIN}"),
    413: _BY_TYPE["tooMany"],
    429: _BY_CODE["rate_limited"],
    501: _e(
        "The directory asked for something that SCIM leaves to choice and that isn't offered here.", "Switch that off in the connector."
    ),
    503: _BY_CODE["busy"],
}
_OTHERWISE: Final = _e("The request was refused.", "The detail says why.")


def explain(*, code: str, scim_type: str, status: int) -> Explanation:
    """By our own code where there are words for it, else by SCIM's type, else by the status. Pure."""
    return (
        _BY_CODE.get(code)
        or _BY_TYPE.get(scim_type)
        or _BY_STATUS.get(status)
        or (_BY_CODE["internal_error"] if status >= 500 else _OTHERWISE)
    )
