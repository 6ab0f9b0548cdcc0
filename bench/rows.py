"""The rows of the table: what is measured, on whom, and what it must reach.

To add a row, add it to `ROWS`: a name, who takes part, and its bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bench import console, crowd, growth, guard, limits, roles, visible
from bench.figures import Bound, Contestant, Figure
from bench.load import Request, run
from bench.ours import Ours, refresh_request, whoami_request
from bench.processes import processor_seconds, resident_bytes
from bench.stage import Stage
from bench.target import (
    Target,
    discovery_request,
    introspection_request,
    jwks_request,
    token_request,
)

NODE = "oidc-provider"
ON_POSTGRESQL = "scopewright PostgreSQL"
POSTGRESQL_FLOOR = Bound(0.6, of="scopewright SQLite", contestant=ON_POSTGRESQL)
POSTGRESQL_GOAL = Bound(0.9, of="scopewright SQLite", contestant=ON_POSTGRESQL)
DATABASES = ("SQLite", "PostgreSQL")


def within(milliseconds: float, *whats: str) -> tuple[Bound, ...]:
    """At most so many for each of these, on each database."""
    named = (f"{database} {what}" for database in DATABASES for what in whats)
    return tuple(Bound(milliseconds, contestant=name, at_most=True) for name in named)


@dataclass(frozen=True)
class Row:
    """One line of what must be reached; ``once``: measured a single time, before any load."""

    name: str
    title: str
    contestants: Callable[[Stage], Mapping[str, Contestant]]
    floors: tuple[Bound, ...]
    goals: tuple[Bound, ...]
    unit: str = "requests/s"
    once: bool = False


def everybody(prepare: Callable[[Target], Request], stage: Stage) -> dict[str, Contestant]:
    """Ours on SQLite and the peers; what no database is asked for."""
    targets = [*(ours.target for ours in stage.ours[:1]), *stage.peers]
    return {target.name: _loaded(stage, target, partial(prepare, target)) for target in targets}


def everybody_on_each_database(
    prepare: Callable[[Target], Request], stage: Stage
) -> dict[str, Contestant]:
    """Ours on each database and the peers."""
    targets = [*(ours.target for ours in stage.ours), *stage.peers]
    return {target.name: _loaded(stage, target, partial(prepare, target)) for target in targets}


def tokens(stage: Stage) -> dict[str, Contestant]:
    """The token endpoint of everybody, beside what OpenSSL could sign."""
    return {**everybody_on_each_database(token_request, stage), "openssl": limits.signatures}


def ours_alone(prepare: Callable[[Ours], Request], stage: Stage) -> dict[str, Contestant]:
    """Ours on each database; no peer has the like."""
    return {
        ours.target.name: _loaded(stage, ours.target, partial(prepare, ours)) for ours in stage.ours
    }


def refreshes(stage: Stage) -> dict[str, Contestant]:
    """Refresh over twice as many sessions as connections, so that none waits for another."""
    return ours_alone(partial(refresh_request, sessions=2 * stage.connections), stage)


def memory(stage: Stage) -> dict[str, Contestant]:
    """Resident memory of each server's own processes."""
    targets = [*(ours.target for ours in stage.ours), *stage.peers]
    return {target.name: partial(_resident, target) for target in targets}


def _resident(target: Target, seconds: int) -> Figure:  # noqa: ARG001
    return Figure(resident_bytes(target.pids[:1]) / 1e6)


def _loaded(stage: Stage, target: Target, prepare: Callable[[], Request]) -> Contestant:
    """Rounds of load on ``target``; each is prepared anew, which verifies the answers again."""

    def contestant(seconds: int) -> Figure:
        request = prepare()
        before = processor_seconds(target.pids)
        outcome = run(request, connections=stage.connections, seconds=seconds)
        used = processor_seconds(target.pids) - before
        return Figure(
            value=outcome.requests / outcome.seconds,
            p50=outcome.p50,
            p99=outcome.p99,
            processor=used / outcome.requests * 1e6,
        )

    return contestant


ROWS = (
    Row(
        "memory",
        "Resident memory, idle, one process",
        memory,
        floors=(Bound(150, at_most=True),),
        goals=(Bound(80, at_most=True),),
        unit="MB",
        once=True,
    ),
    Row(
        "token",
        "Token: client credentials, ES256, each issue committed",
        tokens,
        floors=(Bound(1.5, of=NODE), POSTGRESQL_FLOOR),
        goals=(Bound(3, of=NODE), Bound(0.25, of="openssl"), POSTGRESQL_GOAL),
    ),
    Row(
        "introspection",
        "Introspection of an active token (oidc-provider: an opaque one, it takes no JWTs)",
        partial(everybody_on_each_database, introspection_request),
        floors=(Bound(1, of=NODE), POSTGRESQL_FLOOR),
        goals=(Bound(3, of=NODE), POSTGRESQL_GOAL),
    ),
    Row(
        "jwks",
        "JWKS",
        partial(everybody, jwks_request),
        floors=(Bound(1.3, of=NODE),),
        goals=(Bound(2, of=NODE),),
    ),
    Row(
        "discovery",
        "Discovery",
        partial(everybody, discovery_request),
        floors=(Bound(2, of=NODE),),
        goals=(Bound(2.8, of=NODE),),
    ),
    Row(
        "refresh",
        "Refresh with rotation, each rotation committed",
        refreshes,
        floors=(Bound(600), POSTGRESQL_FLOOR),
        goals=(Bound(2_000), POSTGRESQL_GOAL),
    ),
    Row(
        "api-key",
        "API key check (GET /api/whoami)",
        partial(ours_alone, whoami_request),
        floors=(Bound(3_000), POSTGRESQL_FLOOR),
        goals=(Bound(10_000), POSTGRESQL_GOAL),
    ),
    Row(
        "guard-first",
        "Guard: a JWT verified offline, at first sight",
        guard.first_sight,
        floors=(Bound(5_000, contestant="guard"),),
        goals=(Bound(1, of="openssl", contestant="guard"),),
        unit="tokens/s",
    ),
    Row(
        "guard-again",
        "Guard: a JWT verified offline, seen before",
        guard.seen_before,
        floors=(Bound(200_000, contestant="guard"),),
        goals=(Bound(500_000, contestant="guard"),),
        unit="tokens/s",
    ),
    Row(
        "catalogue",
        "Roles: the closures of all 48 roles of the largest catalogue, warm",
        roles.catalogue,
        floors=(Bound(1, contestant="closure", at_most=True),),
        goals=(Bound(0.5, contestant="closure", at_most=True),),
        unit="ms",
    ),
    Row(
        "role-graph",
        "Roles: a graph of 1,000 roles, 50 deep, built and expanded",
        roles.deep_graph,
        floors=(Bound(20, contestant="expansion", at_most=True),),
        goals=(Bound(5, contestant="expansion", at_most=True),),
        unit="ms",
    ),
    Row(
        "growth",
        "Growth: token p50 with 1 → 10,000 workspaces, 1,000 → 1,000,000 end-users,"
        " 10 → 100,000 clients",
        growth.contestants,
        floors=(Bound(1.5, of="small", contestant="large", at_most=True),),
        goals=(Bound(1.1, of="small", contestant="large", at_most=True),),
        unit="ms",
    ),
    Row(
        "api-keys",
        "API keys: p50 of a check among 1,000 keys and among 1,000,000, of 100,000 people",
        crowd.keys,
        floors=tuple(
            Bound(1.1, of=f"{database} small", contestant=f"{database} large", at_most=True)
            for database in DATABASES
        ),
        goals=(),
        unit="ms",
    ),
    Row(
        "principals",
        "Principals: a page of 100 out of 100,000, one request at a time",
        crowd.pages,
        floors=within(50, "first page", "middle page"),
        goals=within(10, "first page", "middle page"),
        unit="ms",
    ),
    Row(
        "console",
        "The console: the page of 50 out of 100,000 end-users, one request at a time",
        console.pages,
        floors=within(150, *console.PAGES),
        goals=within(50, *console.PAGES),
        unit="ms",
    ),
    Row(
        "visible",
        "Access policies: a page of 100 out of 1,000,000 nodes, as several people see them",
        visible.pages,
        floors=within(50, *visible.PEOPLE),
        goals=within(10, *visible.PEOPLE),
        unit="ms",
    ),
)
