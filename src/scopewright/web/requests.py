"""Every request gets an id and a line in the log; what nobody could read is refused early."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scopewright import ids, log
from scopewright.core.errors import Malformed, ScopewrightError, TooLarge
from scopewright.languages import speak
from scopewright.metrics import Metrics
from scopewright.web import problems
from scopewright.web.credentials import UNDER_DPOP, bringing, cookie_of
from scopewright.web.http import PRINCIPAL, WORKSPACE, Answer, check_declared_length, json_answer

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Requests:
    """The outermost layer for all but the hot paths.

    What is said to a person, by a page or a letter, is in the language that the browser has chosen
    or accepts. `language_cookie` is the name of the cookie that keeps the choice.
    """

    def __init__(
        self,
        following: ASGIApp,
        *,
        public_url: str,
        body_limit: int,
        fresh_nonce: Callable[[], str],
        metrics: Metrics,
        language_cookie: str,
    ) -> None:
        self._following = following
        self._public_url = public_url
        self._body_limit = body_limit
        self._fresh_nonce = fresh_nonce
        self._metrics = metrics
        self._language = language_cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._following(scope, receive, send)
            return
        request_id = ids.new_id("req")
        log.request_id.set(request_id)
        speak(
            cookie_of(_first(scope, b"cookie"), self._language), _first(scope, b"accept-language")
        )
        status, started = 0, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                message = _with_headers(message, request_id)
                if UNDER_DPOP in scope:
                    await bringing(self._fresh_nonce(), send)(message)
                    return
            await send(message)

        try:
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal.send(sending)
            else:
                await self._following(scope, self._bounded(receive), sending)
        finally:
            self._tell(scope, status, time.perf_counter() - started)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method, duration = scope["method"], round(seconds * 1000, 2)
        who = {"principal": scope[PRINCIPAL]} if PRINCIPAL in scope else {}
        log.logger().info(
            "request", method=method, path=scope["path"], status=status, ms=duration, **who
        )
        self._metrics.request(
            scope.get(WORKSPACE), method=method, route=_route(scope), status=status, seconds=seconds
        )

    def _refusal(self, scope: Scope) -> Answer | None:
        try:
            _check_target(scope)
            check_declared_length(scope, limit=self._body_limit)
        except ScopewrightError as error:
            document = problems.document(error, public_url=self._public_url)
            answer = json_answer(document, status=document["status"])
            problem_type = (b"content-type", problems.MEDIA_TYPE.encode())
            return Answer(answer.status, answer.body, (problem_type, *answer.headers[1:]))
        return None

    def _bounded(self, receive: Receive) -> Receive:
        """A body that does not say its length is bounded all the same."""
        size = 0

        async def receiving() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._body_limit:
                raise TooLarge(f"A body here has at most {self._body_limit} bytes.")
            return message

        return receiving


def _first(scope: Scope, name: bytes) -> str | None:
    """A header on which nothing hangs but words: of several, the first."""
    found = (value for key, value in scope["headers"] if key == name)
    return next((value.decode("latin-1") for value in found), None)


def _check_target(scope: Scope) -> None:
    """Refuse what no name here can contain, before a database is asked for it."""
    path, query = scope["path"], scope["query_string"].lower()
    if b"%00" in query or b"\x00" in query:
        raise Malformed("The address contains NUL.")
    if _CONTROL.search(path):  # a line break would also slip past the routes' patterns
        raise Malformed("The path contains control characters.")
    try:
        scope["raw_path"].decode("ascii")
        path.encode()
    except (UnicodeError, KeyError):
        raise Malformed("The address is not UTF-8.") from None


def pattern_of(scope: Scope) -> str | None:
    """The pattern of the route that was taken; None where no router has looked at the path."""
    found: str | None = getattr(scope.get("route"), "path", None)
    return found


def _route(scope: Scope) -> str:
    """The pattern of the path, or which part of the server it was that answered."""
    return pattern_of(scope) or ("page" if "endpoint" in scope else "none")


def _with_headers(message: MutableMapping[str, Any], request_id: str) -> MutableMapping[str, Any]:
    extra = [(b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]
    if not any(name == b"referrer-policy" for name, _ in message["headers"]):
        extra.append((b"referrer-policy", b"no-referrer"))
    return {**message, "headers": [*message["headers"], *extra]}
