"""The client that scim2-tester asks with: in a file of its own, as it takes seconds to load, which all test processes would spend."""

from __future__ import annotations

from typing import Any

import httpx
from scim2_client.client import BaseSyncSCIMClient


class Engine(BaseSyncSCIMClient):
    """The tester's client, over the HTTP client that all our tests use.

    After each of its checks the tester deletes everything that it ever made, hundreds of times in all: what is gone already isn't
    asked for again.
    """

    def __init__(self, http: httpx.Client) -> None:
        super().__init__()
        self.http = http
        self.gone: set[str] = set()

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """One request below the base address."""
        if method == "DELETE" and url in self.gone:
            return httpx.Response(204)
        response = self.http.request(method, url, **options)
        if method == "DELETE" and response.status_code == 204:
            self.gone.add(url)
        return response

    def _parse_json(self, response: Any) -> Any:
        return response.json()

    def _stays_under_base_url(self, endpoint: str) -> bool:
        return True
