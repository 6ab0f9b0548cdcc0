"""For devices and services: access tokens, fetched, reused and renewed, for httpx and requests.

    from scopewright.client import TokenSource

    tokens = TokenSource("https://auth.example/w/0192…", client_id=…, client_secret=…)
    httpx.Client(auth=tokens.for_httpx()).post(…)
    requests.post(…, auth=tokens.for_requests())

Read `source.py` first; `adapters.py` puts its tokens on requests.
"""

from __future__ import annotations

from scopewright.client.source import TokenRefused, TokenSource, TokenUnavailable

__all__ = ["TokenRefused", "TokenSource", "TokenUnavailable"]
