"""The composition root: settings in, ASGI application out. It alone names every concrete class."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from scopewright import ids
from scopewright.access import Access
from scopewright.api import application as api_application
from scopewright.api.entrance import Entrance
from scopewright.api.identity import Whoami
from scopewright.api.problem_pages import problem_routes
from scopewright.authority import Authority
from scopewright.catalogues import read_shipped
from scopewright.clock import Clock, system_clock
from scopewright.console.render import Console, refusal
from scopewright.console.routes import console_routes
from scopewright.core.catalogue import Catalogue
from scopewright.core.model import Identity
from scopewright.gateway.verify import Verify
from scopewright.keys import KeyRing
from scopewright.mail import Mailer, open_mailer
from scopewright.oauth.authorize import authorize_routes
from scopewright.oauth.discovery import Discovery
from scopewright.oauth.introspection import IntrospectionEndpoints
from scopewright.oauth.revocations import RevocationFeed
from scopewright.oauth.routes import IssuerEndpoints, OAuthRoutes
from scopewright.oauth.token import TokenEndpoint
from scopewright.services import Services
from scopewright.services.account import Account
from scopewright.services.audit import Audit
from scopewright.services.authorization import Authorizations
from scopewright.services.clients import Clients
from scopewright.services.datapoints import Datapoints
from scopewright.services.end_users import EndUsers
from scopewright.services.endpoints import Endpoints
from scopewright.services.exports import Exports
from scopewright.services.founding import Founding
from scopewright.services.grants import Grants
from scopewright.services.ingest import Ingest
from scopewright.services.introspection import Introspection
from scopewright.services.invitations import Invitations
from scopewright.services.keys import Keys
from scopewright.services.members import Members
from scopewright.services.metadata import Metadata
from scopewright.services.mqtt_configs import MqttConfigs
from scopewright.services.revocations import Revocations
from scopewright.services.scopes import Scopes
from scopewright.services.sessions import Sessions
from scopewright.services.sign_in import SignIns
from scopewright.services.tokens import Tokens
from scopewright.services.upkeep import Upkeep
from scopewright.services.workspaces import Workspaces
from scopewright.settings import Settings
from scopewright.store import instance
from scopewright.store.database import Database
from scopewright.store.journal import Journal
from scopewright.store.migrating import pending
from scopewright.store.versions import Versions, watch
from scopewright.web.cookies import Cookies
from scopewright.web.health import health_routes
from scopewright.web.requests import Requests
from scopewright.web.visit import Reception


@dataclass(frozen=True)
class Instance:
    """What belongs to the whole instance and never changes after its first start."""

    server_secret: bytes
    internal_prefix: str
    role_prefix: str


def read_instance(database: Database, settings: Settings) -> Instance:
    """The instance's secret and its spelling of names, made at the first start."""
    with database.write() as tx:
        secret = instance.keep_first(tx, "server_secret", ids.new_key_bytes().hex())
        internal = instance.keep_first(tx, "internal_prefix", settings.naming.internal_prefix)
        role = instance.keep_first(tx, "role_prefix", settings.naming.role_prefix)
    return Instance(bytes.fromhex(secret), internal, role)


@dataclass(frozen=True)
class Parts:
    """What all else is made of."""

    settings: Settings
    clock: Clock
    mailer: Mailer
    database: Database
    versions: Versions
    this: Instance
    catalogues: Mapping[str, Catalogue]
    key_ring: KeyRing
    authority: Authority
    access: Access
    cookies: Cookies

    @property
    def public_url(self) -> str:
        return self.settings.server.url


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
    parts = _parts(settings, clock, mailer or _mailer(settings))
    services = _services(parts)
    entrance = Entrance(
        authority=parts.authority,
        access=parts.access,
        cookies=parts.cookies,
        services=services,
        settings=settings,
        public_url=parts.public_url,
    )
    pages = Starlette(
        routes=[
            *health_routes(lambda: not pending(parts.database)),
            *problem_routes(),
            *_page_routes(parts, services),
            Mount("/", app=api_application.build(entrance)),
        ]
    )
    limits = settings.limits
    slower = Requests(pages, public_url=parts.public_url, body_limit=limits.batch_body)
    asgi = OAuthRoutes(
        Whoami(slower, entrance),
        authority=parts.authority,
        endpoints=_issuer_endpoints(parts),
        body_limit=limits.body,
    )
    upkeep = Upkeep(parts.database, clock, services.keys.rotate_old)
    running = _with_lifespan(asgi, parts, upkeep)
    return Application(running, parts.database, parts.versions, services)


def _parts(settings: Settings, clock: Clock, mailer: Mailer) -> Parts:
    database = Database(settings.database.url)
    this = read_instance(database, settings)
    public_url = settings.server.url
    catalogues = read_shipped(internal_prefix=this.internal_prefix)
    versions = watch(database)
    authority = Authority(
        database, versions, catalogues=catalogues, tokens=settings.tokens.policy()
    )
    return Parts(
        settings=settings,
        clock=clock,
        mailer=mailer,
        database=database,
        versions=versions,
        this=this,
        catalogues=catalogues,
        key_ring=KeyRing(_secret(settings)),
        authority=authority,
        access=Access(authority=authority, database=database, clock=clock, public_url=public_url),
        cookies=Cookies(public_url, this.server_secret),
    )


def _services(parts: Parts) -> Services:
    """The management API's operations."""
    settings, public_url, mailer = parts.settings, parts.public_url, parts.mailer
    here = (parts.database, parts.clock)
    by_words = (*here, parts.catalogues)
    lifetime, keys = settings.sign_in.invitation_lifetime, settings.keys
    return Services(
        audit=Audit(parts.database),
        clients=Clients(*by_words),
        datapoints=Datapoints(*here),
        end_users=EndUsers(*by_words, mailer, public_url=public_url, invitation_lifetime=lifetime),
        endpoints=Endpoints(*by_words),
        exports=Exports(*by_words),
        founding=Founding(
            *by_words,
            parts.key_ring,
            public_url=public_url,
            creation=settings.workspaces.creation,
            administrators=settings.administrators,
        ),
        grants=Grants(*by_words),
        ingest=Ingest(*here),
        invitations=Invitations(*by_words, mailer, public_url=public_url, lifetime=lifetime),
        keys=Keys(
            *here,
            parts.key_ring,
            publish_before=keys.publish_before,
            rotate_after=keys.rotate_after,
        ),
        members=Members(*by_words),
        metadata=Metadata(*here, longest_value=settings.limits.metadata_value),
        mqtt_configs=MqttConfigs(*by_words),
        scopes=Scopes(*by_words),
        sessions=Sessions(*by_words),
        workspaces=Workspaces(*here),
    )


def _issuer_endpoints(parts: Parts) -> IssuerEndpoints:
    """What answers under an issuer without a page."""
    database, clock, access = parts.database, parts.clock, parts.access
    tokens = Tokens(
        database=database,
        journal=Journal(database),
        clock=clock,
        key_ring=parts.key_ring,
        server_secret=parts.this.server_secret,
        public_url=parts.public_url,
    )
    return IssuerEndpoints(
        token=TokenEndpoint(tokens),
        introspection=IntrospectionEndpoints(Introspection(database, clock, access), access),
        discovery=Discovery(access, clock),
        revocations=RevocationFeed(Revocations(database, clock), parts.versions.current),
        verify=Verify(access).verify,
    )


def _page_routes(parts: Parts, services: Services) -> list[BaseRoute]:
    """The authorize endpoint and every page."""
    settings, public_url = parts.settings, parts.public_url
    trusted = frozenset(settings.server.trusted_proxies)
    reception = Reception(refusal, settings.limits.body, trusted)
    authorizations = Authorizations(parts.database, parts.clock, parts.catalogues, public_url)
    console = Console(
        cookies=parts.cookies,
        sign_ins=SignIns(
            parts.database,
            parts.clock,
            parts.mailer,
            settings.sign_in,
            public_url,
            register=_registration(settings, services.founding),
        ),
        authorizations=authorizations,
        account=Account(parts.database, parts.clock, parts.catalogues),
        invitations=services.invitations,
        cookie_seconds=int(settings.sign_in.browser_lifetime.total_seconds()),
    )
    return [
        *authorize_routes(authorizations, reception),
        *console_routes(console, reception),
    ]


def _registration(settings: Settings, founding: Founding) -> Callable[[Identity], object] | None:
    """How a new address gets a workspace of its own, where registration is open."""
    if settings.sign_in.registration == "closed":
        return None
    return lambda identity: founding.create(identity, name=identity.subject.partition("@")[0])


def _mailer(settings: Settings) -> Mailer:
    return open_mailer(settings.mail.url, sender=settings.mail.sender)


def _secret(settings: Settings) -> str | None:
    key = settings.keys.encryption_key
    return None if key is None else key.get_secret_value()


def _with_lifespan(asgi: ASGIApp, parts: Parts, upkeep: Upkeep) -> ASGIApp:
    """Answer the server's own start and stop messages; all else goes on."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        upkeep.start()
        yield
        await asyncio.to_thread(upkeep.stop)
        await parts.versions.close()
        parts.database.close()

    outer = Starlette(lifespan=lifespan)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await (outer if scope["type"] == "lifespan" else asgi)(scope, receive, send)

    return application
