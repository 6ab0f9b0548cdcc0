"""Let in at our API who presents an access token of a provider of the settings (RFC 6750).

A token counts as a sign-in: it makes the record that the settings let it make, and their rules look
at what it says, once. What it proves is remembered for a minute; whether its person may come in,
and what they hold, is asked each time.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar

from scopewright import log
from scopewright.authority import View
from scopewright.core.caller import Caller
from scopewright.core.errors import Invalid, InvalidToken, ScopewrightError
from scopewright.core.identities import LinkedIdentity
from scopewright.core.model import Identity, Principal
from scopewright.core.outside_tokens import OutsideToken, given
from scopewright.core.security_profile import profile_of
from scopewright.guard.jws import unverified
from scopewright.outbound import aside
from scopewright.providers import Bearer, Borne, Opened
from scopewright.services.providers.settling import END_USER, Settling
from scopewright.store import identities, principals
from scopewright.store.database import Transaction

SETTLED_FOR = timedelta(minutes=1)
MOST_REMEMBERED = 10_000
MOST_AT_ONCE = 8  # threads that may wait for a provider; the rest wait without one

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Known:
    """Whose token it is: an end-user's id by workspace. `until` then it is looked at anew.

    `noted` are the workspaces in which it is written down that its person was here.
    """

    token: OutsideToken
    people: Mapping[str, str]
    until: datetime
    identity: Identity
    noted: set[str] = field(default_factory=set)


class OutsideTokens:
    """Answers None for every kind of bad token alike; why, is for the log."""

    def __init__(self, opened: Iterable[Opened], settling: Settling) -> None:
        """Raises Invalid where two providers take the tokens of one issuer."""
        self._by_issuer: dict[str, Opened] = {}
        for one in opened:
            if isinstance(one.provider, Bearer):
                self._add(one, one.provider.issuer)
        self._settling = settling
        self._remembered: OrderedDict[bytes, _Known] = OrderedDict()
        self._newest: OrderedDict[Identity, datetime] = OrderedDict()
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    def _add(self, one: Opened, issuer: str) -> None:
        other = self._by_issuer.setdefault(issuer, one)
        if other is not one:
            raise Invalid(
                f"The providers {other.name} and {one.name} take the tokens of one issuer.",
                field="authentication.providers",
            )

    async def workspace_of(self, secret: str) -> str | None:
        """The one workspace in which its person has a record."""
        known = await self._known(secret)
        if known is None or len(known.people) != 1:
            return None
        return next(iter(known.people))

    async def caller(self, view: View, secret: str) -> Caller | None:
        """The end-user whose token this is, with what it gives of what they hold now."""
        if profile_of(view.workspace).binds_tokens:
            return None  # nobody can show here that it is theirs
        known = await self._known(secret)
        id = None if known is None else known.people.get(view.workspace.id)
        if known is None or id is None:
            return None
        holder = await view.holder(id, issued_at=known.token.issued_at)
        if holder is None:
            return None
        if view.workspace.id not in known.noted:
            known.noted.add(view.workspace.id)
            await asyncio.to_thread(self._note_use, holder.principal, known.identity)
        words = view.rules.vocabulary
        return Caller(
            principal=holder.principal,
            held=given(known.token, held=holder.held, wholes=words.wholes),
            vocabulary=words,
            via="token",
        )

    # --- whose it is ----------------------------------------------------------------------------

    async def _known(self, secret: str) -> _Known | None:
        fingerprint, now = sha256(secret.encode()).digest(), self._settling.clock()
        known = self._remembered.get(fingerprint)
        if known is not None and now < known.until:
            return known
        one = self._issuer_of(secret)
        if one is None:
            return None
        try:
            borne = await self._borne(one, secret)
            identity = await asyncio.to_thread(self._settled, one, borne)
            people = await asyncio.to_thread(self._people, identity, borne.token.issued_at)
        except ScopewrightError as error:
            cause = error.cause or type(error).__name__
            log.logger().warning("token of a provider refused", provider=one.name, cause=cause)
            return None
        until = min(now + SETTLED_FOR, borne.token.expires_at)
        known = _Known(borne.token, people, until, identity)
        _keep(self._remembered, fingerprint, known)
        return known

    def _issuer_of(self, secret: str) -> Opened | None:
        """The provider that it says to be of: nothing of it is believed, or asked for, but that."""
        if not self._by_issuer:
            return None
        try:
            named = unverified(secret)[1].get("iss")
        except InvalidToken:
            return None
        return self._by_issuer.get(named) if isinstance(named, str) else None

    async def _borne(self, one: Opened, secret: str) -> Borne:
        provider = one.provider
        assert isinstance(provider, Bearer)
        async with self._places:
            return await aside(one.asked, lambda: provider.prove(secret))

    def _settled(self, one: Opened, borne: Borne) -> Identity:
        """Who its person is here, after what the settings give.

        Each token gives and takes but once, and none that is older than one seen before: or
        whoever keeps it would bring back what a newer one, or somebody by hand, has ended.
        """
        identity, issued_at = Identity(one.name, borne.token.subject), borne.token.issued_at
        newest = self._newest.get(identity)
        is_newest = newest is None or newest < issued_at
        giver = "token" if is_newest else None
        settled = self._settling.settle(one, borne.proven, giver=giver, made_at=issued_at)
        if is_newest:
            _keep(self._newest, identity, issued_at)
        return settled

    def _people(self, identity: Identity, issued_at: datetime) -> dict[str, str]:
        """The end-users that prove themselves so and were not signed out since.

        Members act for a workspace by our own clients alone.
        """
        people = {}
        with self._settling.database.read() as tx:
            for person in principals.of_identity(tx, identity):
                linked = _linked(tx, person, identity)
                if person.kind is END_USER and linked and linked.accepts_of(issued_at):
                    people[person.workspace_id] = person.id
        return people

    def _note_use(self, person: Principal, identity: Identity) -> None:
        """Write down that a person was here, where that is not known of the last minute."""
        now, database = self._settling.clock(), self._settling.database
        with database.read() as tx:
            linked = _linked(tx, person, identity)
        if linked is not None and linked.is_worth_noting(now):
            with database.write() as tx:
                identities.note_use(tx, person, identity, at=now)


def _linked(tx: Transaction, person: Principal, identity: Identity) -> LinkedIdentity | None:
    return identities.get(tx, person.workspace_id, kind=person.kind, identity=identity)


def _keep(kept: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    """The oldest goes, so memory is bounded."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > MOST_REMEMBERED:
        kept.popitem(last=False)
