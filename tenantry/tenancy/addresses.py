"""Absolute addresses of a tenant's pages, for mails and the command line."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils.http import url_has_allowed_host_and_scheme

from .scope import current


def address(url_name: str, /, **kwargs: Any) -> str:
    """The full address of a page of the present tenant, from settings alone: a forged Host header reaches no mail."""
    return address_in(current().slug, url_name, **kwargs)


def address_in(slug: str, url_name: str, /, **kwargs: Any) -> str:
    """The same for the tenant of that slug; with an empty slug, of a page of the installation as a whole."""
    before = get_script_prefix()
    set_script_prefix("/")
    try:
        path = reverse(url_name, kwargs=kwargs)
    finally:
        set_script_prefix(before)
    prefix = f"/t/{slug}" if slug and settings.ENVIRONMENT.multi else ""
    return f"{settings.ENVIRONMENT.base_url}{prefix}{path}"


def safe_path(path: str) -> str:
    """``path`` when it leads to a page of ours, else ``""``: no link and no form sends anybody elsewhere."""
    # Browsers read a backslash as a slash, two slashes as another host, and tabs and line ends as nothing.
    here = path.startswith("/") and not path.startswith("//") and not set(path) & set("\\\t\r\n")
    ours = here and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if ours and len(path) <= 400 else ""
