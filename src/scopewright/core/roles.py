"""The role graph: what a bundle of roles contains.

Roles include scopes and other roles. The closure is computed, never stored; it ends on cyclic and
dangling graphs, and says what is missing instead of failing or repairing it in silence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

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


_NOTHING = Bundle()


class RoleGraph:
    """Roles by name, immutable. All that it answers is found iteratively: depth is no limit.

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

    @property
    def names(self) -> Collection[str]:
        """Every role, by each of its spellings."""
        return self._bundles.keys()

    def bundle(self, role: str) -> Bundle:
        """What a role says itself; nothing where there is none of this name."""
        return self._bundles.get(role, _NOTHING)

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

    def above(self, names: Iterable[str]) -> frozenset[str]:
        """These names and every role from which one of them is reached."""
        reached: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting.extend(self._included_by.get(name, ()))
        return frozenset(reached)

    @cached_property
    def missing(self) -> frozenset[str]:
        """Every name that is included and has no role."""
        return frozenset(self._included_by.keys() - self._bundles.keys())

    @property
    def depth(self) -> int:
        """How many roles stand in one another at most; what leads into a circle is left out."""
        return max(self._depths.values(), default=0)

    @cached_property
    def _depths(self) -> Mapping[str, int]:
        """How many roles stand below each, with itself; those that lead into a circle have none."""
        depths: dict[str, int] = {}
        unknown = {name: len(self._present(name)) for name in self._bundles}
        ready = [name for name, number in unknown.items() if number == 0]
        while ready:
            name = ready.pop()
            depths[name] = 1 + max((depths[below] for below in self._present(name)), default=0)
            for over in self._included_by.get(name, ()):
                unknown[over] -= 1
                if unknown[over] == 0:
                    ready.append(over)
        return depths

    @cached_property
    def _included_by(self) -> Mapping[str, list[str]]:
        above: dict[str, list[str]] = {}
        for name, bundle in self._bundles.items():
            for include in bundle.includes:
                above.setdefault(include, []).append(name)
        return above

    def _present(self, name: str) -> frozenset[str]:
        return self._bundles[name].includes - self.missing

    def circle(self, role: str) -> tuple[str, ...]:
        """The way in which a role includes itself, as a path; empty if it does not."""
        includes = self.bundle(role).includes
        if role in self._depths or role not in self.expand(includes).roles:
            return ()
        circles = (self.would_cycle(role, include) for include in sorted(includes))
        return next(path for path in circles if path)

    def would_cycle(self, role: str, include: str) -> tuple[str, ...]:
        """The cycle that `role` including `include` would close, as a path; empty if none."""
        came_from: dict[str, str] = {include: role}
        waiting = [include]
        while waiting:
            name = waiting.pop()
            if name == role:
                return self._path(role, include, came_from)
            for following in sorted(self.bundle(name).includes):
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
