"""One bounded question to the issuer: https or loopback, no redirects, so large, so long.

The issuer may be down, slow, or not the issuer at all; whatever comes, this ends soon and says
either a JSON object or `Unavailable`.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

from scopewright.core.loopback import is_loopback
from scopewright.guard.jwks import Answer
from scopewright.guard.refusals import Unavailable


@dataclass(frozen=True, slots=True)
class Fetcher:
    """`within` seconds and `largest` bytes bound every answer."""

    http: httpx.Client
    within: float
    largest: int = 1024 * 1024

    def get(self, url: str, **options: Any) -> Answer:
        return self._ask("GET", url, **options)

    def post(self, url: str, **options: Any) -> Answer:
        return self._ask("POST", url, **options)

    def _ask(self, method: str, url: str, **options: Any) -> Answer:
        """Raises Unavailable for anything but a JSON object with status 200."""
        deadline = time.monotonic() + self.within
        request = self.http.build_request(method, url, timeout=self.within, **options)
        # Uncompressed, so that a small answer cannot become a large one.
        request.headers.update({"Accept": "application/json", "Accept-Encoding": "identity"})
        try:
            response = self.http.send(request, stream=True, auth=None, follow_redirects=False)
            try:
                return self._read(response, deadline)
            finally:
                response.close()
        except (httpx.HTTPError, ValueError, RecursionError) as error:
            raise Unavailable(f"{request.url.path}: {type(error).__name__}") from None

    def _read(self, response: httpx.Response, deadline: float) -> Answer:
        path = response.request.url.path
        if response.status_code != 200:
            raise Unavailable(f"{path}: status {response.status_code}")
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > self.largest or time.monotonic() > deadline:
                raise Unavailable(f"{path}: too large or too slow")
        document = json.loads(body)
        if not isinstance(document, dict):
            raise Unavailable(f"{path}: no JSON object")
        return Answer(bytes(body), document, response.headers.get("Cache-Control", ""))


def checked_issuer(issuer: str) -> str:
    """The issuer, if what it says can be believed.

    Raises:
        ValueError: it is neither https nor on this machine's loopback, or has a query or fragment.
    """
    url = httpx.URL(issuer)
    if url.query or url.fragment or issuer.endswith("/"):
        raise ValueError("an issuer has no query, no fragment and no slash at its end")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
        raise ValueError("an issuer is https, or http on the loopback interface")
    return issuer
