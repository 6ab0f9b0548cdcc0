"""Make, list, describe, rotate and revoke API keys: one's own, and on behalf of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core import api_keys as decisions
from scopewright.core.api_keys import KeyTerms, WantedKey
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.errors import Conflict, NotFound
from scopewright.core.holdings import check_takes_scopes
from scopewright.core.model import ApiKey, ChangeKind, KeyPolicy, Principal, PrincipalKind
from scopewright.core.oauth import hash_secret
from scopewright.store import (
    api_keys,
    audit,
    clients,
    holdings,
    principals,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.key_uses import KeyUses
from scopewright.store.pages import Page, Window


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """What can be done with API keys. `most` is how many live ones a principal may have.

    Of others, `name` says whose: a principal's id, or an address.
    """

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    uses: KeyUses
    most: int

    # --- one's own ------------------------------------------------------------------------------

    @needs("own-api-keys:read")
    def page(self, caller: Caller, *, window: Window) -> Page[ApiKey]:
        """The caller's live keys, oldest first."""
        with self.database.read() as tx:
            return self._page(tx, caller.principal, window)

    @needs("own-api-keys:read")
    def show(self, caller: Caller, *, id: str) -> ApiKey:
        """One of the caller's live keys.

        Raises:
            NotFound: the caller has no such key.
        """
        with self.database.read() as tx:
            return self.uses.with_latest(self._find(tx, caller.principal, id))

    @needs("own-api-keys:create")
    def create(self, caller: Caller, *, wanted: WantedKey) -> tuple[ApiKey, str]:
        """A new key, and its secret: shown now, and never again.

        Made with a key it is that one's child, and never more than it.

        Raises:
            Invalid: a value, or the workspace's policy, stands against it.
            Escalation: it would carry what the caller does not hold.
            Conflict: there are too many keys already.
        """
        now = self.clock()
        with self.database.write() as tx:
            id = _touched(tx, caller, now)
            return self._made_own(tx, caller, _own(id, caller, now), wanted)

    @needs("own-api-keys:create")
    def change(self, caller: Caller, *, id: str, note: str) -> ApiKey:
        """Say something else of one's own key.

        Raises:
            NotFound: the caller has no such key.
            Invalid: that cannot be said.
        """
        note = decisions.check_note(note)
        with self.database.write() as tx:
            before = self._find(tx, caller.principal, id)
            api_keys.describe(tx, id, note=note)
            audit.record(
                tx, caller, "own-api-keys:update", id, at=self.clock(),
                before={"note": before.note}, after={"note": note},
            )  # fmt: skip
        return self.uses.with_latest(replace(before, note=note))

    @needs("own-api-keys:create")
    def rotate(self, caller: Caller, *, id: str, overlap: int) -> tuple[ApiKey, str]:
        """A key that follows one's own on its terms; the old one ends after so many seconds.

        It lives as long as the old one was to; asked for with a key, no longer than that key.

        Raises:
            NotFound: the caller has no such key.
            Invalid: the overlap is out of bounds, or its terms are not to be had any more.
            Escalation: it carries what the caller does not hold.
            Forbidden: it is asked with another key.
            Conflict: so many keys overlap already.
        """
        now, pause = self.clock(), decisions.check_overlap(overlap)
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.API_KEY, id, at=now)
            old = self._find(tx, caller.principal, id)
            key = self._successor(tx, caller, old, now)
            if pause:
                api_keys.end(tx, id, at=now + pause)
            else:
                api_keys.revoke(tx, id, at=now)
            secret = self._add(tx, key, most=self.most + 1)  # for as long as they overlap
            after = {"successor": key.id, "overlap": overlap}
            audit.record(tx, caller, "own-api-keys:rotate", id, at=now, after=after)
        return key, secret

    @needs("own-api-keys:revoke")
    def revoke(self, caller: Caller, *, id: str) -> None:
        """Let one's own key, and all that were made with it, count no more from now on.

        Raises:
            NotFound: the caller has no such key.
        """
        self._revoke(caller, caller.principal, id, "own-api-keys:revoke")

    # --- the one that is presented --------------------------------------------------------------

    def current(self, caller: Caller) -> ApiKey:
        """The key that is presented. Whoever has it may know of it.

        Raises:
            NotFound: something else is presented.
        """
        with self.database.read() as tx:
            found = self._find(tx, caller.principal, _presented(caller))
        return self.uses.with_latest(found)

    def revoke_current(self, caller: Caller) -> None:
        """End the key that is presented. Whoever has it may do that.

        Raises:
            NotFound: something else is presented.
        """
        self._revoke(caller, caller.principal, _presented(caller), "own-api-keys:revoke")

    # --- those of others ------------------------------------------------------------------------

    @needs("api-keys:read")
    def page_of(self, caller: Caller, *, name: str, window: Window) -> Page[ApiKey]:
        """A principal's live keys, oldest first.

        Raises:
            NotFound: there is no such principal.
        """
        with self.database.read() as tx:
            return self._page(tx, _principal(tx, caller, name), window)

    @needs("api-keys:read")
    def show_of(self, caller: Caller, *, name: str, id: str) -> ApiKey:
        """One of a principal's live keys.

        Raises:
            NotFound: there is no such principal or key.
        """
        with self.database.read() as tx:
            return self.uses.with_latest(self._find(tx, _principal(tx, caller, name), id))

    @needs("api-keys:create")
    def create_for(self, caller: Caller, *, name: str, wanted: WantedKey) -> tuple[ApiKey, str]:
        """A new key of a principal, and its secret. Whoever has that can do what the key can.

        Raises:
            NotFound: there is no such principal.
            Invalid, Conflict: as `create`; or it presents no keys.
            Forbidden: the principal does not hold what the key would carry.
            Escalation: it would carry guarded scopes that the caller does not hold.
        """
        now = self.clock()
        with self.database.write() as tx:
            id = _touched(tx, caller, now)
            principal = _principal(tx, caller, name)
            if principal.id == caller.principal.id:
                return self._made_own(tx, caller, _own(id, caller, now), wanted)
            _check_presents_keys(tx, principal)
            words, policy = self._words(tx, caller), _policy(tx, caller)
            terms = decisions.check_new(wanted, words=words, policy=policy)
            holds = holdings.of(tx, principal.id, words)
            decisions.check_held(terms.requested, holds)
            decisions.refuse_beyond(
                held=holdings.of_giver(tx, caller, words),
                given=terms.requested.within(holds),
                counted=words.guarded,
            )
            end = decisions.end_of(terms.lifetime, now=now, chain=(), policy=policy)
            new = decisions.new_key(id, of=principal, by=caller.principal, at=now)
            key = terms.put_into(replace(new, expires_at=end))
            secret = self._add(tx, key, most=self.most)
            after = decisions.described(key)
            audit.record(tx, caller, "api-keys:create", id, at=now, after=after)
        return key, secret

    @needs("api-keys:revoke")
    def revoke_of(self, caller: Caller, *, name: str, id: str) -> None:
        """Let a principal's key, and all that were made with it, count no more from now on.

        Raises:
            NotFound: there is no such principal or key.
        """
        with self.database.read() as tx:
            principal = _principal(tx, caller, name)
        self._revoke(caller, principal, id, "api-keys:revoke")

    # --- within ---------------------------------------------------------------------------------

    def _page(self, tx: Transaction, principal: Principal, window: Window) -> Page[ApiKey]:
        found = api_keys.page(tx, principal.id, now=self.clock(), window=window)
        return replace(found, items=tuple(self.uses.with_latest(key) for key in found.items))

    def _find(self, tx: Transaction, principal: Principal, id: str) -> ApiKey:
        key = api_keys.get(tx, id)
        if key is None or key.principal_id != principal.id or not key.is_live(self.clock()):
            raise NotFound("There is no such API key.")
        return key

    def _made_own(
        self, tx: Transaction, caller: Caller, new: ApiKey, wanted: WantedKey
    ) -> tuple[ApiKey, str]:
        chain, policy = api_keys.chain(tx, caller.key_id), _policy(tx, caller)
        decisions.check_child(chain)
        terms = self._own_terms(tx, caller, wanted)
        end = decisions.end_of(terms.lifetime, now=new.created_at, chain=chain, policy=policy)
        key = terms.put_into(replace(new, parent_id=caller.key_id, expires_at=end))
        secret = self._add(tx, key, most=self.most)
        after = decisions.described(key)
        audit.record(tx, caller, "own-api-keys:create", key.id, at=key.created_at, after=after)
        return key, secret

    def _successor(self, tx: Transaction, caller: Caller, old: ApiKey, now: datetime) -> ApiKey:
        chain = api_keys.chain(tx, old.id)
        decisions.check_follows(chain, caller.key_id)
        terms = self._own_terms(tx, caller, decisions.same_again(old))
        within = [*chain[1:], *api_keys.chain(tx, caller.key_id)]
        end = decisions.end_of(terms.lifetime, now=now, chain=within, policy=_policy(tx, caller))
        new = _own(ids.new_id("key"), caller, now)
        return terms.put_into(replace(new, parent_id=old.parent_id, expires_at=end))

    def _own_terms(self, tx: Transaction, caller: Caller, wanted: WantedKey) -> KeyTerms:
        """The terms of a key of the caller's own: within all that its credential carries."""
        words = self._words(tx, caller)
        terms = decisions.check_new(wanted, words=words, policy=_policy(tx, caller))
        inherited = holdings.of(tx, caller.principal.id, words)
        decisions.refuse_beyond(
            held=holdings.of_giver(tx, caller, words),
            given=inherited if terms.requested.names is None else terms.requested.names,
        )
        return terms

    def _add(self, tx: Transaction, key: ApiKey, *, most: int) -> str:
        live = api_keys.count_live(tx, key.principal_id, now=key.created_at)
        decisions.check_room(live, most=most)
        secret = ids.new_api_key_secret(key.id)
        api_keys.add(tx, replace(key, secret_hash=hash_secret(secret)))
        return secret

    def _revoke(self, caller: Caller, principal: Principal, id: str, operation: str) -> None:
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.API_KEY, id, at=now)
            before = decisions.described(self._find(tx, principal, id))
            api_keys.revoke(tx, id, at=now)
            audit.record(tx, caller, operation, id, at=now, before=before)

    def _words(self, tx: Transaction, caller: Caller) -> Vocabulary:
        return vocabulary.here(tx, caller.workspace_id, self.catalogues)


def _touched(tx: Transaction, caller: Caller, now: datetime) -> str:
    """The id of a key that is about to be made."""
    id = ids.new_id("key")
    workspaces.touch(tx, caller.workspace_id, ChangeKind.API_KEY, id, at=now)
    return id


def _presented(caller: Caller) -> str:
    if caller.key_id is None:
        raise NotFound("No API key is presented.")
    return caller.key_id


def _principal(tx: Transaction, caller: Caller, name: str) -> Principal:
    return principals.find_any(tx, caller.workspace_id, name=name)


def _check_presents_keys(tx: Transaction, principal: Principal) -> None:
    """Raises `Conflict` for those through whom others act."""
    if principal.kind is PrincipalKind.GROUP:
        raise Conflict("A group presents no keys: its members do.", conflict="kind")
    check_takes_scopes(principal, clients.get(tx, principal.id))


def _policy(tx: Transaction, caller: Caller) -> KeyPolicy:
    return workspaces.find(tx, caller.workspace_id).policy.api_keys


def _own(id: str, caller: Caller, now: datetime) -> ApiKey:
    return decisions.new_key(id, of=caller.principal, by=caller.principal, at=now)
