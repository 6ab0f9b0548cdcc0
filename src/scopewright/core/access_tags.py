"""Access by tags: a resource carries tags, and each says who may do what with all that carry it.

`public` lets everybody read. `user:NAME` and `service:ID` are for that one alone; a new resource
that is given no tag gets its creator's. Who may have tagged and retagged what is decided here, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from scopewright.core import visibility
from scopewright.core.access_policies import PUBLIC_SCOPES, SEEING, Asker
from scopewright.core.errors import Forbidden, Invalid
from scopewright.core.scopes import NONE, Scopes, spell
from scopewright.core.visibility import Filter

PUBLIC = "public"
USER, SERVICE = "user:", "service:"
KEPT = frozenset({SEEING, "write:metadata"})  # what nobody takes from themselves
ADMINISTERS = "admin:apikeys"

Tags = frozenset[str]


@dataclass(frozen=True)
class AccessTags:
    """What each tag gives to whom, groups and nested tags spelled out.

    `grants` has by tag the scopes of each name. `public` are tags that let everybody read. `owners`
    may put a tag on a resource and take it off. Who holds the scope `administers` may do anything.
    """

    grants: Mapping[str, Mapping[str, Scopes]] = field(default_factory=dict)
    owners: Mapping[str, frozenset[str]] = field(default_factory=dict)
    public: Tags = frozenset()
    administers: str = ADMINISTERS

    # --- what may be done -----------------------------------------------------------------------

    def allowed(self, asker: Asker, _name: str, tags: Tags = frozenset()) -> Scopes:
        """The scopes of somebody on a resource with these tags, whatever its name."""
        counting = tags if asker.only_tags is None else tags & asker.only_tags
        if self._is_administrator(asker):
            return asker.scopes if counting or asker.only_tags is None else NONE
        return NONE.union(*(self._given_by(tag, asker) for tag in counting)) & asker.scopes

    def visible(self, asker: Asker, scopes: Scopes) -> Filter:
        """The resources that somebody sees and has all of these scopes on."""
        scopes |= {SEEING}
        if not scopes <= asker.scopes:
            return visibility.NOTHING
        if self._is_administrator(asker):
            only = asker.only_tags
            return visibility.EVERYTHING if only is None else visibility.any_of_tags(only)
        return visibility.any_of_tags(*(self._tags_giving(scope, asker) for scope in scopes))

    def _is_administrator(self, asker: Asker) -> bool:
        return self.administers in asker.scopes

    def _given_by(self, tag: str, asker: Asker) -> Scopes:
        """What a tag gives, whatever else limits it."""
        if tag == own_tag(asker):
            return asker.scopes
        given = self.grants.get(tag, {}).get(asker.name or "", NONE)
        return given | PUBLIC_SCOPES if self.is_public(tag) else given

    def _tags_giving(self, scope: str, asker: Asker) -> Tags:
        giving = self._granting.get((asker.name or "", scope), frozenset())
        own = own_tag(asker)
        if own is not None:
            giving |= {own}
        if scope in PUBLIC_SCOPES:
            giving |= {PUBLIC, *self.public}
        return giving if asker.only_tags is None else giving & asker.only_tags

    @cached_property
    def _granting(self) -> Mapping[tuple[str, str], Tags]:
        """By name and scope, the tags that give it."""
        found = defaultdict[tuple[str, str], set[str]](set)
        for tag, grants in self.grants.items():
            for name, scopes in grants.items():
                for scope in scopes:
                    found[name, scope].add(tag)
        return {key: frozenset(tags) for key, tags in found.items()}

    def is_public(self, tag: str) -> bool:
        """Whether a tag lets everybody read."""
        return tag == PUBLIC or tag in self.public

    # --- who may tag ----------------------------------------------------------------------------

    def tags_of_new(self, asker: Asker, wanted: Tags = frozenset()) -> Tags:
        """The tags of a resource that somebody makes; their own where they want none.

        Raises:
            Invalid, Forbidden: as `retagged`; or nobody knows who makes it.
        """
        own = own_tag(asker)
        if own is None:
            raise Forbidden("Somebody unknown can have nothing of their own.")
        return self.retagged(asker, before=None, after=wanted or frozenset({own}))

    def retagged(self, asker: Asker, *, before: Tags | None, after: Tags) -> Tags:
        """The tags that a resource has from now on; `before` is None for a new one.

        Raises:
            Invalid: a tag that nobody has defined.
            Forbidden: a tag is put on or taken off by somebody who does not own it; or they would
                no longer see the resource, or could no longer change it.
        """
        for tag in sorted(after - (before or frozenset())):
            self._check_known(tag)
        if self._is_administrator(asker):
            return after
        for tag in sorted((before or frozenset()) ^ after):
            self._check_owned(asker, tag)
        self._check_kept(asker, before, after)
        return after

    def _check_known(self, tag: str) -> None:
        if not (tag in self.grants or self.is_public(tag) or tag.startswith((USER, SERVICE))):
            raise Invalid(f"There is no tag {tag}.", field="access_tags")

    def _check_owned(self, asker: Asker, tag: str) -> None:
        if tag == PUBLIC:
            raise Forbidden("Only an administrator makes something public.")
        if tag != own_tag(asker) and asker.name not in self.owners.get(tag, frozenset()):
            raise Forbidden(f"The tag {tag} is not yours to put on or take off.")

    def _check_kept(self, asker: Asker, before: Tags | None, after: Tags) -> None:
        """What one had before must be left; of a new resource, whatever one's credential has."""
        had = asker.scopes if before is None else self.allowed(asker, "", before)
        lost = had & KEPT - self.allowed(asker, "", after)
        if lost:
            raise Forbidden(f"With these tags you would lose {spell(lost)} on it yourself.")


def own_tag(asker: Asker) -> str | None:
    """The tag that is somebody's alone; nobody has none."""
    if asker.name is None:
        return None
    return f"{SERVICE if asker.is_service else USER}{asker.name}"
