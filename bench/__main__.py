"""``python -m bench``: measure the rows, print the report, fail when a floor is missed."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

import httpx

from bench import earlier, limits, load, ours, peers
from bench.figures import Contestant, Figure, Series
from bench.load import LoadFailed
from bench.processes import NotReady
from bench.report import Result, report
from bench.rows import ROWS, Row
from bench.stage import Stage
from bench.target import WrongAnswer
from bench.tools import MissingTool, provide
from tests.postgres import running_cluster
from tests.visitors import NoCode

CACHE = Path(__file__).parent.parent / ".cache" / "bench"
WARM_UP = 1  # seconds, not counted


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; 0 when every floor is reached, 1 when one is missed or cannot be judged."""
    options = _parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped
    try:
        provide()
        with ExitStack() as stack:
            rows, stage = _beside(stack, options) if options.against else _alone(stack, options)
            chosen = [row for row in rows if row.name in options.rows]
            results = [_measure(row, stage, options) for row in chosen]
            conditions = _conditions(stage, options)
    except (MissingTool, NotReady, WrongAnswer) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    text = report(results, conditions=conditions)
    print(text)
    if options.output:
        options.output.write_text(text)
    unjudged = (options.database == "both" or options.against) and any(
        result.floors(None) for result in results
    )
    return 1 if unjudged or any(result.missed for result in results) else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument("rows", nargs="*", metavar="row", help=f"of: {', '.join(names)}")
    parser.add_argument(
        "--against", metavar="COMMIT", help="beside that commit of Scopewright instead of the peers"
    )
    parser.add_argument("--rounds", type=int, help="5; 7 beside a commit")
    parser.add_argument("--seconds", type=int, default=3, help="of a round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument(
        "--database", choices=["sqlite", "postgresql", "both", "none"], default="both"
    )
    parser.add_argument("--quick", action="store_true", help="two rounds of a second each")
    parser.add_argument("--output", type=Path, help="write the report here too")
    options = parser.parse_args(arguments)
    if unknown := set(options.rows) - set(names):
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    # In the table's order: what is measured idle comes before any load.
    options.rows = [name for name in names if not options.rows or name in options.rows]
    options.rounds = options.rounds or (earlier.ROUNDS if options.against else 5)
    if options.quick:
        options.rounds, options.seconds = 2, 1
    return options


def _beside(stack: ExitStack, options: argparse.Namespace) -> tuple[Sequence[Row], Stage]:
    """This commit and an earlier one, which the peers would only make wait."""
    scratch = _scratch(stack)
    program = earlier.provide(options.against, CACHE)
    stage = Stage(
        ours=earlier.set_up(stack, scratch, program),
        peers=[],
        connections=options.connections,
        scratch=scratch,
        ending=stack,
    )
    return earlier.rows(program), stage


def _scratch(stack: ExitStack) -> Path:
    """A folder on the project's disk, where SQLite's files lie; the exit stack removes it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="run-", dir=CACHE)))


def _alone(stack: ExitStack, options: argparse.Namespace) -> tuple[Sequence[Row], Stage]:
    """Ours on each database, and the peers; the exit stack ends them."""
    scratch = _scratch(stack)
    started = []
    if options.database in {"sqlite", "both"}:
        url = f"sqlite:///{scratch / 'scopewright.db'}"
        context = ours.running("SQLite", url=url, folder=scratch / "sqlite", database_pids=[])
        started.append(stack.enter_context(context))
    if options.database in {"postgresql", "both"}:
        cluster = stack.enter_context(running_cluster())
        assert cluster.process is not None
        context = ours.running(
            "PostgreSQL",
            url=cluster.create_database(),
            folder=scratch / "postgresql",
            database_pids=[cluster.process.pid],
        )
        started.append(stack.enter_context(context))
    targets = [stack.enter_context(peer(scratch)) for peer in peers.PEERS]
    stage = Stage(
        ours=started,
        peers=targets,
        connections=options.connections,
        scratch=scratch,
        ending=stack,
    )
    return ROWS, stage


def _measure(row: Row, stage: Stage, options: argparse.Namespace) -> Result:
    """Interleaved rounds of every contestant, each round beginning with another."""
    print(f"measuring {row.name}", file=sys.stderr, flush=True)
    try:
        contestants = row.contestants(stage)
        if row.once:
            figures = _rounds(contestants, rounds=1, seconds=options.seconds)
        else:
            _rounds(contestants, rounds=1, seconds=WARM_UP)
            figures = _rounds(contestants, rounds=options.rounds, seconds=options.seconds)
    except (LoadFailed, WrongAnswer, NoCode, httpx.HTTPError) as error:
        return Result(row, {}, failure=str(error))
    return Result(row, {name: Series(seen) for name, seen in figures.items()})


def _rounds(
    contestants: Mapping[str, Contestant], *, rounds: int, seconds: int
) -> dict[str, list[Figure]]:
    figures: dict[str, list[Figure]] = {name: [] for name in contestants}
    order = deque(contestants)
    for _ in range(rounds):
        for name in order:
            figures[name].append(contestants[name](seconds))
        order.rotate(-1)
    return figures


def _conditions(stage: Stage, options: argparse.Namespace) -> list[str]:
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    rounds = f"{options.rounds} interleaved rounds of {options.seconds} s"
    node = f"node {_said('node', '--version')}"
    versions = [f"Python {platform.python_version()}", node, limits.version(), load.version()]
    if options.database in {"postgresql", "both"}:
        versions.append(_said("psql", "--version"))
    return [
        f"{machine}; load and servers share them, nothing is pinned, one process a server",
        f"medians of {rounds}, {options.connections} connections, after {WARM_UP} s of warm-up",
        f"scopewright {version('scopewright')}; {', '.join(peer.name for peer in stage.peers)}",
        ", ".join(versions),
    ]


def _said(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=10)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
