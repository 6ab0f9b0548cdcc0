"""A node's tags: since Tiled 0.2.19 they are a set, before that they stood in an `access_blob`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scopewright.core.access_tags import USER

Tags = frozenset[str]


def tags_on(node: Any) -> Tags | None:
    """The tags of a node; None for one that cannot carry any."""
    if hasattr(node, "access_tags"):
        return tags_in(node.access_tags)
    return tags_in(node.access_blob) if hasattr(node, "access_blob") else None


def tags_in(said: Any) -> Tags:
    """The tags that somebody says in either way; none where they say nothing.

    Raises:
        ValueError: it is neither.
    """
    own = said.get("user") if isinstance(said, Mapping) else None
    if own is not None:
        return frozenset({f"{USER}{own}"})
    tags = said.get("tags") if isinstance(said, Mapping) else said
    if tags is None:
        return frozenset()
    if isinstance(tags, str) or not all(isinstance(one, str) for one in tags):
        raise ValueError("Access tags are a list of names.")
    return frozenset(tags)


def in_blob(tags: Tags) -> dict[str, list[str]]:
    """Tags as Tiled wanted them before 0.2.19."""
    return {"tags": sorted(tags)}
