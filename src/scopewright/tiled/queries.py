"""What somebody may see, in Tiled's words: the queries by which it narrows a container."""

from __future__ import annotations

from typing import Any

from tiled.access_control.access_policies import NO_ACCESS

from scopewright.core.visibility import Filter
from tiled import queries


def queries_of(seen: Filter, *, key: str | None = None) -> Any:
    """A list of queries that are all to hold, or Tiled's word for nothing at all.

    Resources are named by their keys or, where `key` is given, by that entry of their metadata.
    """
    if seen.is_nothing:
        return NO_ACCESS
    if seen.names is not None:
        names = sorted(seen.names)
        return [queries.KeysFilter(names) if key is None else queries.In(key, names)]
    return [_any_of(sorted(one_of)) for one_of in sorted(seen.tags or (), key=sorted)]


def _any_of(tags: list[str]) -> Any:
    if hasattr(queries, "AccessTagsFilter"):
        return queries.AccessTagsFilter(tags)
    return queries.AccessBlobFilter(user_id=None, tags=tags)  # before 0.2.19
