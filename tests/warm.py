"""The installed command without the seconds it takes to import: forks of a process that has.

What runs is `scopewright.cli.main: run` in a process of its own, with its own arguments,
environment, folder and output, as the script of that name runs it. `tests/environment` and the
tests of `serve` start the script itself.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO

STARTS = Lock()


@dataclass
class Forked:
    """As much of a `subprocess.Popen` as a test asks for."""

    pid: int
    args: Sequence[str]
    report: IO[bytes]
    returncode: int | None = None

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and self._told(timeout):
            self.returncode = int(self.report.readline())
            self.report.close()
        return self.returncode

    def _told(self, timeout: float | None) -> bool:
        poll = select.poll()
        poll.register(self.report, select.POLLIN)
        return bool(poll.poll(None if timeout is None else timeout * 1000))


def start(
    arguments: Sequence[str], *, folder: Path, environment: dict[str, str], output: IO[bytes]
) -> Forked:
    """`scopewright ARGUMENTS…`, in a session of its own; what it says is written to `output`."""
    return _forked(arguments, folder, environment, (output, output))


def _forked(
    arguments: Sequence[str],
    folder: Path,
    environment: dict[str, str],
    streams: tuple[IO[bytes], IO[bytes]],
) -> Forked:
    wish = {"arguments": list(arguments), "folder": str(folder), "environment": environment}
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as end, STARTS:
        files = [streams[0].fileno(), streams[1].fileno(), end.fileno()]
        socket.send_fds(_warmed(), [json.dumps(wish).encode()], files)
    report = os.fdopen(reading, "rb", buffering=0)
    pid = report.readline()
    if not pid:
        raise RuntimeError("the process that forks has ended; its errors say why")
    return Forked(int(pid), arguments, report)


def run(
    arguments: Sequence[str], *, folder: Path, environment: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run`: the command has ended, or is killed for it took too long."""
    with TemporaryFile() as output, TemporaryFile() as errors:
        forked = _forked(arguments, folder, environment, (output, errors))
        try:
            code = forked.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(forked.pid, signal.SIGKILL)
            raise
        said = [_all_of(output), _all_of(errors)]
    return subprocess.CompletedProcess(["scopewright", *arguments], code, *said)


def _all_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@cache
def _warmed() -> socket.socket:
    """Where to ask for forks. The process ends when this one does."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        subprocess.Popen(
            [sys.executable, __file__, str(its.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[its.fileno()],
            start_new_session=True,
        )
    return ours


# --- in that process ----------------------------------------------------------------------------


def _import_all() -> None:
    """Everything that a command or a server would import, and what it makes once of the routes."""
    from typing import cast  # noqa: PLC0415

    import httptools  # noqa: F401, PLC0415
    import uvicorn.lifespan.on  # noqa: PLC0415
    import uvicorn.loops.uvloop  # noqa: F401, PLC0415

    from scopewright.api import assembly  # noqa: PLC0415
    from scopewright.api.entrance import Entrance  # noqa: PLC0415
    from scopewright.cli import api, login, main, protocol  # noqa: F401, PLC0415
    from scopewright.store import migrating  # noqa: F401, PLC0415

    assembly.build(cast(Entrance, None))
    gc.collect()
    gc.freeze()


def _serve_forks(wishes: socket.socket) -> bool:
    """Fork for each wish; true in the fork, which is to be the command."""
    while True:
        said, files, *_ = socket.recv_fds(wishes, 1 << 20, 3)
        if not said:
            return False
        if os.fork() == 0:
            wishes.close()
            return _keep(json.loads(said), *files)
        for file in files:
            os.close(file)


def _keep(wish: dict[str, object], output: int, errors: int, report: int) -> bool:
    """Fork once more and tell how that ends: nobody but its parent learns it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(report)
        _become(wish, output, errors)
        return True
    os.close(output)
    os.close(errors)
    os.write(report, b"%d\n" % child)
    _, status = os.waitpid(child, 0)
    os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(wish: dict[str, object], output: int, errors: int) -> None:
    os.setsid()
    os.chdir(str(wish["folder"]))
    for given, standard in ((output, 1), (errors, 2)):
        os.dup2(given, standard)
    for given in {output, errors} - {1, 2}:
        os.close(given)
    os.environ.clear()
    os.environ.update(wish["environment"])  # type: ignore[arg-type, call-overload]
    time.tzset()
    sys.argv = ["scopewright", *wish["arguments"]]  # type: ignore[misc]


def _main() -> None:
    wishes = socket.socket(fileno=int(sys.argv[1]))
    _import_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if _serve_forks(wishes):
        from scopewright.cli.main import run as run_command  # noqa: PLC0415

        sys.exit(run_command())  # type: ignore[func-returns-value]


if __name__ == "__main__":
    sys.path.pop(0)  # this folder, where a script's neighbours would hide modules
    _main()
