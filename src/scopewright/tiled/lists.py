"""Access by lists at Tiled, which once had such a policy itself: the same words, our decision."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from scopewright.core.access_lists import ALL
from scopewright.core.access_policies import Asker
from scopewright.core.visibility import NOTHING
from scopewright.guard.access_lists import access_lists as lists_of
from scopewright.tiled.askers import asker_of
from scopewright.tiled.queries import queries_of


class SimpleAccessPolicy:
    """Each user's resources by name; people are known by their identity of `provider`.

    `access_lists` has a list for each user (services by their UUIDs), or `ALL`; `public` is for
    visitors alone; `scopes` caps what anybody may do. With `key`, resources are named by that entry
    of their metadata. `admins` decides nothing: nobody is more than their list.

    Raises:
        Invalid: something is of a wrong type, or not known; the detail names the place.
    """

    ALL = ALL

    def __init__(
        self,
        access_lists: Mapping[str, Any],
        *,
        provider: str,
        key: str | None = None,
        **more: Any,
    ) -> None:
        self._provider, self._key = provider, key
        said = {name: "ALL" if value is ALL else value for name, value in access_lists.items()}
        self._lists = lists_of({"access_lists": said, **more})

    async def allowed_scopes(
        self,
        node: Any,
        principal: Any,
        authn_access_tags: Collection[str] | None,
        authn_scopes: Iterable[str],
    ) -> set[str]:
        """What somebody may do with a node that they were led to.

        Tiled leads nobody to what `filters` keeps from them, and its nodes do not know their names.
        Other things than nodes may have been reached some other way.
        """
        asker = self._asker(principal, authn_access_tags, authn_scopes)
        if asker is None or not hasattr(node, "structure_family"):
            return set()
        return set(self._lists.on_reached(asker))

    async def filters(
        self,
        node: Any,  # noqa: ARG002 - lists are the same everywhere
        principal: Any,
        authn_access_tags: Collection[str] | None,
        authn_scopes: Iterable[str],
        scopes: Iterable[str],
    ) -> Any:
        """Which children of a container somebody sees and has these scopes on."""
        asker = self._asker(principal, authn_access_tags, authn_scopes)
        if asker is None:
            return queries_of(NOTHING)
        return queries_of(self._lists.visible(asker, frozenset(scopes)), key=self._key)

    def _asker(
        self, principal: Any, tags: Collection[str] | None, scopes: Iterable[str]
    ) -> Asker | None:
        return asker_of(principal, provider=self._provider, scopes=scopes, only_tags=tags)
