"""The role graph in this process: how long closures take. No peer has the like."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

from bench.figures import Contestant, Figure
from bench.stage import Stage
from scopewright.catalogues import read_shipped
from scopewright.core.catalogue import Vocabulary
from scopewright.core.holdings import held
from scopewright.core.roles import Bundle, RoleGraph

ROLES, DEPTH = 1_000, 50


def catalogue(stage: Stage) -> Mapping[str, Contestant]:  # noqa: ARG001
    """All that comes with a role, for each role of the largest catalogue that ships."""
    words = Vocabulary((read_shipped(internal_prefix="iotman")["mindsphere"],))
    roles = list(words.every_role)

    def closures() -> None:
        for role in roles:
            held(words, (), [role])

    return {"closure": partial(_milliseconds, closures)}


def deep_graph(stage: Stage) -> Mapping[str, Contestant]:  # noqa: ARG001
    """A graph of so many roles that stand so deep in one another, built and expanded."""
    wide = ROLES // DEPTH
    bundles = {
        f"{level}.{number}": Bundle(
            frozenset({f"scope.{level}.{number}"}),
            frozenset(f"{level + 1}.{below}" for below in range(wide) if level + 1 < DEPTH),
        )
        for level in range(DEPTH)
        for number in range(wide)
    }
    tops = [f"0.{number}" for number in range(wide)]

    def expansion() -> None:
        found = RoleGraph(bundles).expand(tops)
        assert len(found.scopes) == ROLES

    return {"expansion": partial(_milliseconds, expansion)}


def _milliseconds(once: Callable[[], None], seconds: int) -> Figure:
    """What one call takes, of as many as there is time for; the first only fills caches."""
    once()
    calls, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        once()
        calls += 1
    return Figure((time.perf_counter() - begun) * 1000 / calls)
