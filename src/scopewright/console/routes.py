"""Every page and form of the console."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from scopewright.console import (
    account,
    consent,
    device,
    end_session,
    invitations,
    providers,
    sign_in,
)
from scopewright.console.render import STATIC, Console
from scopewright.web.visit import Reception, Visit

PageHandler = Callable[[Console, Visit], Response]

AUTHORIZATION = "/w/{workspace_id}/authorize/{authorization_id}"
DEVICE = "/w/{workspace_id}/device"
END_SESSION = "/w/{workspace_id}/end-session"
PAGES: list[tuple[str, str, PageHandler]] = [
    ("GET", "/", account.home),
    ("GET", "/me", account.me),
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


def console_routes(console: Console, reception: Reception) -> list[BaseRoute]:
    """The pages as routes, and the one stylesheet."""
    pages = [
        Route(path, reception.endpoint(partial(handler, console)), methods=[method])
        for method, path, handler in PAGES
    ]
    return [*pages, Mount("/static", StaticFiles(directory=STATIC))]
