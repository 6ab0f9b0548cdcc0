"""Access by lists: each person's resources by name, and a cap on what anybody may do with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum

from scopewright.core import visibility
from scopewright.core.access_policies import SEEING, Asker
from scopewright.core.scopes import NONE, Scopes
from scopewright.core.visibility import Filter


class Every(Enum):
    """Said instead of a list: each resource that there is."""

    ALL = "all"


ALL = Every.ALL
Listed = Collection[str] | Every


@dataclass(frozen=True)
class AccessLists:
    """Who may have which resources. Services stand there by their ids.

    `public` is for visitors who show nothing, and for nobody else: who is known has a list or has
    nothing. `scopes` caps what may be done, by whomever; None caps nothing.
    """

    lists: Mapping[str, Listed] = field(default_factory=dict)
    public: Collection[str] = ()
    scopes: Collection[str] | None = None

    def allowed(self, asker: Asker, name: str, _tags: frozenset[str] = frozenset()) -> Scopes:
        """The scopes of somebody on a resource, whatever its tags."""
        listed = self._listed(asker)
        return self._most(asker) if isinstance(listed, Every) or name in listed else NONE

    def visible(self, asker: Asker, scopes: Scopes) -> Filter:
        """The resources that somebody sees and has all of these scopes on."""
        listed = self._listed(asker)
        if not scopes | {SEEING} <= self._most(asker):
            return visibility.NOTHING
        return visibility.EVERYTHING if isinstance(listed, Every) else visibility.named(listed)

    def on_reached(self, asker: Asker) -> Scopes:
        """The scopes of somebody on what they were led to by `visible`, where nothing has a name.

        Containers on the way are reached by everybody: who has nothing in them may look at most.
        """
        most = self._most(asker)
        return most if self._listed(asker) else most & {SEEING}

    def _listed(self, asker: Asker) -> Listed:
        if asker.only_tags is not None:
            return ()  # lists know no tags, so there is nothing that it is good for
        if asker.name is None:
            return self.public
        return self.lists.get(asker.name, ())

    def _most(self, asker: Asker) -> Scopes:
        return asker.scopes if self.scopes is None else asker.scopes.intersection(self.scopes)
