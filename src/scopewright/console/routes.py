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
    language,
    launchpad,
    overview,
    own,
    own_keys,
    providers,
    sign_in,
    workspaces,
)
from scopewright.console.access_pages import ACCESS_PAGES
from scopewright.console.acts import asked_of_own
from scopewright.console.data_pages import DATA_PAGES
from scopewright.console.managing_pages import MANAGING_PAGES
from scopewright.console.reception import Desks, OwnPage, WorkspacePage
from scopewright.console.render import STATIC, Console
from scopewright.console.role_pages import ROLE_PAGES
from scopewright.core.return_paths import AGAIN
from scopewright.web.visit import Reception, Visit

PageHandler = Callable[[Console, Visit], Response]

AUTHORIZATION = "/w/{workspace_id}/authorize/{authorization_id}"
DEVICE = "/w/{workspace_id}/device"
END_SESSION = "/w/{workspace_id}/end-session"
PAGES: list[tuple[str, str, PageHandler]] = [
    ("GET", "/", account.home),
    ("GET", "/me", account.me),
    ("GET", launchpad.AT, launchpad.show),
    ("GET", workspaces.AT, workspaces.index),
    ("POST", workspaces.AT, workspaces.create),
    ("POST", "/language", language.choose),
    ("GET", "/sign-in", sign_in.ask),
    ("POST", "/sign-in", sign_in.send),
    ("GET", "/sign-in/code", sign_in.ask_code),
    ("POST", "/sign-in/code", sign_in.redeem_code),
    ("GET", "/sign-in/link", sign_in.ask_link),
    ("POST", "/sign-in/link", sign_in.redeem_link),
    ("GET", AGAIN, sign_in.again),
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

WORKSPACE = f"{workspaces.AT}/{{ws}}"

WORKSPACE_PAGES: list[WorkspacePage] = [
    ("GET", "", overview.show, None),
    *ACCESS_PAGES,
    *ROLE_PAGES,
    *DATA_PAGES,
    *MANAGING_PAGES,
]

RECORD = "/me/{record}"
# What people see and end of their own; nobody needs a scope for these.
OWN_PAGES: list[OwnPage] = [
    ("GET", "", own.show),
    *asked_of_own("/connections/{id}/end", own.disconnecting),
    *asked_of_own("/sessions/{id}/end", own.ending),
    *asked_of_own("/sign-out", own.signing_out),
    ("POST", "/keys", own_keys.make),
    *asked_of_own("/keys/{id}/revoke", own_keys.revoking),
]


def console_routes(console: Console, reception: Reception) -> list[BaseRoute]:
    """The pages as routes, and what they are made to look by."""
    pages = [
        Route(path, reception.endpoint(partial(handler, console)), methods=[verb])
        for verb, path, handler in PAGES
    ]
    return [*pages, Mount("/static", StaticFiles(directory=STATIC))]


def workspace_routes(desks: Desks) -> list[BaseRoute]:
    """The pages of workspaces as routes, and those of people's own records."""
    personal = [
        Route(f"{RECORD}{path}", desks.personal(handler), methods=[method])
        for method, path, handler in OWN_PAGES
    ]
    managed = [
        Route(
            f"{WORKSPACE}{path}",
            desks.endpoint(handler, operation),
            methods=[method],
        )
        for method, path, handler, operation in WORKSPACE_PAGES
    ]
    return [*personal, *managed]
