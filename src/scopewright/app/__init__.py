"""The composition root: settings in, ASGI application out. It alone names every concrete class."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from scopewright.api import assembly
from scopewright.api.entrance import Entrance
from scopewright.api.identity import Whoami
from scopewright.api.problem_pages import problem_routes
from scopewright.app.gateway import make_gateway
from scopewright.app.issuer import issuer_endpoints, token_engine
from scopewright.app.management import make_services
from scopewright.app.pages import mcp_endpoint, page_routes
from scopewright.app.parts import Parts, make_parts
from scopewright.app.providers import make_outside_tokens, make_providers
from scopewright.app.running import (
    rounds_of,
    with_certificates,
    with_lifespan,
    with_query_keys,
)
from scopewright.clock import Clock, system_clock
from scopewright.console.nowhere import Nowhere
from scopewright.mail import Mailer, open_mailer
from scopewright.mcp.routes import mcp_routes
from scopewright.oauth.routes import IssuerEndpoints, OAuthRoutes
from scopewright.services import Services
from scopewright.settings import Settings
from scopewright.store.database import Database
from scopewright.store.migrating import pending
from scopewright.store.versions import Versions
from scopewright.web.cookies import LANGUAGE_COOKIE
from scopewright.web.cors import Cors
from scopewright.web.health import health_routes
from scopewright.web.requests import Requests


@dataclass(frozen=True)
class Application:
    """The whole server as an ASGI application, with what it must give back at the end."""

    asgi: ASGIApp
    database: Database
    versions: Versions
    services: Services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.asgi(scope, receive, send)

    async def close(self) -> None:
        """Give back every connection."""
        await self.versions.close()
        self.database.close()


def build(
    settings: Settings, *, clock: Clock = system_clock, mailer: Mailer | None = None
) -> Application:
    """Everything wired; the database must be migrated already."""
    parts = make_parts(settings, clock, mailer or _mailer(settings))
    services, providers = make_services(parts), make_providers(parts)
    entrance = Entrance(
        authority=parts.authority,
        access=parts.access,
        outside=make_outside_tokens(providers),
        cookies=parts.cookies,
        services=services,
        settings=settings,
        public_url=parts.public_url,
        metrics=parts.metrics,
        connections=parts.database.connections,
        clock=parts.clock,
    )
    api = assembly.build(entrance)
    tokens = token_engine(parts)
    gateway = make_gateway(parts, tokens)
    pages = Starlette(
        routes=[
            *health_routes(lambda: not pending(parts.database)),
            *problem_routes(),
            *page_routes(parts, services, providers, api),
            *gateway.routes,
            *mcp_routes(mcp_endpoint(parts, api)),
            Mount("/", app=Nowhere(api, api.router)),
        ]
    )
    asgi = _dispatch(parts, pages, entrance, issuer_endpoints(parts, tokens, gateway.verify.verify))
    entered = with_certificates(with_query_keys(Cors(asgi), settings.server), settings.server)
    running = with_lifespan(entered, parts, rounds_of(parts, services))
    return Application(running, parts.database, parts.versions, services)


def _dispatch(
    parts: Parts, pages: ASGIApp, entrance: Entrance, endpoints: IssuerEndpoints
) -> ASGIApp:
    """The hot paths as bare functions, in front of all else."""
    limits, fresh_nonce = parts.settings.limits, parts.proofs.fresh_nonce
    slower = Requests(
        pages,
        public_url=parts.public_url,
        body_limit=limits.batch_body,
        fresh_nonce=fresh_nonce,
        metrics=parts.metrics,
        language_cookie=parts.cookies.name(LANGUAGE_COOKIE),
    )
    return OAuthRoutes(
        Whoami(slower, entrance),
        authority=parts.authority,
        endpoints=endpoints,
        body_limit=limits.body,
        fresh_nonce=fresh_nonce,
        metrics=parts.metrics,
    )


def _mailer(settings: Settings) -> Mailer:
    return open_mailer(settings.mail.url, sender=settings.mail.sender)
