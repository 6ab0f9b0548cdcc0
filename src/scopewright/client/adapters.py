"""Puts tokens on the requests of httpx and requests; a 401 is tried once more with a new token."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any, Protocol

import anyio.to_thread
import httpx


class Tokens(Protocol):
    """The part of a `TokenSource` that is needed here."""

    def token(self, *, instead_of: str | None = None) -> str: ...


class HttpxTokens(httpx.Auth):
    """For httpx's `Client(auth=…)`, and for its `AsyncClient`, which fetches in a thread."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        token = self._tokens.token()
        response = yield _with(request, token)
        if _try_again(request, response):
            yield _with(request, self._tokens.token(instead_of=token))

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await anyio.to_thread.run_sync(self._tokens.token)
        response = yield _with(request, token)
        if _try_again(request, response):
            fresh = await anyio.to_thread.run_sync(lambda: self._tokens.token(instead_of=token))
            yield _with(request, fresh)


class RequestsTokens:
    """For `requests.get(…, auth=…)`; requests itself is never imported here."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def __call__(self, request: Any) -> Any:
        token = self._tokens.token()
        request.headers["Authorization"] = f"Bearer {token}"

        def again(response: Any, **options: Any) -> Any:
            sent = response.request
            # A redirect to another host loses the header; that host's 401 gets no token.
            ours = sent.headers.get("Authorization") == f"Bearer {token}"
            replayable = sent.body is None or isinstance(sent.body, bytes | str)
            if response.status_code != 401 or not ours or not replayable:
                return response
            response.content  # noqa: B018, read, so that the connection can be used again
            response.close()
            retry = sent.copy()
            retry.headers["Authorization"] = f"Bearer {self._tokens.token(instead_of=token)}"
            answer = response.connection.send(retry, **options)
            answer.history.append(response)
            answer.request = retry
            return answer

        request.register_hook("response", again)
        return request


def _with(request: httpx.Request, token: str) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def _try_again(request: httpx.Request, response: httpx.Response) -> bool:
    """A body that was a stream is spent, and cannot be sent a second time."""
    return response.status_code == 401 and isinstance(request.stream, httpx.ByteStream)
