"""E-mail addresses: one reading of them, so that nobody is two people."""

from __future__ import annotations

import email_validator

from .problems import invalid


def normalize(address: str, *, pointer: str = "/email") -> str:
    """The address as it is stored and compared: trimmed, NFC, lower case, at most 254 characters.

    RFC 5321 §2.4 lets a host tell letter cases apart in the local part; none in use does, and two
    accounts that differ by case would be one person with two identities. Raises Problem 422.
    """
    text = address.strip()
    if not text:
        raise invalid("An e-mail address is missing.", pointer=pointer, code="email_missing")
    try:
        found = email_validator.validate_email(text, check_deliverability=False, allow_smtputf8=True)
    except email_validator.EmailNotValidError as error:
        raise invalid(f"That is not an e-mail address: {error}", pointer=pointer, code="email_invalid") from error
    if text[0] in "=+-@|":
        raise invalid("An address that begins like a spreadsheet formula is refused.", pointer=pointer, code="email_invalid")
    return found.normalized.lower()
