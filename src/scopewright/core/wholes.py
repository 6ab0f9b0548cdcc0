"""Scopes that are made of others: who holds the whole holds its parts, and the other way round.

So two names for one thing are a whole of one part, and a scope that was split later is a whole of
several. A whole opens what its parts open and nothing else (the reader of catalogues sees to it),
so nobody gains an operation by holding all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property

from scopewright.core.scopes import NONE, Requested, Scopes


@dataclass(frozen=True)
class Wholes:
    """What each whole is made of, by its name; never of nothing."""

    parts: Mapping[str, Scopes]

    @cached_property
    def of_part(self) -> Mapping[str, Scopes]:
        """The wholes in which each part is."""
        found = defaultdict[str, set[str]](set)
        for whole, parts in self.parts.items():
            for part in parts:
                found[part].add(whole)
        return {part: frozenset(wholes) for part, wholes in found.items()}

    def brought_by(self, name: str, reached: Set[str]) -> Iterator[str]:
        """What a scope brings where all of `reached`, itself among them, are held.

        That are its parts, and each whole that is complete now.
        """
        yield from self.parts.get(name, NONE)
        for whole in self.of_part.get(name, NONE):
            if self.parts[whole] <= reached:
                yield whole

    def completed(self, names: Scopes) -> Scopes:
        """These names with all that is the same: the parts of wholes, the wholes of parts."""
        if not self.parts:
            return names
        reached: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting.extend(self.brought_by(name, reached))
        return frozenset(reached)

    def meant_by(self, requested: Requested) -> Requested:
        """What is asked for, in every spelling of it; so the answer is found by any of them."""
        if requested.names is None or not self.parts:
            return requested
        return Requested(self.completed(requested.names), requested.protocol)


NO_WHOLES = Wholes({})
