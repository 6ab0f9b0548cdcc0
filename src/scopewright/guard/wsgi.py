"""Middleware for WSGI: as in `asgi.py`, with rules: a route that declares nothing is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any

from scopewright.core.errors import ScopewrightError
from scopewright.guard.guard import Guard
from scopewright.guard.metadata import METADATA_HEADERS
from scopewright.guard.refusals import CLAIMS_KEY, Undeclared
from scopewright.guard.rules import PUBLIC, Rules, asked_first, refuse_without
from scopewright.guard.shown import shown_in_wsgi

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


class GuardMiddleware:
    """`app.wsgi_app = GuardMiddleware(app.wsgi_app, guard, rules)`.

    The claims are left in `environ["scopewright.claims"]`.
    """

    def __init__(self, app: App, guard: Guard, rules: Rules) -> None:
        self.app, self.rules, self._guard = app, rules, guard
        self._metadata_path, self._metadata = guard.metadata(rules.scopes)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        if environ.get("SCRIPT_NAME", "") + path == self._metadata_path:
            return _answer(start_response, 200, METADATA_HEADERS, self._metadata)
        try:
            self._check(environ, path or "/")
        except ScopewrightError as error:
            said = self._guard.refusal(error, environ.get("HTTP_AUTHORIZATION"))
            return _answer(start_response, said.status, said.headers, said.body)
        return self.app(environ, self._starting(environ, start_response))

    def _starting(self, environ: Environ, start_response: StartResponse) -> StartResponse:
        """Starts the answer with the nonce for the next request, where one is due."""
        more = [*self._guard.nonce_headers(environ.get("HTTP_AUTHORIZATION")).items()]
        if not more:
            return start_response

        def starting(status: str, headers: list[tuple[str, str]], *fault: Any) -> Any:
            return start_response(status, [*headers, *more], *fault)

        return starting

    def _check(self, environ: Environ, path: str) -> None:
        declared = self.rules.find(environ["REQUEST_METHOD"], path)
        if declared is None:
            raise Undeclared
        if declared is not PUBLIC:
            header = environ.get("HTTP_AUTHORIZATION")
            shows = partial(shown_in_wsgi, environ, self._guard.binding)
            asked = asked_first(declared, header)
            claims = self._guard.check(header, asked, shows=shows)
            refuse_without(declared, claims.scopes)
            environ[CLAIMS_KEY] = claims


def _answer(
    start_response: StartResponse, status: int, headers: dict[str, str], body: bytes
) -> Iterable[bytes]:
    line = f"{status} {HTTPStatus(status).phrase}"
    start_response(line, [*headers.items(), ("Content-Length", str(len(body)))])
    return [body]
