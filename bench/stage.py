"""The stage: the servers that run for the whole suite, and how many connections load them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.ours import Ours
from bench.target import Target


@dataclass(frozen=True, eq=False)
class Stage:
    """Ours first (SQLite before PostgreSQL), then the peers.

    ``scratch`` holds their files; what a row starts besides is entered on ``ending``.
    """

    ours: list[Ours]
    peers: list[Target]
    connections: int
    scratch: Path
    ending: ExitStack
