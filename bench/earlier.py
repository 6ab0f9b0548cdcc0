"""An earlier commit of Scopewright beside this one, measured in the same run.

What is added must cost nothing to who does not use it: each row keeps `KEEPS` of what it was.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench import guard, guard_rounds
from bench.figures import Bound, Contestant, Figure
from bench.load import Request
from bench.ours import Ours, running, whoami_request
from bench.rows import ROWS, Row, ours_alone, refreshes
from bench.stage import Stage
from bench.target import (
    Target,
    discovery_request,
    introspection_request,
    jwks_request,
    token_request,
)
from bench.tools import MissingTool
from tests.servers import COMMAND

KEEPS = 0.9
ROUNDS = 7
HERE, EARLIER = "scopewright here", "scopewright earlier"
PROJECT = Path(__file__).parent.parent


def provide(commit: str, cache: Path) -> Path:
    """The installed command of a commit; made at the first time.

    Raises:
        MissingTool: there is no such commit, or it cannot be installed.
    """
    try:
        name = _run("git", "rev-parse", "--verify", f"{commit}^{{commit}}", cwd=PROJECT).strip()
        folder = cache / f"earlier-{name}"
        if not folder.exists():
            folder.mkdir(parents=True)
            archive = cache / f"{name}.tar"
            _run("git", "archive", "--output", str(archive), name, cwd=PROJECT)
            _run("tar", "--extract", "--file", str(archive), cwd=folder)
            archive.unlink()
        _run("scripts/install", "server", cwd=folder)
    except subprocess.CalledProcessError as error:
        raise MissingTool(f"the commit {commit}: {error.stderr.strip()}") from None
    return folder / ".venv/bin/scopewright"


def _run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout


def set_up(stack: ExitStack, scratch: Path, program: Path) -> list[Ours]:
    """This commit and the earlier one, each on an SQLite database of its own."""
    return [
        stack.enter_context(
            running(
                name.removeprefix("scopewright "),
                url=f"sqlite:///{scratch / name.replace(' ', '-')}.db",
                folder=scratch / name.replace(" ", "-"),
                program=command,
            )
        )
        for name, command in ((HERE, COMMAND), (EARLIER, program))
    ]


def rows(program: Path) -> list[Row]:
    """The rows that both commits have, each bound to the earlier one's figure."""
    python = program.with_name("python")
    contestants: dict[str, Callable[[Stage], Mapping[str, Contestant]]] = {
        "token": _both(token_request),
        "introspection": _both(introspection_request),
        "jwks": _both(jwks_request),
        "discovery": _both(discovery_request),
        "refresh": refreshes,
        "api-key": partial(ours_alone, whoami_request),
        "guard-first": partial(_guards, "first", python),
        "guard-again": partial(_guards, "again", python),
    }
    floor = Bound(KEEPS, of=EARLIER, contestant=HERE)
    return [
        replace(row, contestants=contestants[row.name], floors=(floor,), goals=())
        for row in ROWS
        if row.name in contestants
    ]


def _both(prepare: Callable[[Target], Request]) -> Callable[[Stage], Mapping[str, Contestant]]:
    return partial(ours_alone, lambda ours: prepare(ours.target))


def _guards(kind: str, earlier: Path, stage: Stage) -> dict[str, Contestant]:
    """Both commits' guards over the same tokens, each in a process of its own."""
    ours = stage.ours[0]
    given = {
        "issuer": ours.target.issuer,
        "audience": ours.workspace_id,
        "tokens": guard.tokens_of(ours),
    }
    pythons = {HERE: COMMAND.with_name("python"), EARLIER: earlier}
    return {
        name: partial(_guard_round, python, kind, json.dumps(given))
        for name, python in pythons.items()
    }


def _guard_round(python: Path, kind: str, given: str, seconds: int) -> Figure:
    command = [str(python), str(Path(guard_rounds.__file__)), kind, str(seconds)]
    done = subprocess.run(command, input=given, check=True, capture_output=True, text=True)
    return Figure(float(done.stdout))
