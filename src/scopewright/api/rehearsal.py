"""`?dry_run=true`: what a request would change, in numbers. Nothing is changed.

The operation runs as it does without, and is refused as it would be.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from scopewright.api.entrance import SAFE_METHODS, entrance_of
from scopewright.api.routes import Route
from scopewright.store.rehearsals import Rehearsal, Rehearsed, begin, is_begun, rehearsals_end
from scopewright.web.http import WORKSPACE

DryRun = Annotated[
    bool, Query(description="Change nothing, and answer how many of what would be changed.")
]


class RehearsedShape(BaseModel):
    """How many would be added, removed, ended or revoked, by noun; those left out: none.

    `sign_in_again` stands there where a browser must do so before the change itself.
    """

    changes: dict[str, dict[str, int]]
    sign_in_again: bool = False


def can_be_rehearsed(route: Route) -> bool:
    """Whether a route of the management API changes something."""
    is_reading = route.method in SAFE_METHODS or (route.operation or "").endswith(":read")
    return route.path.startswith("/api/") and not is_reading


async def rehearse(request: Request, dry_run: DryRun = False) -> None:
    """Stands after the entrance, which notes who came and when."""
    if dry_run:
        now = entrance_of(request).clock()
        begin(Rehearsal(request.scope.get(WORKSPACE), now))


async def rehearsable(
    handle: Callable[[Request], Awaitable[Response]], request: Request
) -> Response:
    """The answer of a handler, or what it would have changed."""
    with rehearsals_end():
        try:
            answer = await handle(request)
        except Rehearsed as done:
            return _answer(request, done.changes)
        return _answer(request, {}) if is_begun() else answer


def tell_of_old_sign_in(request: Request) -> None:
    """Let the answer of this rehearsal say that the change itself would be refused for that."""
    request.state.sign_in_again = True


def _answer(request: Request, changes: dict[str, Any]) -> Response:
    is_old = getattr(request.state, "sign_in_again", False)
    told = RehearsedShape(changes=changes, sign_in_again=is_old)
    spelled = told.model_dump(exclude_defaults=True)
    return JSONResponse(spelled, headers={"cache-control": "no-store"})
