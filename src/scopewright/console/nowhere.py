"""What a browser finds where there is nothing; programs find the API's problem document."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import Match, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from scopewright.console.render import page
from scopewright.core.gateway_sessions import wants_page
from scopewright.web.http import header

_API = "/api/"


@dataclass(frozen=True, slots=True)
class Nowhere:
    """The last of all routes: the API, or a page that says so where it leads nowhere either."""

    api: ASGIApp
    known: Router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_lost = scope["type"] == "http" and self._is_lost(scope)
        await (_page() if is_lost else self.api)(scope, receive, send)

    def _is_lost(self, scope: Scope) -> bool:
        """Whether a person goes to what is no address of ours."""
        accept, mode = header(scope, b"accept"), header(scope, b"sec-fetch-mode")
        if scope["path"].startswith(_API):
            return False
        if not wants_page(scope["method"], accept=accept, fetch_mode=mode):
            return False
        return all(route.matches(scope)[0] is Match.NONE for route in self.known.routes)


def _page() -> Response:
    return page("nowhere.html", status=404)
