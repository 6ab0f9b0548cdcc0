"""What stands around the application while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from scopewright.app.parts import Parts
from scopewright.services import Services
from scopewright.services.logout_notices import DELIVER_SECONDS, LogoutNotices
from scopewright.services.upkeep import RENEW_SECONDS, Rounds, Upkeep
from scopewright.settings import ServerSettings
from scopewright.store.key_uses import WRITE_SECONDS
from scopewright.web.certificates import ProxiedCertificates
from scopewright.web.query_keys import QueryKeys


def with_lifespan(asgi: ASGIApp, parts: Parts, rounds: Sequence[Rounds]) -> ASGIApp:
    """Answer the server's own start and stop messages; all else goes on."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        for each in rounds:
            each.start()
        yield
        for each in rounds:
            await asyncio.to_thread(each.stop)
        await asyncio.to_thread(parts.key_uses.write)
        await parts.versions.close()
        parts.database.close()

    outer = Starlette(lifespan=lifespan)

    def application(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return (outer if scope["type"] == "lifespan" else asgi)(scope, receive, send)

    return application


def rounds_of(parts: Parts, services: Services) -> Sequence[Rounds]:
    """What goes on without being asked for."""
    upkeep = Upkeep(parts.database, services.keys.rotate_old)
    notices = LogoutNotices(parts.database, parts.key_ring, parts.fetcher, parts.public_url)
    return [
        Rounds("upkeep", RENEW_SECONDS, lambda: upkeep.run_if_due(parts.clock())),
        Rounds("logout notices", DELIVER_SECONDS, lambda: notices.deliver(parts.clock())),
        Rounds("key uses", WRITE_SECONDS, parts.key_uses.write),
    ]


def with_certificates(asgi: ASGIApp, server: ServerSettings) -> ASGIApp:
    """What proxies tell of client certificates, where they are to tell any."""
    if not server.client_certificate_header:
        return asgi
    header = server.client_certificate_header.lower().encode()
    return ProxiedCertificates(asgi, header, frozenset(server.trusted_proxies))


def with_query_keys(asgi: ASGIApp, server: ServerSettings) -> ASGIApp:
    """API keys in addresses, where they are allowed there."""
    return QueryKeys(asgi) if server.query_api_keys else asgi
