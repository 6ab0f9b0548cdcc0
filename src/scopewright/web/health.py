"""`/healthz`: the process answers. `/readyz`: so does its database, with the schema it needs."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from scopewright import log


def health_routes(is_ready: Callable[[], bool]) -> list[Route]:
    """The two routes; `is_ready` may block, and may raise."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_request: Request) -> Response:
        try:
            ready = await run_in_threadpool(is_ready)
        except Exception as error:  # whatever stops the database from answering
            log.logger().warning("not ready", why=type(error).__name__)
            ready = False
        return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
