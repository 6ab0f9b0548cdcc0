"""What decides a token, kept in memory and exact: immutable values by workspace version.

INVARIANT: nothing is answered under a version that was not checked after the request arrived. The
values are filled on first use, each read in one transaction whose first statement reads the
version; the rows of `changes` between two versions say which values to drop. What is used least
recently goes first, so memory is bounded.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scopewright.core.catalogue import Catalogue
from scopewright.core.client_documents import kept_id
from scopewright.core.gateway_sessions import GatewaySession
from scopewright.core.model import ApiKey, Change, Client, Workspace
from scopewright.core.tokens import TokenSettings
from scopewright.store import api_keys, changes, workspaces
from scopewright.store.authority import STALE_AFTER, Holder, Rules, load, rules_of
from scopewright.store.database import Database
from scopewright.store.versions import Versions

MOST_VALUES = 50_000
MOST_WORKSPACES = 1_000
MOST_CHANGES = 1_000
_WORKSPACE_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class _Kept:
    """One workspace in memory; `values` are under `version`, all of them."""

    version: int
    view: View
    values: OrderedDict[tuple[str, str], Any]


class Authority:
    """Answers for one event loop. Reads of the database that it needs run in worker threads."""

    def __init__(
        self,
        database: Database,
        versions: Versions,
        *,
        catalogues: Mapping[str, Catalogue],
        tokens: TokenSettings,
    ) -> None:
        self._database = database
        self._versions = versions
        self._catalogues = catalogues
        self._tokens = tokens
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._slugs: dict[str, str] = {}
        self._key_workspaces: OrderedDict[str, str] = OrderedDict()

    async def at(self, workspace_id: str) -> View | None:
        """The workspace as it is now, at the earliest when this was called; None if it is gone."""
        if workspace_id not in self._kept and _WORKSPACE_ID.fullmatch(workspace_id) is None:
            return None  # strangers write it: not every database takes every character
        version = await self._versions.current(workspace_id)
        if version is None:
            self._kept.pop(workspace_id, None)
            return None
        kept = self._kept.get(workspace_id)
        if kept is None or kept.version != version:
            kept = await self._refreshed(workspace_id)
            if kept is None:
                return None
        self._kept.move_to_end(workspace_id)
        return kept.view

    async def workspace_of_slug(self, slug: str) -> str | None:
        """The id of the workspace with this slug. Slugs never change: a known one stays known."""
        known = self._slugs.get(slug)
        if known is not None and await self._versions.current(known) is not None:
            return known
        found = await asyncio.to_thread(self._read_slug, slug)
        if found is None:
            self._slugs.pop(slug, None)
            return None
        self._slugs[slug] = found
        return found

    async def workspace_of_key(self, key_id: str) -> str | None:
        """The id of the workspace that an API key belongs to, for good."""
        known = self._key_workspaces.get(key_id)
        if known is None:
            known = await asyncio.to_thread(self._read_key_workspace, key_id)
            if known is not None:
                self._key_workspaces[key_id] = known
                if len(self._key_workspaces) > MOST_VALUES:
                    self._key_workspaces.popitem(last=False)
        return known

    async def value(self, workspace_id: str, kind: str, id: str) -> Any:
        """One remembered or freshly read value; None where there is nothing."""
        while True:
            kept = self._kept.get(workspace_id)
            if kept is None:
                kept = await self._refreshed(workspace_id)
                if kept is None:
                    return None
            known = kept.values.get((kind, id))
            if known is not None:
                kept.values.move_to_end((kind, id))
                return known
            rules = kept.view.rules
            read = await asyncio.to_thread(self._read_value, rules, kept.version, kind, id)
            if read.version == kept.version and self._kept.get(workspace_id) is kept:
                self._remember(kept, kind, id, read.value)
                return read.value
            await self._refreshed(workspace_id)

    @staticmethod
    def _remember(kept: _Kept, kind: str, id: str, value: Any) -> None:
        if value is None:
            return  # or strangers could fill memory with names of what is not there
        kept.values[kind, id] = value
        if len(kept.values) > MOST_VALUES:
            kept.values.popitem(last=False)

    async def _refreshed(self, workspace_id: str) -> _Kept | None:
        kept = self._kept.get(workspace_id)
        after = None if kept is None else kept.version
        read = await asyncio.to_thread(self._read_rules, workspace_id, after)
        if read is None:
            self._kept.pop(workspace_id, None)
            return None
        current = self._kept.get(workspace_id)
        if current is not None and current.version >= read.version:
            return current
        if read.rules is not None:
            view = View(self, read.rules)
            return self._keep(workspace_id, _Kept(read.version, view, OrderedDict()))
        if current is None or current.version != after:
            return await self._refreshed(workspace_id)  # it moved while the changes were read
        for change in read.changes:
            for kind in STALE_AFTER[change.kind]:
                current.values.pop((kind, change.subject_id), None)
        current.version = read.version
        return current

    def _keep(self, workspace_id: str, kept: _Kept) -> _Kept:
        self._kept[workspace_id] = kept
        if len(self._kept) > MOST_WORKSPACES:
            self._kept.popitem(last=False)
        return kept

    # --- what worker threads do -----------------------------------------------------------------

    def _read_rules(self, workspace_id: str, after: int | None) -> _RulesRead | None:
        with self._database.read() as tx:
            version = workspaces.version(tx, workspace_id)
            workspace = workspaces.get(tx, workspace_id)
            if version is None or workspace is None:
                return None
            if after is not None:
                since = changes.since(tx, workspace_id, after=after, limit=MOST_CHANGES + 1)
                if _drops_values_only(since, after=after, version=version):
                    return _RulesRead(version, None, since)
            rules = rules_of(tx, workspace, catalogues=self._catalogues, tokens=self._tokens)
            return _RulesRead(version, rules, [])

    def _read_value(self, rules: Rules, version: int, kind: str, id: str) -> _ValueRead:
        with self._database.read() as tx:
            now = workspaces.version(tx, rules.workspace.id)
            if now != version:
                return _ValueRead(-1 if now is None else now, None)
            return _ValueRead(version, load(tx, rules, kind, id))

    def _read_slug(self, slug: str) -> str | None:
        with self._database.read() as tx:
            workspace = workspaces.by_slug(tx, slug)
            return None if workspace is None else workspace.id

    def _read_key_workspace(self, key_id: str) -> str | None:
        with self._database.read() as tx:
            key = api_keys.get(tx, key_id)
            return None if key is None else key.workspace_id


@dataclass(frozen=True, slots=True)
class View:
    """A workspace as it was at or after the moment it was asked for."""

    authority: Authority
    rules: Rules

    @property
    def workspace(self) -> Workspace:
        return self.rules.workspace

    def principal(self, id: str) -> Awaitable[Holder | None]:
        """A principal of this workspace with what it holds now."""
        return self._value("principal", id)

    async def holder(self, id: str, *, issued_at: datetime | None = None) -> Holder | None:
        """Who presents something that was issued then, or that lasts, as a key does.

        None for who is gone or disabled, or was signed out everywhere since.
        """
        holder = await self.principal(id)
        if holder is None or holder.principal.disabled_at is not None:
            return None
        return None if issued_at is not None and holder.has_lost(issued_at) else holder

    async def client(self, id: str) -> Client | None:
        """A client of this workspace, by its id or its name in the protocol."""
        client: Client | None = await self._value("client", kept_id(self.workspace.id, id))
        if client is None or client.document_url is None:
            return client
        return client if self.workspace.policy.client_id_metadata_documents else None

    async def is_session_open(self, id: str) -> bool:
        """Whether a session of this workspace is there and nobody has ended it."""
        return bool(await self._value("session", id))

    def gateway_session(self, cookie_hash: str) -> Awaitable[GatewaySession | None]:
        """The browser of this cookie at an application's host, its session live or not."""
        return self._value("gateway_session", cookie_hash)

    def api_key(self, id: str) -> Awaitable[ApiKey | None]:
        """An API key of this workspace, live or not."""
        return self._value("api_key", id)

    async def chain(self, key: ApiKey) -> list[ApiKey]:
        """A key, the key by which it was made, and so on; empty when one of them is gone.

        Each is a value of its own, so what changes one of them is seen by all below it.
        """
        found = [key]
        while found[-1].parent_id is not None:
            parent = await self.api_key(found[-1].parent_id)
            if parent is None:
                return []
            found.append(parent)
        return found

    async def is_token_revoked(self, token_id: str) -> bool:
        """Whether this very token was revoked."""
        return bool(await self._value("token", token_id))

    def _value(self, kind: str, id: str) -> Awaitable[Any]:
        return self.authority.value(self.rules.workspace.id, kind, id)


@dataclass(frozen=True, slots=True)
class _RulesRead:
    version: int
    rules: Rules | None
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class _ValueRead:
    version: int
    value: Any


def _drops_values_only(since: list[Change], *, after: int, version: int) -> bool:
    """Whether going on from these changes is enough: all are there, and none is about the rules."""
    complete = len(since) == version - after and len(since) <= MOST_CHANGES
    return complete and all(change.kind in STALE_AFTER for change in since)
