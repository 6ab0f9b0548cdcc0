"""Define, change and delete access tags: what a resource that carries one lets whom do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scopewright.clock import Clock
from scopewright.core import delegation
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import NotFound
from scopewright.core.holdings import check_takes_scopes
from scopewright.core.model import ChangeKind, PrincipalKind
from scopewright.core.said_tags import Known, SaidTag, ShownTag, put_into
from scopewright.core.tag_definitions import (
    TagDefinition,
    TagGrant,
    check_free,
    check_nested,
    check_tag_name,
    given_by,
    refuse_nested_elsewhere,
)
from scopewright.store import (
    access_tags,
    audit,
    clients,
    holdings,
    principals,
    user_names,
    vocabulary,
    workspaces,
)
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window


@dataclass(frozen=True, slots=True)
class AccessTags:
    """What can be done with a workspace's access tags."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    @needs("access-tags:read")
    def page(self, caller: Caller, *, window: Window) -> Page[ShownTag]:
        """The tags of the workspace, by name."""
        with self.database.read() as tx:
            found = access_tags.page(tx, caller.workspace_id, window=window)
            return Page(tuple(_shown(tx, caller.workspace_id, found.items)), found.cursor)

    @needs("access-tags:read")
    def show(self, caller: Caller, *, name: str) -> ShownTag:
        """One tag.

        Raises:
            NotFound: there is no such tag.
        """
        with self.database.read() as tx:
            (shown,) = _shown(tx, caller.workspace_id, [_find(tx, caller, name)])
        return shown

    @needs("access-tags:create")
    def define(self, caller: Caller, *, name: str, said: SaidTag) -> ShownTag:
        """A new tag.

        Raises:
            Invalid: the name is outside the grammar or its meaning fixed; somebody or something
                does not exist; tags would be nested in a circle, or too deep.
            Conflict: the name is taken, or a client through which people act is named.
            Escalation: it gives what the caller does not hold.
        """
        check_tag_name(name)
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.ACCESS_TAG, name, at=now)
            check_free(name, taken=access_tags.names(tx, here))
            after = self._checked(tx, caller, TagDefinition(name), said)
            access_tags.add(tx, here, after, by=caller.principal.id, at=now)
            audit.record(tx, caller, "access-tags:create", name, at=now, after=_told(after))
            (shown,) = _shown(tx, here, [after])
        return shown

    @needs("access-tags:update")
    def change(self, caller: Caller, *, name: str, said: SaidTag) -> ShownTag:
        """Change what is said of a tag; it counts for every resource that carries it, at once.

        Raises:
            NotFound: there is no such tag.
            Invalid, Conflict, Escalation: as `define`.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.ACCESS_TAG, name, at=now)
            before = _find(tx, caller, name)
            after = self._checked(tx, caller, before, said)
            access_tags.change(tx, here, before, after, by=caller.principal.id, at=now)
            facts = {"before": _told(before), "after": _told(after)}
            audit.record(tx, caller, "access-tags:update", name, at=now, **facts)
            (shown,) = _shown(tx, here, [after])
        return shown

    @needs("access-tags:delete")
    def delete(self, caller: Caller, *, name: str, force: bool = False) -> None:
        """Delete a tag: resources may carry it on, and it gives nobody anything.

        Raises:
            NotFound: there is no such tag.
            Conflict: it is nested in others, and `force` was not said.
        """
        now, here = self.clock(), caller.workspace_id
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.ACCESS_TAG, name, at=now)
            before = _find(tx, caller, name)
            above = access_tags.above(tx, here, name=name)
            refuse_nested_elsewhere(name, above, force=force)
            access_tags.remove(tx, here, name=name)
            audit.record(
                tx, caller, "access-tags:delete", name, at=now,
                before=_told(before), nested_in=above,
            )  # fmt: skip

    def _checked(
        self, tx: Transaction, caller: Caller, present: TagDefinition, said: SaidTag
    ) -> TagDefinition:
        """The tag as it is to be, if it may; it exists when this is asked."""
        here = caller.workspace_id
        words = vocabulary.here(tx, here, self.catalogues)
        after = put_into(present, said, words, _known(tx, here, present, said))
        graph = access_tags.graph(tx, here).with_tag(after)
        check_nested(graph, after, known=access_tags.names(tx, here) | {after.name})
        holds = holdings.of_giver(tx, caller, words)
        given = given_by(words, graph, before=present, after=after)
        delegation.refuse_giving(caller, words, held=holds, given=given)
        return after


def _find(tx: Transaction, caller: Caller, name: str) -> TagDefinition:
    found = access_tags.get(tx, caller.workspace_id, name=name)
    if found is None:
        raise NotFound("There is no such access tag.")
    return found


def _known(tx: Transaction, here: str, present: TagDefinition, said: SaidTag) -> Known:
    """Whom the tag speaks of, and is to.

    Raises:
        Conflict: a client through which people act is named.
    """
    users = user_names.principals_named(tx, here, said.users_named)
    for one in users.values():
        if one.kind is PrincipalKind.CLIENT:
            check_takes_scopes(one, clients.get(tx, one.id))
    groups = user_names.groups_named(tx, here, said.groups_named)
    return Known(users, groups, principals.of_ids(tx, sorted(present.mentioned)))


def _shown(tx: Transaction, here: str, tags: Iterable[TagDefinition]) -> list[ShownTag]:
    tags = list(tags)
    people = principals.of_ids(tx, sorted(frozenset().union(*(tag.mentioned for tag in tags))))
    names = user_names.names_of(tx, here, people)
    return [ShownTag(tag, people, names) for tag in tags]


def _told(tag: TagDefinition) -> dict[str, Any]:
    """A tag for the audit log."""
    return {
        "description": tag.description,
        "grants": [[one.principal_id, _word(one)] for one in sorted(tag.grants)],
        "auto_tags": sorted(tag.nested),
        "owners": sorted(tag.owners),
    }


def _word(grant: TagGrant) -> str:
    return f"role {grant.word}" if grant.is_role else grant.word
