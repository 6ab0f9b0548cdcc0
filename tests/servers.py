"""Scopewright as people run it: real processes of the installed command, on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

import httpx

from tests import warm
from tests.ports import free_port

COMMAND = Path(sys.executable).with_name("scopewright")
START_SECONDS = 30
STOP_SECONDS = 15


@dataclass
class Installation:
    """One database and one public address, with the commands and servers that use them.

    Letters are written to `folder/letters`, one `.eml` each. Leaving its block ends its servers.
    With `ca_file` they serve https, by a certificate that this authority has issued. Where no
    `program` is named, commands and servers are forks of a process that has imported it already.
    """

    folder: Path
    database_url: str
    environment: dict[str, str] = field(default_factory=dict)
    program: Sequence[str | Path] = ()
    ca_file: Path | None = None
    port: int = field(default_factory=free_port)
    servers: list[Server] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        for server in self.servers:
            server.kill()

    @property
    def url(self) -> str:
        """The public address; the first server listens there."""
        return self._url(self.port)

    def _url(self, port: int) -> str:
        return f"{'http' if self.ca_file is None else 'https'}://127.0.0.1:{port}"

    @property
    def letters(self) -> Path:
        return self.folder / "letters"

    def command(self, *arguments: str, succeed: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `scopewright ARGUMENTS…` to its end; with `succeed`, it must exit with 0."""
        done = self._run(arguments)
        if succeed and done.returncode != 0:
            said = f"{done.stdout}\n{done.stderr}"
            raise AssertionError(f"scopewright {' '.join(arguments)}: {done.returncode}\n{said}")
        return done

    def _run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        if self._can_be_forked():
            return warm.run(
                arguments,
                folder=self.folder,
                environment=self._environment(),
                timeout=START_SECONDS,
            )
        return subprocess.run(
            [*(self.program or (COMMAND,)), *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    def _can_be_forked(self) -> bool:
        """Not if another interpreter is to run, or one that finds other modules."""
        return not self.program and not any(n.startswith("PYTHON") for n in self.environment)

    def init(
        self, *, workspace: str = "Acme", slug: str = "acme", admin: str = "admin@example.com"
    ) -> dict[str, Any]:
        """Make the workspace: `{"workspace_id", "slug", "issuer", "admin_email", "api_key"}`."""
        names = ("--workspace", workspace, "--slug", slug, "--admin", admin)
        answer: dict[str, Any] = json.loads(self.command("init", *names, "--json").stdout)
        return answer

    def found(
        self,
        *,
        workspace: str = "Acme",
        slug: str = "acme",
        admin: str = "admin@example.com",
        catalogues: Sequence[str] = (),
    ) -> dict[str, Any]:
        """What `init` does, but in this process: to start another takes longer than most tests."""
        names = {"name": workspace, "slug": slug, "admin_email": admin, "catalogues": catalogues}
        with ThreadPoolExecutor(1) as thread:  # this one may be in an event loop
            return thread.submit(_founded, self.folder, self._environment(), names).result()

    def serve(self, *, workers: int = 1, under: Sequence[str] = ()) -> Server:
        """A ready server: the first on the public address, later ones on ports of their own.

        `under` is a command that runs it, such as a tracer. One that takes the place of a killed
        server takes its port too.
        """
        port = free_port() if any(server.is_running for server in self.servers) else self.port
        log = self.folder / f"server-{len(self.servers) + 1}.log"
        options = ("--host", "127.0.0.1", "--port", str(port), "--workers", str(workers))
        with log.open("wb") as output:
            process = self._start(["serve", *options], output, under, workers)
        server = Server(process, url=self._url(port), log=log, ca_file=self.ca_file)
        self.servers.append(server)
        server.wait_until_ready()
        return server

    def _start(
        self, arguments: Sequence[str], output: IO[bytes], under: Sequence[str], workers: int
    ) -> subprocess.Popen[bytes] | warm.Forked:
        if self._can_be_forked() and not under and workers == 1:
            environment = self._environment()
            return warm.start(arguments, folder=self.folder, environment=environment, output=output)
        return subprocess.Popen(
            [*under, *(self.program or (COMMAND,)), *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        """The caller's, less the settings it may hold for an installation of its own."""
        own = {name: value for name, value in os.environ.items() if "SCOPEWRIGHT_" not in name}
        return own | {
            "SCOPEWRIGHT_DATABASE__URL": self.database_url,
            "SCOPEWRIGHT_SERVER__PUBLIC_URL": self.url,
            "SCOPEWRIGHT_MAIL__URL": f"file:{self.letters}",
            **self.environment,
        }


def _founded(folder: Path, environment: dict[str, str], names: dict[str, str]) -> dict[str, Any]:
    from scopewright.cli.setup import migrate_database, open_application  # noqa: PLC0415
    from scopewright.settings import load  # noqa: PLC0415 - the whole server, for those who ask

    settings = load(folder=folder, environment=environment, options={}, file=None).settings
    migrate_database(settings)
    with open_application(settings) as application:
        return dict(application.services.founding.initialise(**names))


@dataclass
class Server:
    """A `scopewright serve` with its workers; a process group of its own."""

    process: subprocess.Popen[bytes] | warm.Forked
    url: str
    log: Path
    ca_file: Path | None = None

    def wait_until_ready(self) -> None:
        """Until `/readyz` answers 200; one that ends first or takes too long shows its log."""
        deadline = time.monotonic() + START_SECONDS
        tls = ssl.create_default_context(cafile=self.ca_file)
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                answer = httpx.get(f"{self.url}/readyz", timeout=5, verify=tls)
                if answer.status_code == httpx.codes.OK:
                    return
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"no answer from {self.url}/readyz; {self.log} says:\n{self.said}")

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> int:
        """Ask it to end, as a service manager would; its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.url} did not stop; it says:\n{self.said}") from None

    def kill(self) -> None:
        """End it and its workers at once, without a chance to finish anything."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
