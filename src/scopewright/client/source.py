"""Where a service's access token comes from: the client credentials grant (RFC 6749 §4.4)."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import httpx

from scopewright.client.adapters import HttpxTokens, RequestsTokens
from scopewright.clock import Clock, system_clock
from scopewright.core.loopback import is_loopback

UNSAID_LIFETIME = 60  # seconds, where the server does not say `expires_in`
LONGEST_LIFETIME = 366 * 24 * 3600
PATIENCE = timedelta(seconds=5)  # between two attempts while the old token still serves


class TokenUnavailable(Exception):
    """The authorization server could not be reached, or did not answer with a token."""


class TokenRefused(Exception):
    """The authorization server said no; `error` is its word for why (RFC 6749 §5.2)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error, self.description = error, description


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    renew_at: datetime
    expires_at: datetime


class TokenSource:
    """Share one among threads and tasks: however many ask, one of them fetches.

    `scope` is space-separated; None asks for everything that is granted to the client. A token is
    renewed `margin` before its end, or after half its lifetime where that is shorter.
    """

    margin = timedelta(seconds=60)

    def __init__(
        self,
        issuer: str,
        *,
        client_id: str,
        client_secret: str,
        scope: str | None = None,
        clock: Clock = system_clock,
        http: httpx.Client | None = None,
    ) -> None:
        url = httpx.URL(f"{issuer}/token")
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
            raise ValueError("a secret is sent over https, or to the loopback interface")
        self._url, self._clock = url, clock
        # RFC 6749 §2.3.1: both are form-encoded before they become a Basic credential.
        self._authentication = (quote_plus(client_id), quote_plus(client_secret))
        self._form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        self._http = http or httpx.Client(timeout=10)
        self._fetching = threading.Lock()
        self._token: _Token | None = None
        self._next_attempt = datetime.min.replace(tzinfo=UTC)
        self._failure: tuple[datetime, Exception] | None = None

    def token(self, *, instead_of: str | None = None) -> str:
        """A token to send now; never `instead_of`, which a resource server has just refused.

        Raises:
            TokenRefused: wrong secret, or a scope that is not granted.
            TokenUnavailable: no answer, and no token left that still serves.
        """
        now, held = self._clock(), self._token
        if held is not None and held.value != instead_of:
            if now < held.renew_at:
                return held.value
            if now < held.expires_at:
                return self._renewed(held, now)
        with self._fetching:
            latest = self._token
            if latest is not None and latest is not held:
                return latest.value
            if self._failure is not None and self._failure[0] >= now:
                raise self._failure[1]  # whoever queued behind a failed attempt shares it
            try:
                self._token = self._fetched()
            except (TokenRefused, TokenUnavailable) as error:
                self._failure = self._clock(), error
                raise
            return self._token.value

    def for_httpx(self) -> httpx.Auth:
        return HttpxTokens(self)

    def for_requests(self) -> RequestsTokens:
        return RequestsTokens(self)

    def _renewed(self, held: _Token, now: datetime) -> str:
        """A newer token if one thread can get it now; the old one serves all others."""
        if now < self._next_attempt or not self._fetching.acquire(blocking=False):
            return held.value
        try:
            self._next_attempt = now + PATIENCE
            self._token = self._fetched()
            return self._token.value
        except TokenUnavailable:
            return held.value
        finally:
            self._fetching.release()

    def _fetched(self) -> _Token:
        asked_at = self._clock()
        try:
            response = self._http.post(
                self._url, data=self._form, auth=self._authentication, follow_redirects=False
            )
            answer = response.json()
        except (httpx.HTTPError, ValueError, RecursionError) as error:
            raise TokenUnavailable(f"{self._url}: {type(error).__name__}") from None
        if not isinstance(answer, dict):
            raise TokenUnavailable(f"{self._url}: no JSON object")
        if response.status_code in (400, 401, 403) and isinstance(answer.get("error"), str):
            raise TokenRefused(answer["error"], str(answer.get("error_description", "")))
        return self._read(response.status_code, answer, asked_at)

    def _read(self, status: int, answer: dict[str, Any], asked_at: datetime) -> _Token:
        value, seconds = answer.get("access_token"), answer.get("expires_in", UNSAID_LIFETIME)
        bearer = str(answer.get("token_type")).lower() == "bearer"
        if status != 200 or not bearer or not isinstance(value, str) or type(seconds) is not int:
            raise TokenUnavailable(f"{self._url}: status {status}, no token")
        lifetime = timedelta(seconds=max(0, min(seconds, LONGEST_LIFETIME)))
        expires_at = asked_at + lifetime
        return _Token(value, expires_at - min(self.margin, lifetime / 2), expires_at)
