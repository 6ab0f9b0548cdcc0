"""Answer resource servers: may this one do that on a resource with these tags, and where may they?

Nothing is written. What is held comes from memory, what the tags give from one read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from scopewright.authority import View
from scopewright.core import decisions
from scopewright.core.access_policies import Asker
from scopewright.core.caller import Caller, needs
from scopewright.core.decisions import (
    Decision,
    Evaluation,
    Ground,
    Semantic,
    Subject,
    Tags,
    TagsGiving,
    asker_of,
    tags_by_subject,
)
from scopewright.core.model import Principal
from scopewright.core.scopes import NONE, Scopes
from scopewright.store import access_decisions, access_tags, user_names
from scopewright.store.access_decisions import Found
from scopewright.store.database import Database


@dataclass(frozen=True, slots=True)
class _Read:
    """What the database has about one subject."""

    principal: Principal | None
    found: Found


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decides for resource servers. Who is not known is refused like who holds nothing."""

    database: Database

    @needs("decisions:read")
    async def evaluate(
        self, _caller: Caller, view: View, asked: Sequence[Evaluation], semantic: Semantic
    ) -> list[Decision]:
        """A decision for each question, in order, up to the one at which they end."""
        grounds = await self._grounds(view, tags_by_subject(asked))
        decided = (grounds[one.subject].decided(one.action, one.tags) for one in asked)
        return list(semantic.cut(decided))

    @needs("decisions:read")
    async def actions(
        self, _caller: Caller, view: View, subject: Subject, tags: Tags | None
    ) -> Scopes:
        """Every action of which `evaluate` says yes for this subject and resource."""
        made = await self._grounds(view, {subject: tags or frozenset()})
        return made[subject].actions(tags)

    @needs("decisions:read")
    async def scopes(
        self, _caller: Caller, view: View, subject: Subject, tags: Tags | None
    ) -> Scopes:
        """All that somebody may do on a resource with these tags; None: it can have none."""
        grounds = await self._grounds(view, {subject: tags or frozenset()})
        return grounds[subject].allowed(tags)

    @needs("decisions:read")
    async def tags_giving(
        self, _caller: Caller, view: View, subject: Subject, scopes: Scopes
    ) -> TagsGiving:
        """The tags by which somebody sees resources, and has these scopes on them."""
        here = view.workspace.id
        read = await asyncio.to_thread(self._read_all, here, subject)
        asker = await self._asker(view, subject, read.principal)
        giving = _ground(asker, view, read.found).tags_giving(scopes)
        if not giving.everything:
            return giving
        return replace(giving, tags=giving.tags | await asyncio.to_thread(self._every_tag, here))

    @needs("decisions:read")
    async def tags_of_new(self, _caller: Caller, view: View, subject: Subject, tags: Tags) -> Tags:
        """The tags of a resource that somebody makes; their own where they want none.

        Raises:
            Invalid, Forbidden: as `core.access_tags.AccessTags.tags_of_new`.
        """
        made = (await self._grounds(view, {subject: tags}, owned=True))[subject]
        return made.policy.tags_of_new(made.asker, tags)

    @needs("decisions:read")
    async def retagged(
        self, _caller: Caller, view: View, subject: Subject, *, before: Tags, after: Tags
    ) -> Tags:
        """The tags that a resource has after somebody has changed them.

        Raises:
            Invalid, Forbidden: as `core.decisions.Ground.retagged`.
        """
        changed = (await self._grounds(view, {subject: before | after}, owned=True))[subject]
        return changed.retagged(before=before, after=after)

    # --- what is looked up ----------------------------------------------------------------------

    async def _grounds(
        self, view: View, asked: Mapping[Subject, Tags], *, owned: bool = False
    ) -> Mapping[Subject, Ground]:
        here = view.workspace.id
        read = await asyncio.to_thread(self._read, here, asked, owned)
        return {
            subject: _ground(await self._asker(view, subject, one.principal), view, one.found)
            for subject, one in read.items()
        }

    @staticmethod
    async def _asker(view: View, subject: Subject, principal: Principal | None) -> Asker:
        holder = None if principal is None else await view.principal(principal.id)
        if holder is None or holder.principal.disabled_at is not None:
            return asker_of(subject, None, NONE, view.rules.vocabulary)
        return asker_of(subject, holder.principal, holder.held, view.rules.vocabulary)

    def _read(
        self, here: str, asked: Mapping[Subject, Tags], owned: bool
    ) -> Mapping[Subject, _Read]:
        with self.database.read() as tx:
            named = user_names.principals_named(tx, here, _names(asked))
            found = {}
            for subject, tags in asked.items():
                principal = named.get(subject.name)
                holders = access_decisions.holders(tx, principal)
                on_tags = access_decisions.on_tags(tx, here, holders, tags, owned=owned)
                found[subject] = _Read(principal, on_tags)
            return found

    def _read_all(self, here: str, subject: Subject) -> _Read:
        with self.database.read() as tx:
            principal = user_names.principals_named(tx, here, _names([subject])).get(subject.name)
            holders = access_decisions.holders(tx, principal)
            return _Read(principal, access_decisions.by_any_tag(tx, here, holders))

    def _every_tag(self, here: str) -> Tags:
        with self.database.read() as tx:
            return access_tags.names(tx, here)


def _names(subjects: Iterable[Subject]) -> list[str]:
    return [subject.name for subject in subjects if subject.name]


def _ground(asker: Asker, view: View, found: Found) -> Ground:
    return decisions.ground(
        asker,
        view.rules.vocabulary,
        known=found.known,
        public=found.public,
        given=found.given,
        owned=found.owned,
    )
