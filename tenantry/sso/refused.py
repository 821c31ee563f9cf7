"""What an identity provider, or somebody who plays one, sent and we don't take."""

from __future__ import annotations


class Refused(Exception):
    """A message of a protocol that is not accepted. Never a fault of ours, so never a 500.

    ``code`` is stable, lower snake case, begins with the protocol (``saml_``, ``oidc_``) and names one cause; ``detail`` is a
    sentence for the person who sets the connection up. It holds no secret, and of the sender's own words only short, bounded ones.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
