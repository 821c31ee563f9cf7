"""The public directory."""

from __future__ import annotations

from urllib.parse import urlsplit

import pycountry
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tenantry.kit.hardening import embeddable

from ..directory import page as directory_page

PER_PAGE = 24


@require_GET
@embeddable
def directory(request: HttpRequest) -> HttpResponse:
    """Verified organizations that chose to be seen, for everybody. Raises Problem 404 where the directory is off.

    In another site's frame (``TENANTRY_EMBED_ORIGINS``) it comes without the sidebar.
    """
    search = request.GET.get("q", "")
    page = directory_page(cursor=request.GET.get("cursor"), limit=PER_PAGE, search=search)
    for entry in page.rows:
        country = pycountry.countries.get(alpha_2=entry["country"])
        entry["country_name"] = country.name if country else entry["country"]
        entry["host"] = urlsplit(entry["website"]).hostname or ""
    framed = request.headers.get("Sec-Fetch-Dest") == "iframe"
    return render(request, "organizations/directory.html", {"page": page, "search": search, "framed": framed})
