"""Figures, their medians, and the bounds they are held against."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What one round gave: ``value`` in the row's unit.

    Latencies are in milliseconds, ``processor`` in microseconds of the server a request; None where
    the round has no such thing.
    """

    value: float
    p50: float | None = None
    p99: float | None = None
    processor: float | None = None


Contestant = Callable[[int], Figure]
"""Something to measure: called with the seconds a round takes."""


@dataclass(frozen=True)
class Series:
    """The rounds of one contestant."""

    rounds: Sequence[Figure]

    @property
    def value(self) -> float:
        return statistics.median(figure.value for figure in self.rounds)

    @property
    def least(self) -> float:
        return min(figure.value for figure in self.rounds)

    @property
    def most(self) -> float:
        return max(figure.value for figure in self.rounds)

    def median(self, name: str) -> float | None:
        """The median of a field that some rounds do not have."""
        values = [value for figure in self.rounds if (value := getattr(figure, name)) is not None]
        return statistics.median(values) if values else None


@dataclass(frozen=True)
class Bound:
    """A floor or a goal: ``factor`` times what ``of`` does, or ``factor`` itself.

    ``contestant`` is who is bound by it. Both are named by the start of a contestant's name.
    """

    factor: float
    of: str = ""
    contestant: str = "scopewright SQLite"
    at_most: bool = False

    def limit(self, results: dict[str, Series]) -> float | None:
        """The bound in the row's unit; None when what it compares with was not measured."""
        if not self.of:
            return self.factor
        other = find(results, self.of)
        return self.factor * other.value if other else None

    def holds(self, results: dict[str, Series]) -> bool | None:
        """Whether it is reached; None when either side was not measured."""
        bound, limit = find(results, self.contestant), self.limit(results)
        if bound is None or limit is None:
            return None
        return bound.value <= limit if self.at_most else bound.value >= limit


def find(results: dict[str, Series], name: str) -> Series | None:
    """The results of the contestant whose name starts with ``name``."""
    return next((series for key, series in results.items() if key.startswith(name)), None)
