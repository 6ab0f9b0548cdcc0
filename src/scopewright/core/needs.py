"""Which catalogue roles supply the scopes that are needed, with the least beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import or_

from scopewright.core.catalogue import Vocabulary
from scopewright.core.scopes import NONE, Scopes

MOST_STEPS = 10_000  # of a search; the best that was found by then is suggested


@dataclass(frozen=True, slots=True)
class Supply:
    """Roles with what they supply of the needed scopes, and what they bring beside them."""

    roles: frozenset[str] = frozenset()
    supplied: Scopes = NONE
    beside: Scopes = NONE

    def __or__(self, other: Supply) -> Supply:
        return Supply(
            self.roles | other.roles, self.supplied | other.supplied, self.beside | other.beside
        )

    @property
    def cost(self) -> tuple[int, int]:
        """By which of two the better is told: what comes beside, then the number of roles."""
        return len(self.beside), len(self.roles)


@dataclass(frozen=True, slots=True)
class Answer:
    """Who supplies each needed scope, the one with the least beside first; and who supplies all."""

    by_scope: Mapping[str, tuple[Supply, ...]]
    suggestion: Supply


def answer(vocabulary: Vocabulary, needed: Scopes) -> Answer:
    """Which catalogue roles supply these scopes; what they imply themselves counts for nothing."""
    implied = vocabulary.close(needed)
    useful = []
    for role in (role.name for catalogue in vocabulary.catalogues for role in catalogue.roles):
        brought = vocabulary.scopes_of([role])
        if supplied := brought & needed:
            useful.append(Supply(frozenset({role}), supplied, brought - implied))
    useful.sort(key=_order)
    return Answer(
        {scope: tuple(_suppliers(scope, useful)) for scope in sorted(needed)}, suggestion(useful)
    )


def suggestion(useful: Iterable[Supply]) -> Supply:
    """Those of them that supply together what all of them do, with the least beside it.

    Of equally good sets it is one of the smallest. Where there are too many to try all, it is the
    best that was found; always the same, and never with one that the others make superfluous.
    """
    every = sorted(useful, key=_order)
    needed = frozenset[str]().union(*(one.supplied for one in every))
    by_scope = {scope: _suppliers(scope, every) for scope in needed}
    return _without_superfluous(_best(by_scope, _greedy(every, needed)), every)


def _suppliers(scope: str, useful: Iterable[Supply]) -> list[Supply]:
    return [one for one in useful if scope in one.supplied]


def _order(supply: Supply) -> tuple[tuple[int, int], list[str]]:
    return supply.cost, sorted(supply.roles)


def _greedy(every: Sequence[Supply], needed: Scopes) -> Supply:
    """Always the one next that brings the least beside for each scope that it supplies."""
    chosen = Supply()
    while chosen.supplied != needed:
        further = [one for one in every if not one.supplied <= chosen.supplied]
        chosen |= min(further, key=partial(_price, chosen=chosen))
    return chosen


def _price(one: Supply, chosen: Supply) -> float:
    return len(one.beside - chosen.beside) / len(one.supplied - chosen.supplied)


def _best(by_scope: Mapping[str, list[Supply]], best: Supply) -> Supply:
    """The best set that a bounded search finds: one supplier of each scope, the rarest first."""
    rarest_first = sorted(by_scope, key=lambda scope: (len(by_scope[scope]), scope))
    waiting = [Supply()]
    for _ in range(MOST_STEPS):
        if not waiting:
            break
        chosen = waiting.pop()
        if chosen.cost >= best.cost:
            continue
        scope = next((s for s in rarest_first if s not in chosen.supplied), None)
        if scope is None:
            best = chosen
        else:
            waiting.extend(chosen | one for one in reversed(by_scope[scope]))
    return best


def _without_superfluous(chosen: Supply, every: Iterable[Supply]) -> Supply:
    parts = [one for one in every if one.roles <= chosen.roles]
    for one in sorted(parts, key=_order, reverse=True):
        others = [other for other in parts if other is not one]
        if reduce(or_, others, Supply()).supplied == chosen.supplied:
            parts = others
    return reduce(or_, parts, Supply())
