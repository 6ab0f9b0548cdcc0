"""For Starlette and FastAPI: the dependency and the decorator, which check and declare alike."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from starlette.requests import HTTPConnection

from scopewright.core.access_policies import PUBLIC_SCOPES
from scopewright.core.scopes import Scopes, spell
from scopewright.guard.connections import Checks, check, check_async
from scopewright.guard.rules import AnyOf, Needs, declare, scope_names
from scopewright.guard.step_up import StepUp, step_up_of
from scopewright.guard.verifier import Claims


class _Requirement:
    """A dependency that checks, and tells FastAPI what to write into the documentation."""

    def __init__(self, guard: Checks, needs: Needs, step_up: StepUp | None) -> None:
        self._guard, self._needs, self._step_up = guard, needs, step_up

    async def __call__(self, connection: HTTPConnection, **_documented: None) -> Claims:
        return await check_async(self._guard, self._needs, connection, self._step_up)

    @property
    def __signature__(self) -> inspect.Signature:
        """Read by FastAPI alone, which is never imported for the sake of others."""
        if "fastapi" not in sys.modules:
            return inspect.signature(self.__call__)
        from scopewright.guard.fastapi import documenting_signature  # noqa: PLC0415

        return documenting_signature(self._guard.issuer, self._needs)


def dependency(guard: Checks, needs: Needs, step_up: StepUp | None = None) -> _Requirement:
    """Asks for these scopes; raises HTTPException 401, 403 or 503."""
    return declare(_Requirement(guard, needs, step_up), needs)


class _Admission:
    """A dependency that checks what is shown, and lets pass who shows nothing."""

    def __init__(self, requirement: _Requirement) -> None:
        self._requirement = requirement

    async def __call__(self, connection: HTTPConnection, **_documented: None) -> Claims | None:
        if "authorization" not in connection.headers:
            return None
        return await self._requirement(connection)

    @property
    def __signature__(self) -> inspect.Signature:
        return self._requirement.__signature__


def admission(guard: Checks, needs: Scopes) -> _Admission:
    """As `dependency`, but for visitors, too; so for reading alone."""
    if not needs <= PUBLIC_SCOPES:
        raise ValueError(f"visitors may have {spell(PUBLIC_SCOPES)} and no other scope")
    return declare(_Admission(_Requirement(guard, needs, None)), needs)


def protected(
    guard: Checks, *names: str | AnyOf, max_age: int | None = None, acr_values: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates a Starlette endpoint: `@protected(guard, "sensor:read")`.

    The claims are in `request.scope["scopewright.claims"]`. `max_age` and `acr_values` are those of
    `Guard.requires`.
    """
    needs, step_up = scope_names(names), step_up_of(max_age, acr_values)

    def decorate(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(endpoint):

            @wraps(endpoint)
            async def guarded_async(connection: HTTPConnection) -> Any:
                await check_async(guard, needs, connection, step_up)
                return await endpoint(connection)

            return declare(guarded_async, needs)

        @wraps(endpoint)
        def guarded(connection: HTTPConnection) -> Any:
            check(guard, needs, connection, step_up)
            return endpoint(connection)

        return declare(guarded, needs)

    return decorate
