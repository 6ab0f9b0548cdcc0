"""Browsers at applications' hosts: they sign in, are known by a cookie, and get tokens to carry.

The code is redeemed here as at the token endpoint, and tokens are made by the same engine; only
the client proves nothing, because it is the gateway itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from scopewright import ids
from scopewright.access import Access
from scopewright.authority import View
from scopewright.clock import Clock
from scopewright.core.authorization import Replayed
from scopewright.core.authorization_request import REQUEST_LIFETIME
from scopewright.core.builtin_clients import application_client_id
from scopewright.core.caller import Caller
from scopewright.core.errors import NotFound
from scopewright.core.gateway import Gate
from scopewright.core.gateway_sessions import GatewaySession, Login, Origin, callback_uri
from scopewright.core.model import Asked, Authorization, Client, Session
from scopewright.core.oauth import AUTHORIZATION_CODE, hash_secret
from scopewright.core.scopes import EVERYTHING
from scopewright.services.tokens.asking import Asking, Mistaken, Outcome, redeem_once
from scopewright.services.tokens.authorization_code import redeem_code
from scopewright.store import authorizations, builtin_clients, gateway_sessions
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Browser:
    """A person's browser at an application, whose session is live: `caller` is as it is now."""

    caller: Caller
    client: Client
    session: Session


@dataclass(frozen=True, slots=True)
class Admitted:
    """A browser that has signed in: its cookie, and for how long it is good."""

    cookie: str
    lifetime: timedelta


class GatewaySessions:
    """What can be done for a browser at an application's host. `origin` is where it stands."""

    def __init__(self, database: Database, clock: Clock, access: Access) -> None:
        self._database = database
        self._clock = clock
        self._access = access

    # --- signing in -----------------------------------------------------------------------------

    async def begin(
        self, view: View, gate: Gate, *, origin: Origin, login: Login, prompt: frozenset[str]
    ) -> str:
        """Where the browser signs in, and comes back from with a code; `prompt` as OIDC has it."""
        id = await asyncio.to_thread(self._begin, gate, callback_uri(origin), login, prompt)
        return f"{self._access.issuer(view.workspace.id)}/authorize/{id}"

    def _begin(self, gate: Gate, redirect_uri: str, login: Login, prompt: frozenset[str]) -> str:
        now, application = self._clock(), gate.application
        with self._database.write() as tx:
            client = builtin_clients.application_client_of(
                tx, application, gate.routes.hosts, now=now
            )
            authorization = Authorization(
                id=ids.new_id("aut"),
                workspace_id=application.workspace_id,
                client_id=client.id,
                redirect_uri=redirect_uri,
                redirect_uri_was_sent=True,
                requested=EVERYTHING,
                code_challenge=login.code_challenge,
                state=login.state,
                nonce=None,
                prompt=prompt,
                stage=Asked(),
                created_at=now,
                expires_at=now + REQUEST_LIFETIME,
            )
            authorizations.add(tx, authorization)
        return authorization.id

    async def redeem(
        self, view: View, gate: Gate, *, origin: Origin, code: str | None, login: Login
    ) -> Admitted:
        """Let a browser in that has come back with a code. A wrong or used one lets nobody in.

        Raises:
            InvalidRequest, InvalidGrant: as at the token endpoint.
            NotFound: nobody has begun to sign in at this application.
        """
        client = await self._access.client(view, application_client_id(gate.application))
        if client is None:
            raise NotFound("Nobody has begun to sign in here.")
        form = {
            "grant_type": AUTHORIZATION_CODE,
            "redirect_uri": callback_uri(origin),
            "code_verifier": login.code_verifier,
            **({} if code is None else {"code": code}),
        }
        cookie = ids.new_secret("swg")

        def begin(tx: Transaction, asking: Asking) -> Outcome | Replayed | Mistaken:
            outcome = redeem_code(tx, asking)
            if isinstance(outcome, Outcome) and outcome.session is not None:
                browser = GatewaySession(outcome.session, gate.application.id, origin.host)
                cookie_hash = hash_secret(cookie)
                gateway_sessions.add(tx, browser, cookie_hash=cookie_hash, at=asking.now)
            return outcome

        asking = self.asking(view, client, form)
        await redeem_once(self._database, begin, asking)
        until = asking.settings.until(began=asking.now, used=asking.now)
        return Admitted(cookie, until - asking.now)

    def asking(self, view: View, client: Client, form: Mapping[str, str]) -> Asking:
        """What the gateway asks of the token engine, in the name of an application's client."""
        return Asking(
            view=view,
            issuer=self._access.issuer(view.workspace.id),
            client=client,
            settings=view.rules.tokens_of(client),
            form=form,
            resources=(),
            confirmation=None,
            now=self._clock(),
        )

    # --- signed in ------------------------------------------------------------------------------

    async def browser(
        self, view: View, gate: Gate, *, host: str, cookie: str | None
    ) -> Browser | None:
        """The browser that has this cookie at this host, with what its person holds now."""
        known = await view.gateway_session(hash_secret(cookie)) if cookie else None
        if known is None or (known.application_id, known.host) != (gate.application.id, host):
            return None
        session = known.session
        if not session.is_active(self._clock()) or not await view.is_session_open(session.id):
            return None
        client = await self._access.client(view, session.client_id)
        holder = await view.principal(session.principal_id)
        if client is None or holder is None or holder.principal.disabled_at is not None:
            return None
        caller = Caller(
            principal=holder.principal,
            held=holder.held,
            vocabulary=view.rules.vocabulary,
            via="cookie",
            client_id=client.id,
            session_id=session.id,
        )
        return Browser(caller, client, session)
