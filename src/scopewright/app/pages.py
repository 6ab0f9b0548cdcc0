"""The authorize endpoint, every page, registration, and the management API as tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from scopewright.app.issuer import authentication_methods, devices
from scopewright.app.parts import Parts
from scopewright.console.answer import answered
from scopewright.console.notes import Notes
from scopewright.console.reception import Desks
from scopewright.console.render import Console, refusal
from scopewright.console.routes import console_routes, workspace_routes
from scopewright.core.model import Identity
from scopewright.mcp.endpoint import Endpoint as McpEndpoint
from scopewright.oauth.authorize import authorize_routes
from scopewright.oauth.register import refused, register_routes
from scopewright.services import Services
from scopewright.services.account import Account
from scopewright.services.authorization.answers import Authorizations
from scopewright.services.authorization.requests import AuthorizationRequests
from scopewright.services.founding import Founding
from scopewright.services.logout import Logout
from scopewright.services.providers.asking import Providers
from scopewright.services.registration import Registrations
from scopewright.services.sign_in import SignIns
from scopewright.settings import Settings
from scopewright.web.visit import Reception


def page_routes(
    parts: Parts, services: Services, providers: Providers, api: ASGIApp
) -> list[BaseRoute]:
    """The authorize endpoint and every page; those of workspaces call the API."""
    settings = parts.settings
    reception = Reception(refusal, settings.limits.body, frozenset(settings.server.trusted_proxies))
    requests = AuthorizationRequests(
        parts.database,
        parts.clock,
        parts.catalogues,
        parts.public_url,
        resolve=parts.request_objects.received,
        documents=parts.documents,
        fresh_for=settings.sign_in.fresh_for,
    )
    console = _console(parts, services, providers)
    return [
        *authorize_routes(requests, reception, answered, parts.cookies),
        *_register_routes(parts),
        *console_routes(console, reception),
        *workspace_routes(Desks(console, parts.authority, parts.access, api, reception)),
    ]


def _console(parts: Parts, services: Services, providers: Providers) -> Console:
    """What the pages need."""
    settings, public_url = parts.settings, parts.public_url
    return Console(
        cookies=parts.cookies,
        notes=Notes(parts.cookies.server_secret),
        sign_ins=SignIns(
            parts.database,
            parts.clock,
            parts.mailer,
            settings.sign_in,
            public_url,
            register=_registration(settings, services.founding),
        ),
        authorizations=Authorizations(parts.database, parts.clock, parts.catalogues, public_url),
        account=Account(parts.database, parts.clock, parts.catalogues),
        launchpad=services.launchpad,
        founding=services.founding,
        invitations=services.invitations,
        devices=devices(parts),
        logout=Logout(parts.database, parts.clock, parts.public_url),
        providers=providers,
        metrics=parts.metrics,
        cookie_seconds=int(settings.sign_in.browser_lifetime.total_seconds()),
    )


def _register_routes(parts: Parts) -> Sequence[BaseRoute]:
    """Where clients register themselves."""
    settings = parts.settings
    trusted = frozenset(settings.server.trusted_proxies)
    return register_routes(
        Registrations(parts.database, parts.clock, authentication_methods(settings.server)),
        Reception(refused, settings.limits.body, trusted),
        public_url=parts.public_url,
        json_depth=settings.limits.json_depth,
    )


def mcp_endpoint(parts: Parts, api: FastAPI) -> McpEndpoint:
    """The management API once more, as tools."""
    limits = parts.settings.limits
    return McpEndpoint(
        authority=parts.authority,
        access=parts.access,
        api=api,
        describe=api.openapi,
        public_url=parts.public_url,
        body_limit=limits.body,
        json_depth=limits.json_depth,
    )


def _registration(settings: Settings, founding: Founding) -> Callable[[Identity], object] | None:
    """How a new address gets a workspace of its own, where registration is open."""
    if settings.sign_in.registration == "closed":
        return None
    return lambda identity: founding.create(identity, name=identity.subject.partition("@")[0])
