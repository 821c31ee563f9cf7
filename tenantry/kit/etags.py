"""ETags from row versions (RFC 9110 §8.8.3, §13.1.1): ``If-Match`` keeps two editors from undoing each other."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse

from .problems import Problem


def set_etag(response: HttpResponse, version: int) -> None:
    """Tell the client which version this is."""
    response["ETag"] = f'"v{version}"'


def expected_version(request: HttpRequest) -> int | None:
    """The version that ``If-Match`` demands; None without the header or for ``*``. Raises Problem 412 for a foreign tag."""
    given = request.headers.get("If-Match", "").strip()
    if given in ("", "*"):
        return None
    found = re.fullmatch(r'"v(\d{1,9})"', given)
    if not found:
        raise Problem(412, "version_stale", "The If-Match tag is none of ours. Load the resource again.")
    return int(found[1])
