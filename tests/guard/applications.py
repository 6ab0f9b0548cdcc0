"""Plain applications behind the guard's middleware, and clients of them in this process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from scopewright.guard import Guard, Rules, asgi, wsgi

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette announces another HTTP client
    from starlette.testclient import TestClient


async def plain_asgi(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the subject of the claims."""
    subject = getattr(scope.get("scopewright.claims"), "subject", "nobody")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": subject.encode()})


def plain_wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The same."""
    start_response("200 OK", [])
    return [getattr(environ.get("scopewright.claims"), "subject", "nobody").encode()]


@contextmanager
def asgi_client(guard: Guard, rules: Rules) -> Iterator[httpx.Client]:
    yield TestClient(asgi.GuardMiddleware(plain_asgi, guard, rules))


@contextmanager
def wsgi_client(guard: Guard, rules: Rules) -> Iterator[httpx.Client]:
    transport = httpx.WSGITransport(wsgi.GuardMiddleware(plain_wsgi, guard, rules))
    with httpx.Client(transport=transport, base_url="http://testserver") as client:
        yield client
