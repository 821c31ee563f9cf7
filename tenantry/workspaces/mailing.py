"""The installation's own mails: by the transport of the environment, never by a tenant's (``visits.py`` says why)."""

from __future__ import annotations

from tenantry.mail import letters, routes, transports
from tenantry.tenancy.addresses import address_in

OWN = {"name": "Tenantry", "support_email": "", "colour": ""}


def send_link(*, email: str, token: str) -> None:
    """Mail the link that proves an address to the installation. Raises ``transports.Undelivered``; the job tries again."""
    url = address_in("", "workspaces_link", token=token)
    mail = letters.write("workspaces", subject="Your workspaces", context={"url": url}, own=OWN)
    transports.send(routes.fallback(), to=email, mail=mail)
