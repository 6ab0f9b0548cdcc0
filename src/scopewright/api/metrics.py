"""Figures as Prometheus takes them, a workspace's and the whole process's: handlers."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool

from scopewright.api.entrance import AskHere, Entrance, entrance_of
from scopewright.api.visitor import visit
from scopewright.core.administrators import administers
from scopewright.core.caller import Caller
from scopewright.core.errors import Forbidden
from scopewright.core.model import SignIn
from scopewright.metrics import MEDIA_TYPE, Figures
from scopewright.services.metrics import Alive
from scopewright.web.http import client_address


def of_workspace(ask: AskHere) -> PlainTextResponse:
    """What this process has counted of the workspace, and what is alive in it now."""
    figures = ask.entrance.metrics.of_workspace(ask.caller.workspace_id)
    return _spelled(figures, ask.services.metrics.alive(ask.caller))


async def of_process(request: Request) -> PlainTextResponse:
    """What this process has counted, for administrators of the instance and named addresses.

    An administrator shows a signed-in browser, or a token or key that opens `metrics:read`.
    """
    entrance = entrance_of(request)
    if not _comes_from_a_named_address(entrance, request):
        _check_administrator((await visit(request)).who, entrance)
    figures = entrance.metrics.process
    for state, count in entrance.connections().items():
        figures.connections.labels(state).set(count)
    return _spelled(figures, await run_in_threadpool(entrance.services.metrics.alive_everywhere))


def _comes_from_a_named_address(entrance: Entrance, request: Request) -> bool:
    trusted = frozenset(entrance.settings.server.trusted_proxies)
    return client_address(request.scope, trusted) in entrance.settings.metrics.addresses


def _check_administrator(who: Caller | SignIn, entrance: Entrance) -> None:
    if isinstance(who, Caller):
        who.check("metrics:read")
        identity = who.principal.identity
    else:
        identity = who.identity
    if not administers(identity, entrance.settings.administrators):
        raise Forbidden("The figures of the whole process are for administrators of the instance.")


def _spelled(figures: Figures, alive: Alive) -> PlainTextResponse:
    figures.sessions.set(alive.sessions)
    figures.api_keys.set(alive.api_keys)
    return PlainTextResponse(
        figures.text(), media_type=MEDIA_TYPE, headers={"cache-control": "no-store"}
    )
