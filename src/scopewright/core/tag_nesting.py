"""Tags nested in tags: a tag gives what all that are nested in it give, five deep at most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scopewright.core.access_tags import PUBLIC
from scopewright.core.errors import Invalid

DEEPEST = 5
Nested = Mapping[str, frozenset[str]]


def with_nested(nested: Nested, tag: str) -> frozenset[str]:
    """A tag and all that are nested in it, however deep; it ends on circles too."""
    reached: set[str] = set()
    waiting = [tag]
    while waiting:
        name = waiting.pop()
        if name not in reached and name != PUBLIC:
            reached.add(name)
            waiting.extend(nested.get(name, ()))
    return frozenset(reached)


def check_nesting(nested: Nested, tags: Iterable[str], *, field: str) -> None:
    """Let tags be nested so, below each of these.

    Raises:
        Invalid: one comes back to itself, or is nested too deep; the detail has the way there.
    """
    heights: dict[str, int] = {}
    for tag in tags:
        _height(nested, (tag,), heights, field)


def _height(nested: Nested, path: tuple[str, ...], heights: dict[str, int], field: str) -> int:
    """How many tags stand below the last one of a path."""
    *above, tag = path
    way = f"tags.{path[0]}: {' → '.join(path)}"
    if tag in above:
        raise Invalid(f"{way} comes back to itself.", field=field)
    if len(above) + heights.get(tag, 0) > DEEPEST:
        raise Invalid(f"{way} is nested deeper than {DEEPEST}.", field=field)
    if tag not in heights:
        below = (
            _height(nested, (*path, one), heights, field)
            for one in sorted(nested.get(tag, frozenset()) - {PUBLIC})
        )
        heights[tag] = 1 + max(below, default=-1)
    return heights[tag]
