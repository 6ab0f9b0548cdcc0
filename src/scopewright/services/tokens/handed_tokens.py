"""Tokens that the gateway hands to applications in the names of people who are signed in there.

They are made by the same engine as all others, and kept in memory until near their end, so that a
page with fifty pictures costs one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from scopewright.authority import View
from scopewright.core.gateway import Gate
from scopewright.core.oauth import AUTHORIZATION_CODE
from scopewright.core.scopes import Requested, Scopes
from scopewright.core.security_profile import profile_of
from scopewright.services.tokens.asking import Asking, Outcome
from scopewright.services.tokens.exchange import Tokens
from scopewright.services.tokens.gateway_sessions import Browser, GatewaySessions
from scopewright.store import sessions
from scopewright.store.database import Database

MOST_KEPT = 10_000
SHARE_OF_LIFE = 0.8  # so long a token is handed out; the application may need it a while


@dataclass(frozen=True, slots=True)
class _Kept:
    """A token, perhaps still in the making, for this scope and audience."""

    scopes: Scopes
    resource: str | None
    until: datetime
    token: asyncio.Task[str]


class HandedTokens:
    """Makes tokens for applications, for one event loop."""

    def __init__(self, database: Database, browsers: GatewaySessions, tokens: Tokens) -> None:
        self._database = database
        self._browsers = browsers
        self._tokens = tokens
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def token(self, view: View, gate: Gate, browser: Browser) -> str | None:
        """A token for what the person holds now of what the application is about.

        None where the workspace wants tokens to be bound to keys: a proxy has none to show.

        Raises:
            InvalidGrant: the account has no access here any more.
        """
        if profile_of(view.workspace).binds_tokens:
            return None
        id = browser.session.id
        asking = self._browsers.asking(view, browser.client, {"grant_type": AUTHORIZATION_CODE})
        requested = browser.session.requested.narrowed_to(Requested(gate.about))
        wanted = requested.within(browser.caller.held), gate.application.resource
        kept = self._kept.get(id)
        if kept is None or (kept.scopes, kept.resource) != wanted or asking.now >= kept.until:
            kept = self._make(asking, browser, requested, *wanted)
        self._kept.move_to_end(id)
        try:
            return await asyncio.shield(kept.token)
        except Exception:
            self._kept.pop(id, None)  # the next one may succeed
            raise

    def _make(
        self,
        asking: Asking,
        browser: Browser,
        requested: Requested,
        scopes: Scopes,
        resource: str | None,
    ) -> _Kept:
        """A new token; whoever asks meanwhile waits for the same."""
        session = browser.session
        outcome = Outcome(
            session.principal_id,
            requested,
            session,
            resources=() if resource is None else (asking.view.workspace.id, resource),
            not_after=session.expires_at,
        )
        until = asking.now + asking.settings.access_lifetime * SHARE_OF_LIFE
        made = asyncio.ensure_future(self._made(asking, outcome))
        kept = self._kept[session.id] = _Kept(scopes, resource, until, made)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return kept

    async def _made(self, asking: Asking, outcome: Outcome) -> str:
        answer = await self._tokens.issue(asking, outcome)
        await asyncio.to_thread(self._note_use, asking, outcome)
        return answer.access_token

    def _note_use(self, asking: Asking, outcome: Outcome) -> None:
        session = outcome.session
        assert session is not None  # `_make` says so
        with self._database.write() as tx:
            sessions.use(tx, session.id, at=asking.now, until=session.expires_at)
