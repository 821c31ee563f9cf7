"""What every answer tells the browser to refuse (docs/security/headers.md): one table for Django and for the hot paths beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final

# Two years and all subdomains: what browsers ask of who wants to be in the list that they ship (hstspreload.org).
HSTS: Final = "max-age=63072000; includeSubDomains; preload"
# Every feature that Chromium knows by this name; only copying a key and, later, a security key in the hand are ours.
_OWN_FEATURES: Final = ("clipboard-write", "publickey-credentials-create", "publickey-credentials-get")
_NO_FEATURES: Final = (
    "accelerometer autoplay camera clipboard-read compute-pressure cross-origin-isolated "
    "display-capture encrypted-media fullscreen gamepad geolocation gyroscope hid identity-credentials-get idle-detection keyboard-map "
    "local-fonts magnetometer microphone midi otp-credentials payment picture-in-picture screen-wake-lock serial storage-access sync-xhr "
    "unload usb window-management xr-spatial-tracking"
).split()
FEATURES: Final = ", ".join([*(f"{name}=()" for name in _NO_FEATURES), *(f"{name}=(self)" for name in _OWN_FEATURES)])
FIXED: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # an address with a token in it stays ours
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": FEATURES,
}
# What is no page runs nothing, shows nothing and is framed by nobody, should a browser be led to open it as one.
POLICY_OF_DATA: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"


def policy_of_page(
    nonce: str, *, report_to: str, framed_by: Iterable[str] = (), frames_own: bool = False, posts_to: str = "", https: bool = False
) -> str:
    """The content security policy of a page (CSP level 3, w3.org/TR/CSP3).

    A script runs only with the page's ``nonce``, wherever it comes from; without one no script runs at all. Style sheets are ours,
    or carry the nonce. ``framed_by`` are origins; ``frames_own`` lets it show pages of ours in a frame,
    ``posts_to`` is where else its form may go, an origin or a scheme.
    """
    frames = " ".join(framed_by) or "'none'"
    shown = "frame-src 'self'; " if frames_own else ""
    script, style = (f"'nonce-{nonce}'", f"'self' 'nonce-{nonce}'") if nonce else ("'none'", "'self'")
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        f"manifest-src 'self'; {shown}form-action 'self'{posts_to and f' {posts_to}'}; base-uri 'none'; frame-ancestors {frames}; "
        f"{'upgrade-insecure-requests; ' if https else ''}report-uri {report_to}; report-to csp"
    )


def headers_of_data(*, https: bool) -> dict[str, str]:
    """All of them for an answer that is no page: JSON, a picture, a style sheet, a file."""
    return (
        FIXED
        | {"Content-Security-Policy": POLICY_OF_DATA, "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY"}
        | ({"Strict-Transport-Security": HSTS} if https else {})
    )


def headers_of_page(
    nonce: str, *, report_to: str, framed_by: Iterable[str] = (), frames_own: bool = False, posts_to: str = "", https: bool
) -> dict[str, str]:
    """All of them for a page. One that may be framed can also be loaded by whoever isolates themselves (COEP asks for CORP)."""
    framed_by = tuple(framed_by)
    found = headers_of_data(https=https) | {
        "Content-Security-Policy": policy_of_page(
            nonce, report_to=report_to, framed_by=framed_by, frames_own=frames_own, posts_to=posts_to, https=https
        ),
        "Reporting-Endpoints": f'csp="{report_to}"',
    }
    if framed_by:
        found["Cross-Origin-Resource-Policy"] = "cross-origin"
        del found["X-Frame-Options"]
    return found


def embeddable(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view whose page the sites in ``TENANTRY_EMBED_ORIGINS`` may show in a frame.

    Only for what nobody signs in for: in another site's frame the browser sends none of our cookies (SameSite=Lax).
    """

    @wraps(view)
    def marked(*args: Any, **kwargs: Any) -> Any:
        response = view(*args, **kwargs)
        response.embeddable = True
        return response

    return marked


def frames_own(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view whose page shows another of ours in a frame (the preview of a mail)."""

    @wraps(view)
    def marked(*args: Any, **kwargs: Any) -> Any:
        response = view(*args, **kwargs)
        response.frames_own = True
        return response

    return marked


def posts_to(response: Any, source: str) -> Any:
    """Let this one page's form go elsewhere, to an origin or a scheme: a message for an identity provider."""
    response.posts_to = source
    return response
