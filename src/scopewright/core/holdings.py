"""What a principal holds: its grants and roles, closed, within the words that exist now."""

from __future__ import annotations

from collections.abc import Iterable

from scopewright.core.catalogue import Vocabulary
from scopewright.core.scopes import Scopes


def held(vocabulary: Vocabulary, granted: Iterable[str], assigned: Iterable[str]) -> Scopes:
    """All scopes of a principal with these grants and roles.

    A grant whose scope was deleted since gives nothing: only words of the vocabulary are held.
    """
    return vocabulary.close(frozenset(granted) | vocabulary.graph.expand(assigned).scopes)
