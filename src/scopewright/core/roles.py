"""The role graph: what a bundle of roles contains.

Roles include scopes and other roles. The closure is computed, never stored; it ends on cyclic and
dangling graphs, and says what is missing instead of failing or repairing it in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scopewright.core.scopes import NONE, Scopes


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one role says itself: its scopes and the roles it includes."""

    scopes: Scopes = NONE
    includes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Expansion:
    """The closure of some roles: every role reached, every scope, every include without a role."""

    roles: frozenset[str]
    scopes: Scopes
    missing: frozenset[str]


class RoleGraph:
    """Roles by name, immutable. `expand` and `would_cycle` are iterative: depth is no limit.

    `aliases` are names that stand for others, as far as no role is called so.
    """

    def __init__(
        self, bundles: Mapping[str, Bundle], aliases: Mapping[str, str] | None = None
    ) -> None:
        self._bundles = dict(bundles)
        for alias, role in (aliases or {}).items():
            # An alias is a role that says nothing but the other; it is no name of its own.
            self._bundles.setdefault(alias, Bundle(includes=frozenset({role})))

    def __contains__(self, role: str) -> bool:
        return role in self._bundles

    def expand(self, names: Iterable[str]) -> Expansion:
        """Everything that holding these roles means."""
        reached: set[str] = set()
        scopes: set[str] = set()
        missing: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            bundle = self._bundles.get(name)
            if bundle is None:
                missing.add(name)
            elif name not in reached:
                reached.add(name)
                scopes |= bundle.scopes
                waiting.extend(bundle.includes)
        return Expansion(frozenset(reached), frozenset(scopes), frozenset(missing))

    def would_cycle(self, role: str, include: str) -> tuple[str, ...]:
        """The cycle that `role` including `include` would close, as a path; empty if none."""
        came_from: dict[str, str] = {include: role}
        waiting = [include]
        while waiting:
            name = waiting.pop()
            if name == role:
                return self._path(role, include, came_from)
            for following in sorted(self._bundles.get(name, Bundle()).includes):
                if following not in came_from:
                    came_from[following] = name
                    waiting.append(following)
        return ()

    @staticmethod
    def _path(role: str, include: str, came_from: Mapping[str, str]) -> tuple[str, ...]:
        path = [role]
        name = role
        while name != include:
            name = came_from[name]
            path.append(name)
        path.append(role)
        return tuple(reversed(path))
