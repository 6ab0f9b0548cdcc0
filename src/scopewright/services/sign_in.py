"""Send a letter, redeem its link or code, sign out.

The rule that mail scanners cannot break: a link counts only by POST, and only from the browser
that asked for the letter or together with the address that the letter went to.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any
from urllib.parse import urlencode

from scopewright import ids, mail
from scopewright.clock import Clock
from scopewright.core import names
from scopewright.core.attempts import source_of
from scopewright.core.device_authorization import path_of as device_path
from scopewright.core.errors import Invalid, TooMany
from scopewright.core.identities import email_identity
from scopewright.core.model import Identity, MagicLink, SignIn
from scopewright.core.oauth import hash_secret
from scopewright.core.return_paths import way_back
from scopewright.mail import Mailer
from scopewright.settings.tree import SignInSettings
from scopewright.store import (
    authorizations,
    identities,
    limits,
    magic_links,
    principals,
    sessions,
    sign_ins,
)
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser that has proven an identity: its new cookie, and the path it was on its way to."""

    identity: Identity
    cookie: str
    continue_to: str | None = None


@dataclass(frozen=True, slots=True)
class AskedHere:
    """The address that a browser asked a letter to, and what it was on its way to."""

    email: str
    continue_to: str | None


@dataclass(frozen=True, slots=True)
class SignIns:
    """What people do to sign in. `register` gives a new address a workspace; None: nobody may."""

    database: Database
    clock: Clock
    mailer: Mailer
    settings: SignInSettings
    public_url: str
    register: Callable[[Identity], object] | None = None

    # --- asking for a letter --------------------------------------------------------------------

    def send_link(
        self, email: str, *, browser: str, continue_to: str | None, source: str | None
    ) -> None:
        """Send a letter to an address that is known here, and do the same work for any other.

        `browser` is the cookie of the browser that asks, `continue_to` the authorization or device
        page it is on its way to. Over the limit of an address nothing is sent, and nothing said of
        it.

        Raises:
            Invalid: this is no address.
            TooMany: too many letters were asked for from one source.
        """
        address, now = names.check_email(email), self.clock()
        token, code = ids.new_secret("swm"), ids.new_code()
        link = MagicLink(
            hash=hash_secret(token),
            email=address,
            browser_hash=hash_secret(browser),
            code_hash=hash_secret(code),
            continue_to=continue_to,
            created_at=now,
            expires_at=now + self.settings.link_lifetime,
        )
        with self.database.write() as tx:
            self._check_source(tx, source, now)
            is_wanted = self._has_letters_left(tx, address, now)
            is_known = bool(principals.of_identity(tx, email_identity(address)))
            if is_wanted:
                magic_links.add(tx, link)
        if is_wanted and (is_known or self.register is not None):
            self.mailer.send(self._letter(link, token, code))

    def _check_source(self, tx: Transaction, source: str | None, now: datetime) -> None:
        window = self.settings.letters_window
        counted = limits.count(tx, f"letters:source:{source_of(source)}", now=now, window=window)
        if counted.used > self.settings.letters_a_source:
            raise TooMany(
                "Too many letters were asked for from here. Try again later.",
                retry_after=counted.retry_after(now),
            )

    def _has_letters_left(self, tx: Transaction, address: str, now: datetime) -> bool:
        window = self.settings.letters_window
        counted = limits.count(tx, f"letters:address:{address}", now=now, window=window)
        return counted.used <= self.settings.letters

    def _letter(self, link: MagicLink, token: str, code: str) -> mail.Letter:
        url = f"{self.public_url}/sign-in/link?{urlencode({'token': token})}"
        minutes = ceil(self.settings.link_lifetime.total_seconds() / 60)
        return mail.sign_in_letter(to=link.email, link=url, code=code, minutes=minutes)

    # --- redeeming it ---------------------------------------------------------------------------

    def asked_here(self, token: str, *, browser: str | None) -> AskedHere | None:
        """What a live link is for, told only to the browser that asked for it."""
        now = self.clock()
        with self.database.read() as tx:
            link = magic_links.get(tx, hash_secret(token))
        if link is None or not _is_live(link, now) or not _is_of_browser(link, browser):
            return None
        return AskedHere(link.email, link.continue_to)

    def redeem_link(
        self, token: str, *, browser: str | None, email: str | None, cookie: str | None = None
    ) -> SignedIn | None:
        """Sign a browser in by the link of a letter; None for every kind of failure alike.

        Where another browser asked, `email` must be the address the letter went to, and the
        first browser's authorization is not continued. `cookie` is a sign-in that this replaces.
        """
        now = self.clock()
        with self.database.write() as tx:
            link = magic_links.get(tx, hash_secret(token))
            if link is None or not _is_live(link, now):
                return None
            is_here = _is_of_browser(link, browser)
            if not is_here and not self._is_answered(tx, link, email):
                return None
            if not magic_links.use(tx, link.hash, now=now):
                return None
            signed_in = self._sign_in(tx, link, cookie=cookie, continues=is_here)
        return self._welcomed(signed_in)

    def redeem_code(self, code: str, *, browser: str, cookie: str | None = None) -> SignedIn | None:
        """Sign in the browser that asked, by the short code; None for every failure alike."""
        now = self.clock()
        presented = hash_secret("".join(code.upper().replace("-", "").split()))
        signed_in = None
        with self.database.write() as tx:
            for link in magic_links.of_browser(tx, hash_secret(browser), now=now):
                if self._is_try_left(tx, link) and _equal(presented, link.code_hash):
                    if magic_links.use(tx, link.hash, now=now):
                        signed_in = self._sign_in(tx, link, cookie=cookie, continues=True)
                    break
        return None if signed_in is None else self._welcomed(signed_in)

    def _is_answered(self, tx: Transaction, link: MagicLink, email: str | None) -> bool:
        """Whether the address is the letter's. What is no address at all is not counted."""
        try:
            address = names.check_email(email or "")
        except Invalid:
            return False
        return self._is_try_left(tx, link) and _equal(address, link.email)

    def _is_try_left(self, tx: Transaction, link: MagicLink) -> bool:
        # Counted before it is compared: so that tries at the same moment are counted one by one.
        return magic_links.fail(tx, link.hash) <= self.settings.code_tries

    # --- the sign-in itself ---------------------------------------------------------------------

    def sign_in(
        self,
        identity: Identity,
        *,
        cookie: str | None = None,
        continue_to: str | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> SignedIn:
        """Sign a browser in whose person has proven an identity elsewhere; `cookie` ends.

        `state` is what the provider said of them, for the tokens of sessions that begin here.
        """
        with self.database.write() as tx:
            new = self._new_cookie(tx, identity, replaced=cookie, state=state)
            return SignedIn(identity, new, _path_of(tx, continue_to) if continue_to else None)

    def sign_out(self, cookie: str) -> None:
        """Forget that a browser is signed in."""
        with self.database.write() as tx:
            sign_ins.remove(tx, hash_secret(cookie))

    def of_cookie(self, cookie: str | None) -> SignIn | None:
        """The sign-in of this cookie, if it is still good."""
        if not cookie:
            return None
        with self.database.read() as tx:
            return sign_ins.get(tx, hash_secret(cookie), now=self.clock())

    def _sign_in(
        self, tx: Transaction, link: MagicLink, *, cookie: str | None, continues: bool
    ) -> SignedIn:
        identity = email_identity(link.email)
        continue_to = _path_of(tx, link.continue_to) if continues and link.continue_to else None
        invited = principals.get(tx, link.principal_id) if link.principal_id else None
        if invited is not None:  # they may look around here, and never be at any application
            identities.note_use(tx, invited, identity, at=self.clock())
        return SignedIn(identity, self._new_cookie(tx, identity, replaced=cookie), continue_to)

    def _new_cookie(
        self,
        tx: Transaction,
        identity: Identity,
        *,
        replaced: str | None,
        state: Mapping[str, Any] | None = None,
    ) -> str:
        """Always a new value: one that was planted in the browser before must be worth nothing."""
        now, cookie = self.clock(), ids.new_secret("swi")
        until = now + self.settings.browser_lifetime
        signed_in = SignIn(hash_secret(cookie), identity, now, now, until, state or {})
        if replaced:
            _replace(tx, hash_secret(replaced), signed_in)
        sign_ins.add(tx, signed_in)
        return cookie

    def _welcomed(self, signed_in: SignedIn) -> SignedIn:
        """A new address gets a workspace of its own where registration is open."""
        if self.register is not None:
            with self.database.read() as tx:
                is_known = bool(principals.of_identity(tx, signed_in.identity))
            if not is_known:
                self.register(signed_in.identity)
        return signed_in


def _replace(tx: Transaction, cookie_hash: str, by: SignIn) -> None:
    """The earlier sign-in goes; what it began can still be ended by signing the person out."""
    before = sign_ins.get(tx, cookie_hash, now=by.authenticated_at)
    sign_ins.remove(tx, cookie_hash)
    if before is not None and before.identity == by.identity:
        sessions.move_to_sign_in(tx, cookie_hash, by.cookie_hash)


def _is_live(link: MagicLink, now: datetime) -> bool:
    return link.used_at is None and now < link.expires_at


def _is_of_browser(link: MagicLink, browser: str | None) -> bool:
    return browser is not None and _equal(hash_secret(browser), link.browser_hash)


def _equal(presented: str, expected: str | None) -> bool:
    return expected is not None and hmac.compare_digest(presented.encode(), expected.encode())


def _path_of(tx: Transaction, continue_to: str) -> str | None:
    """Where a pending authorization, or a device page, goes on."""
    authorization = authorizations.get(tx, continue_to)
    if authorization is None:
        return device_path(continue_to) or way_back(continue_to)
    return f"/w/{authorization.workspace_id}/authorize/{authorization.id}"
