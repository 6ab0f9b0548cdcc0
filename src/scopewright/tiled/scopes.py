"""Tiled's own scopes: the names that it knows today, and what became of those of before."""

from __future__ import annotations

from collections.abc import Iterable

from scopewright.core.scopes import Scopes

INHERIT = "inherit"  # stands beside the scopes of an API key of Tiled's, and is none
_SUCCESSORS = {"create": ("create:node",), "apikeys": ("create:apikeys", "revoke:apikeys")}


def as_tiled_says(scopes: Iterable[str]) -> Scopes:
    """The same scopes, those whose names Tiled has changed by their names of today."""
    return frozenset(now for scope in scopes for now in _SUCCESSORS.get(scope, (scope,)))


def plain(scopes: Iterable[str]) -> Scopes:
    """Scopes as Tiled hands them over, its enumeration or words, as words; without `inherit`."""
    words = (str(getattr(scope, "value", scope)) for scope in scopes)
    return frozenset(words) - {INHERIT}
