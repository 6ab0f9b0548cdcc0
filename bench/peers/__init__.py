"""The peers: other authorization servers, installed at pinned versions and started beside ours.

node oidc-provider keeps everything in memory; Authlib on Flask keeps tokens in SQLite. Each is one
process, as ours is, with the client ``bench`` and ES256 keys of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bench.processes import Process
from bench.target import Target
from tests.ports import free_port

HERE = Path(__file__).parent
CLIENT_ID = "bench"
CLIENT_SECRET = "only-ever-on-loopback-0123456789"


def oidc_provider(scratch: Path) -> AbstractContextManager[Target]:
    """node oidc-provider, installed beside its ``package.json`` by ``npm ci``."""
    folder = HERE / "oidc-provider"
    lock = folder / "package-lock.json"
    _once(
        folder / "node_modules" / ".installed",
        wanted=lock.read_text(),
        install=lambda: _run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder),
    )
    version = json.loads(lock.read_text())["packages"]["node_modules/oidc-provider"]["version"]
    return _running(
        f"oidc-provider {version}",
        ["node", str(folder / "server.mjs")],
        log=scratch / "oidc-provider.log",
        introspected={"resource": "urn:bench:opaque"},
    )


def authlib(scratch: Path) -> AbstractContextManager[Target]:
    """Authlib on Flask, installed into a virtual environment of its own."""
    listed = HERE / "authlib" / "requirements.txt"
    requirements = listed.read_text()
    environment = HERE / "authlib" / ".venv"
    python = environment / "bin" / "python"

    def install() -> None:
        shutil.rmtree(environment, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(environment)])
        _run([str(python), "-m", "pip", "install", "-q", "-r", str(listed)])

    _once(environment / ".installed", wanted=requirements, install=install)
    version = next(
        line.partition("==")[2] for line in requirements.splitlines() if line.startswith("Authlib")
    )
    return _running(
        f"Authlib {version}",
        [str(python), str(HERE / "authlib" / "server.py")],
        str(scratch / "authlib.db"),
        log=scratch / "authlib.log",
    )


PEERS = (oidc_provider, authlib)


@contextmanager
def _running(
    name: str,
    command: list[str],
    *arguments: str,
    log: Path,
    introspected: dict[str, str] | None = None,
) -> Iterator[Target]:
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    environment = {"BENCH_CLIENT_SECRET": CLIENT_SECRET}
    with Process([*command, str(port), *arguments], log=log, env=environment) as process:
        target = Target(name, [process.pid], issuer, CLIENT_ID, CLIENT_SECRET, introspected or {})
        process.wait_until_ready(target.metadata_url)
        yield target


def _once(marker: Path, *, wanted: str, install: Callable[[], None]) -> None:
    """Install unless ``marker`` says that just this was installed."""
    if marker.exists() and marker.read_text() == wanted:
        return
    print(f"installing {marker.parent.parent.name}/{marker.parent.name}", flush=True)
    install()
    marker.write_text(wanted)


def _run(command: list[str], cwd: Path | None = None) -> None:
    subprocess.run(command, check=True, cwd=cwd, timeout=300, stdout=subprocess.DEVNULL)
