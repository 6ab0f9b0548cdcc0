"""The check of one connection of Starlette's: behind dependency, decorator and FastAPI's scheme."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from scopewright.core.errors import ScopewrightError
from scopewright.core.scopes import Scopes
from scopewright.guard.binding import Binding
from scopewright.guard.possession import Shows
from scopewright.guard.refusals import CLAIMS_KEY, Refusal
from scopewright.guard.rules import Needs, asked_first, refuse_without
from scopewright.guard.shown import shown_in_asgi
from scopewright.guard.step_up import StepUp
from scopewright.guard.verifier import Claims


class Checks(Protocol):
    """The part of a `Guard` that is needed here."""

    issuer: str

    @property
    def binding(self) -> Binding: ...

    def check(
        self, authorization: str | None, scopes: Scopes, *, step_up: StepUp | None, shows: Shows
    ) -> Claims: ...
    async def check_async(
        self, authorization: str | None, scopes: Scopes, *, step_up: StepUp | None, shows: Shows
    ) -> Claims: ...
    def refusal(self, error: ScopewrightError, authorization: str | None) -> Refusal: ...


async def check_async(
    guard: Checks, needs: Needs, connection: HTTPConnection, step_up: StepUp | None = None
) -> Claims:
    """Leaves the claims in the connection's scope; raises HTTPException 401, 403 or 503."""
    header = _authorization(connection)
    shows = partial(shown_in_asgi, connection.scope, guard.binding)
    try:
        claims = await guard.check_async(
            header, asked_first(needs, header), step_up=step_up, shows=shows
        )
        refuse_without(needs, claims.scopes)
    except ScopewrightError as error:
        raise _http_exception(guard.refusal(error, header)) from None
    connection.scope[CLAIMS_KEY] = claims
    return claims


def check(
    guard: Checks, needs: Needs, connection: HTTPConnection, step_up: StepUp | None = None
) -> Claims:
    """As `check_async`, for endpoints that run in a thread."""
    header = _authorization(connection)
    shows = partial(shown_in_asgi, connection.scope, guard.binding)
    try:
        claims = guard.check(header, asked_first(needs, header), step_up=step_up, shows=shows)
        refuse_without(needs, claims.scopes)
    except ScopewrightError as error:
        raise _http_exception(guard.refusal(error, header)) from None
    connection.scope[CLAIMS_KEY] = claims
    return claims


def _authorization(connection: HTTPConnection) -> str | None:
    """The header; two of them become one that nobody accepts."""
    return ", ".join(connection.headers.getlist("authorization")) or None


def _http_exception(said: Refusal) -> HTTPException:
    """The refusal as Starlette's and FastAPI's handlers expect it."""
    headers = {name: value for name, value in said.headers.items() if name != "Content-Type"}
    return HTTPException(said.status, said.detail, headers)
