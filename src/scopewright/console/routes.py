"""Every page and form of the console."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from scopewright.console import (
    account,
    consent,
    device,
    end_session,
    invitations,
    language,
    launchpad,
    overview,
    own,
    own_keys,
    providers,
    sign_in,
)
from scopewright.console.access_pages import ACCESS_PAGES
from scopewright.console.data_pages import DATA_PAGES
from scopewright.console.languages import speak
from scopewright.console.managing_pages import MANAGING_PAGES
from scopewright.console.reception import Desks, WorkspacePage
from scopewright.console.render import STATIC, Console
from scopewright.console.role_pages import ROLE_PAGES
from scopewright.web.visit import Endpoint, Reception, Visit

PageHandler = Callable[[Console, Visit], Response]

AUTHORIZATION = "/w/{workspace_id}/authorize/{authorization_id}"
DEVICE = "/w/{workspace_id}/device"
END_SESSION = "/w/{workspace_id}/end-session"
PAGES: list[tuple[str, str, PageHandler]] = [
    ("GET", "/", account.home),
    ("GET", "/me", account.me),
    ("GET", launchpad.AT, launchpad.show),
    ("GET", "/workspaces", account.workspaces),
    ("POST", "/language", language.choose),
    ("GET", "/sign-in", sign_in.ask),
    ("POST", "/sign-in", sign_in.send),
    ("GET", "/sign-in/code", sign_in.ask_code),
    ("POST", "/sign-in/code", sign_in.redeem_code),
    ("GET", "/sign-in/link", sign_in.ask_link),
    ("POST", "/sign-in/link", sign_in.redeem_link),
    ("POST", "/sign-in/with/{provider}", providers.sign_in),
    ("GET", "/sign-in/from/{provider}", providers.come_back),
    ("POST", "/sign-out", sign_in.sign_out),
    ("GET", "/invitations/accept", invitations.ask),
    ("POST", "/invitations/accept", invitations.accept),
    ("GET", AUTHORIZATION, consent.go_on),
    ("POST", AUTHORIZATION, consent.decide),
    ("GET", DEVICE, device.ask),
    ("POST", DEVICE, device.answer),
    ("GET", END_SESSION, end_session.ask),
    ("POST", END_SESSION, end_session.ask),
    ("POST", f"{END_SESSION}/confirmation", end_session.confirm),
]

WORKSPACE = "/workspaces/{ws}"

WORKSPACE_PAGES: list[WorkspacePage] = [
    ("GET", "", overview.show, None),
    *ACCESS_PAGES,
    *ROLE_PAGES,
    *DATA_PAGES,
    *MANAGING_PAGES,
]

RECORD = "/me/{record}"
# What people see and end of their own; nobody needs a scope for these.
OWN_PAGES: list[tuple[str, str, own.OwnHandler]] = [
    ("GET", "", own.show),
    ("GET", "/connections/{id}/end", own.ask_end_connection),
    ("POST", "/connections/{id}/end", own.end_connection),
    ("GET", "/sessions/{id}/end", own.ask_end_session),
    ("POST", "/sessions/{id}/end", own.end_session),
    ("GET", "/sign-out", own.ask_sign_out),
    ("POST", "/sign-out", own.sign_out),
    ("POST", "/keys", own_keys.make),
    ("GET", "/keys/{id}/revoke", own_keys.ask_revoke),
    ("POST", "/keys/{id}/revoke", own_keys.revoke),
]


def console_routes(console: Console, reception: Reception) -> list[BaseRoute]:
    """The pages as routes, and what they are made to look by."""
    pages = [
        Route(path, _spoken(console, reception.endpoint(partial(handler, console))), methods=[verb])
        for verb, path, handler in PAGES
    ]
    return [*pages, Mount("/static", StaticFiles(directory=STATIC))]


def workspace_routes(desks: Desks) -> list[BaseRoute]:
    """The pages of workspaces as routes, and those of people's own records."""
    personal = [
        Route(f"{RECORD}{path}", _spoken(desks.console, desks.personal(handler)), methods=[method])
        for method, path, handler in OWN_PAGES
    ]
    workspaces = [
        Route(
            f"{WORKSPACE}{path}",
            _spoken(desks.console, desks.endpoint(handler, operation)),
            methods=[method],
        )
        for method, path, handler, operation in WORKSPACE_PAGES
    ]
    return [*personal, *workspaces]


def _spoken(console: Console, endpoint: Endpoint) -> Endpoint:
    """The endpoint, which answers in the language of the browser."""

    async def speaking(request: Request) -> Response:
        chosen = request.cookies.get(console.cookies.name(language.COOKIE))
        speak(chosen, request.headers.get("accept-language"))
        return await endpoint(request)

    return speaking
