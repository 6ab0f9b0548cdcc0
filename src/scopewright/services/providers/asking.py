"""Ask a provider who somebody is: by a name and a password, or by sending the browser there.

The provider is asked outside of transactions, so often and no oftener.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from scopewright import ids, log
from scopewright.clock import Clock
from scopewright.core.attempts import Bounds, Counted, Tried, is_too_often, source_of
from scopewright.core.errors import Malformed, NotFound, TooMany
from scopewright.core.model import Identity
from scopewright.core.oauth import hash_secret
from scopewright.core.provider_rules import check_state
from scopewright.core.upstream import AWAY, Unbelievable, UpstreamSignIn
from scopewright.providers import Form, Header, Opened, Proven, Redirect, Unusable, WholeRedirect
from scopewright.services.providers.settling import Settling
from scopewright.settings.tree import SignInSettings
from scopewright.store import limits, upstream_sign_ins
from scopewright.store.database import Database

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to sign in, as the page shows it: by a name and a password, by a header, or away."""

    name: str
    title: str
    is_form: bool
    is_header: bool


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody whose identity is proven and who may come in.

    `message` is for them; `page` is where they go if no client waits for them, if anywhere.
    """

    identity: Identity
    state: Mapping[str, Any]
    message: str
    page: str


@dataclass(frozen=True, slots=True)
class Providers:
    """What people do to sign in by a provider."""

    database: Database
    clock: Clock
    settings: SignInSettings
    opened: Mapping[str, Opened]
    settling: Settling
    trusted_proxies: frozenset[str]

    def offers(self) -> tuple[Offer, ...]:
        """Every way there is, in the order of the settings."""
        return tuple(
            Offer(
                one.name,
                one.title,
                is_form=isinstance(one.provider, Form),
                is_header=isinstance(one.provider, Header),
            )
            for one in self.opened.values()
            if isinstance(one.provider, Form | Header | Redirect)
        )

    def authenticate(
        self, name: str, username: str, password: str, *, source: str | None
    ) -> Arrived | None:
        """Who signs in by a password; None for every kind of failure alike.

        Raises:
            NotFound: there is no such provider.
            TooMany: too often tried, for this name or from this source.
            Unusable: the provider cannot be asked now.
            Forbidden, Invalid: a stranger here; a state too large for tokens.
        """
        one = self.opened.get(name)
        if one is None or not isinstance(one.provider, Form):
            raise NotFound("There is no such way to sign in.")
        self._count(name, username, source)
        # Many a server takes an empty password for no password, and lets anybody in.
        form = one.provider
        is_whole = bool(username and password)
        proven = self._asked(
            name, lambda: form.authenticate(username, password) if is_whole else None
        )
        if proven is None:
            log.logger().warning("sign-in failed", provider=name, source=source)
            return None
        return self._arrived(one, proven)

    # --- by going elsewhere ---------------------------------------------------------------------

    def begin(self, name: str, *, browser: str, continue_to: str | None, source: str | None) -> str:
        """Where this browser goes to prove who its person is. It may stay away for ten minutes.

        Raises:
            NotFound: there is no such provider.
            TooMany: too often begun from this source.
            Unusable: the provider cannot be asked now.
        """
        provider, now = self._redirecting(name)[1], self.clock()
        where, window = source_of(source), self.settings.passwords_window
        state = ids.new_secret("swu")
        away = UpstreamSignIn(
            state_hash=hash_secret(state),
            provider=name,
            browser_hash=hash_secret(browser),
            continue_to=continue_to,
            created_at=now,
            expires_at=now + AWAY,
        )
        with self.database.write() as tx:
            counted = limits.count(tx, f"upstream:source:{where}", now=now, window=window)
            if counted.used > self.settings.passwords_a_source:
                raise _too_many([counted], now)
            upstream_sign_ins.add(tx, away)
        return self._asked(name, lambda: provider.begin(state))

    def finish(
        self, name: str, query: Mapping[str, str], *, browser: str | None, request: Any
    ) -> tuple[Arrived, str | None]:
        """Who has come back, and the authorization or page that they were on their way to.

        `request` is the whole of it, for those who want more than the query.

        Raises:
            NotFound: there is no such provider.
            Malformed: this browser was not sent there, not in time, or what came back proves
                nothing.
            Unusable: the provider cannot be asked now.
            Forbidden, Invalid: a stranger here; a state too large for tokens.
        """
        one, provider = self._redirecting(name)
        state, now = query.get("state", ""), self.clock()
        with self.database.write() as tx:
            away = upstream_sign_ins.take(tx, hash_secret(state))
        is_of_browser = away is not None and hmac.compare_digest(
            away.browser_hash, hash_secret(browser or "")
        )
        if away is None or not is_of_browser or away.provider != name or away.expires_at <= now:
            log.logger().warning("provider not believed", provider=name, cause="state")
            raise Unbelievable("state")
        proven = self._asked(
            name,
            lambda: (
                provider.finish_by(request, state)
                if isinstance(provider, WholeRedirect)
                else provider.finish(query, state)
            ),
        )
        return self._arrived(one, proven), away.continue_to

    def failure_url(self, name: str) -> str:
        """Where a browser goes that has come back from this provider in vain; empty: nowhere."""
        one = self.opened.get(name)
        return "" if one is None else one.settings.failure_url

    def _redirecting(self, name: str) -> tuple[Opened, Redirect]:
        one = self.opened.get(name)
        if one is None or not isinstance(one.provider, Redirect):
            raise NotFound("There is no such way to sign in.")
        return one, one.provider

    def _asked(self, name: str, ask: Callable[[], T]) -> T:
        """What a provider answers; why it does not is for the log."""
        try:
            return Opened.asked(ask)
        except (Unusable, Malformed) as error:
            log.logger().warning("provider not believed", provider=name, cause=error.cause)
            raise

    # --- by what a proxy says -------------------------------------------------------------------

    def recognise(
        self, name: str, headers: Sequence[tuple[str, str]], *, peer: str | None
    ) -> Arrived | None:
        """Who the proxy at the other end of the connection says it is; None where that is nobody.

        Raises:
            NotFound: there is no such provider.
            Forbidden, Invalid: a stranger here; a state too large for tokens.
        """
        one = self.opened.get(name)
        if one is None or not isinstance(one.provider, Header):
            raise NotFound("There is no such way to sign in.")
        provider = one.provider
        is_trusted = peer in self.trusted_proxies
        proven = self._asked(name, lambda: provider.recognise(headers) if is_trusted else None)
        if proven is None:
            log.logger().warning("sign-in failed", provider=name, source=peer)
            return None
        return self._arrived(one, proven)

    # --- arrived --------------------------------------------------------------------------------

    def _arrived(self, one: Opened, proven: Proven) -> Arrived:
        state = check_state(proven.state)
        identity = self.settling.settle(one, proven)
        message = one.settings.message.replace("{id}", proven.subject)
        return Arrived(identity, state, message, one.settings.success_url)

    def _count(self, provider: str, username: str, source: str | None) -> None:
        """Counted before it is looked at: so that tries at the same moment are counted one by one.

        What is typed as a name may be a password, so neither the counter nor the log has it.
        """
        now, window, where = self.clock(), self.settings.passwords_window, source_of(source)
        whom = hash_secret(f"{provider}:{username.casefold()}")
        keys = (f"source:{where}", f"name:{whom}", f"both:{whom}:{where}")
        with self.database.write() as tx:
            counted = [limits.count(tx, f"passwords:{k}", now=now, window=window) for k in keys]
        tried = Tried(*(one.used for one in counted))
        if is_too_often(tried, self._bounds):
            log.logger().warning("sign-in slowed", provider=provider, source=source)
            raise _too_many(counted, now)

    @property
    def _bounds(self) -> Bounds:
        settings = self.settings
        return Bounds(settings.passwords_a_source, settings.passwords_a_name, settings.passwords)


def _too_many(counted: Sequence[Counted], now: datetime) -> TooMany:
    wait = max(one.retry_after(now) for one in counted)
    return TooMany("This was tried too often. Wait, and try again.", retry_after=wait)
