"""Dangerous operations: a browser that does one must have signed in lately."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from fastapi import Request

from scopewright.api.rehearsal import tell_of_old_sign_in
from scopewright.store import rehearsals


def check_fresh(*, is_dangerous: bool) -> Callable[[Request], Awaitable[None]]:
    """Stands after the entrance. A rehearsal goes on, for it changes nothing, and tells.

    Raises:
        SignInTooOld: the caller is a browser that has not.
    """

    async def checking(request: Request) -> None:
        ask = request.state.ask
        if rehearsals.is_begun() and ask.caller.too_old_for is not None:
            request.state.ask = replace(ask, caller=replace(ask.caller, too_old_for=None))
            if is_dangerous:
                tell_of_old_sign_in(request)
        elif is_dangerous:
            ask.caller.check_fresh()

    return checking
