"""Server processes: start, wait until ready, read what they cost, stop.

Costs come from ``/proc`` and are of the process with all its living and waited-for descendants.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import httpx

READY_WITHIN = 60.0  # seconds
STOP_WITHIN = 10.0
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class NotReady(Exception):
    """A server ended or did not answer in time; carries the end of its log."""


class Process:
    """One server in a process group of its own, its output in a log file."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.log = log
        with log.open("wb") as output:
            self._child = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    def wait_until_ready(self, url: str) -> None:
        """Wait until ``url`` answers 200; raise `NotReady` when the process ends or is too slow."""
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline and self._child.poll() is None:
            try:
                if httpx.get(url, timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise NotReady(f"{url} does not answer 200:\n{self.log.read_text()[-2000:]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        """End the process group; kill it when it does not end in time."""
        if self._child.poll() is not None:
            return
        os.killpg(self.pid, signal.SIGTERM)
        try:
            self._child.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._child.wait()


def processor_seconds(pids: Sequence[int]) -> float:
    """Processor time used so far by ``pids`` and their descendants, in seconds."""
    return sum(sum(map(int, _stat(pid)[11:15])) for pid in _with_descendants(pids)) / TICKS


def resident_bytes(pids: Sequence[int]) -> int:
    """Resident memory of ``pids`` and their descendants, in bytes."""
    return sum(int(_stat(pid)[21]) for pid in _with_descendants(pids)) * PAGE


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/<pid>/stat`` from the third on (state, parent, …)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _with_descendants(pids: Sequence[int]) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
            except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
                continue
    found = [pid for pid in pids if pid in parents]
    for pid in found:  # grows while it is read, so that children's children are seen
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found
